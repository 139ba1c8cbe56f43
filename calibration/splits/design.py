"""Which split to measure next: the one after which the choice is expected to lose least.

Joint draws are compared by what they say at a split: those near to each other there would be believed together if
that value were seen. The choice that is best for a draw's neighbours, itself left out, is what would be run; its
share of the best, averaged over draws, is what knowing that split is worth. Without any measurement a single one says
nothing about ratios, so two or three are chosen at once.
Assumptions: the posterior's doubt is right in size (it is checked on families left out).
When not to use it: to prove a law; what is sought is a good choice.
Source: expected value of sample information, Raiffa and Schlaifer (1961), by kernel regression on draws
(Strong, Oakley and Brennan 2014).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.splits.decide import Outlook, shares
from cerberus_plan.model.distinct import evenly

Array = NDArray[np.float64]

# Draws that are compared with each other.
COMPARED = 300
# Candidates beyond this many are met by the most promising and evenly spread ones only.
MOST_CANDIDATES = 12
# Sets of splits that are weighed against each other at once.
MOST_SETS = 70
# Draws whose values differ by less than a run's noise cannot be told apart.
LEAST_BANDWIDTH = 0.03
_BANDWIDTH = 0.7
# A set of first splits is also worth its own best, without any forecast.
MOST_AT_ONCE = 3


def next_split(outlook: Outlook, *, left: int, anchored: bool = False) -> int | None:
    """The candidate to measure next, None when all are measured.

    Args:
        outlook: joint draws of the candidates.
        left: measurements that can still be made, this one included.
        anchored: something else was measured, so that one value alone tells.
    """
    open_ = np.flatnonzero(~outlook.measured)
    if not open_.size or left < 1:
        return None
    paths = outlook.paths[:: max(len(outlook.paths) // COMPARED, 1)]
    share = shares(paths)
    tried = _worth_trying(open_, share.mean(axis=0))
    if not (anchored or outlook.measured.any()):
        best = _first_set(paths, share, tried, min(left, MOST_AT_ONCE, len(tried)))
        return max(best, key=lambda i: float(share[:, i].mean()))
    if left > 1 and len(tried) > 2 and len(tried) * (len(tried) - 1) // 2 <= MOST_SETS:
        pair = max(combinations(tried, 2), key=lambda s: worth(paths[:, s], share))
        return max(pair, key=lambda i: worth(paths[:, [i]], share))
    return max(tried, key=lambda i: worth(paths[:, [i]], share))


def worth(seen: Array, share: Array) -> float:
    """Expected share of the best after seeing these values.

    Args:
        seen: log throughput at the splits that would be measured, shape (draws, splits).
        share: of the best, shape (draws, candidates).
    """
    draws, axes = seen.shape
    if not axes:
        return float(share.mean(axis=0).max())
    width = np.maximum(_BANDWIDTH * seen.std(axis=0) * draws ** (-1 / (axes + 4)), LEAST_BANDWIDTH)
    scaled = (seen / width).astype(np.float32)  # half the time; neighbours are not told apart more finely anyway
    norms = (scaled**2).sum(axis=1)
    near = np.exp(-0.5 * np.maximum(norms[:, None] + norms[None, :] - 2 * scaled @ scaled.T, 0.0))
    np.fill_diagonal(near, 0.0)
    believed = near @ share.astype(np.float32)
    return float(share[np.arange(draws), believed.argmax(axis=1)].mean())


def _first_set(paths: Array, share: Array, tried: Sequence[int], size: int) -> tuple[int, ...]:
    """Splits to measure when nothing is known: worth together, by the forecast after them and by their own best."""

    def value(chosen: tuple[int, ...]) -> float:
        ratios = paths[:, chosen[1:]] - paths[:, chosen[:1]]
        return worth(ratios, share) + float(share[:, chosen].max(axis=1).mean())

    sets: Iterable[tuple[int, ...]] = combinations(tried, min(size, 2))
    best = max(sets, key=value)
    if size > 2 and len(list(combinations(tried, size))) <= MOST_SETS:
        return max(combinations(tried, size), key=value)
    while len(best) < size:
        best = max(((*best, i) for i in tried if i not in best), key=value)
    return best


def _worth_trying(open_: NDArray[np.int64], promise: Array) -> list[int]:
    """All unmeasured candidates, or the most promising half and evenly spread others."""
    if open_.size <= MOST_CANDIDATES:
        return [int(i) for i in open_]
    promising = open_[np.argsort(-promise[open_], kind="stable")[: MOST_CANDIDATES // 2]]
    spread = open_[evenly(open_.size, MOST_CANDIDATES - promising.size)]
    return sorted({int(i) for i in (*promising, *spread)})
