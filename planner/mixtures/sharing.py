"""Divides cores and instances among workloads so that the worst served one is served best.

Rule: maximise min over workloads of F_w(c_w, m_w) / target_w within sums of cores and instances; F from ``knapsack``.
Method: search of the common level, from one entry of the tables to the next. At each level the fewest cores of each
workload for each number of instances are read off its table and added up by a (min, +) convolution over instances:
exact. Where everybody's fewest cores already exceed what there is, or their instances fit, that sum is not needed.
Cores left over go where they gain most.
When not to use it: for a weighted sum of throughputs; a workload could then get nothing.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.planner.mixtures.knapsack import Table, Whole

# Levels this close are one: the exact evaluation of what is found does not tell them apart either.
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Budget:
    """What there is to share.

    Attributes:
        cores: Cores.
        instances: Instances, None for no bound.
        cards: Instances of the first ``needing`` workloads together, which need a device each; None for no bound.
        needing: How many workloads, from the first, need one.
    """

    cores: int
    instances: int | None = None
    cards: int | None = None
    needing: int = 0

    def rows(self, workload: int, most: int) -> int:
        """Rows of the convolution once this workload is added: most instances so far, and none."""
        bounds = [self.instances]
        if workload < self.needing:
            bounds.append(self.cards)
        return min((bound + 1 for bound in bounds if bound is not None), default=most)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a level takes.

    Attributes:
        cores: Fewest cores that reach it; of a level out of reach, a number that no fewer than these would do.
        picks: Cores and instances of each workload, None out of reach.
        level: The level that the picks reach; out of reach, the next lower one that any entry of the tables has.
    """

    cores: float
    picks: list[tuple[int, int]] | None
    level: float


def share(tables: Sequence[Table], targets: Sequence[float], budget: Budget) -> tuple[tuple[int, ...], ...] | None:
    """Split of each workload; None when not every workload can have an instance."""
    low = _at(tables, targets, budget, level=1e-12)
    if low.picks is None:
        return None
    # Nobody does better than with everything, and that is the answer for one workload.
    level = high = min(float(t.best.max()) / target for t, target in zip(tables, targets, strict=True))
    cores_at_high, tries = math.inf, 0
    while high - low.level > _CLOSE * high:
        found = _at(tables, targets, budget, level=level)
        if found.picks is None:
            high, cores_at_high = found.level, found.cores
        else:
            low = found
        # Cores grow with the level, nearly in proportion where both are close.
        tries += 1
        part = (budget.cores + 0.5 - low.cores) / (cores_at_high - low.cores) if tries % 3 else 0.5
        level = low.level + (high - low.level) * min(max(part, 0.02), 0.98)
    assert low.picks is not None
    return tuple(
        table.split(c, m)
        for table, (c, m) in zip(tables, _spend(tables, low.picks, budget.cores, targets), strict=True)
    )


def _at(tables: Sequence[Table], targets: Sequence[float], budget: Budget, *, level: float) -> _Found:
    """Fewest cores, and instances, of each workload at this level."""
    wanted = [level * target * (1.0 - 1e-12) for target in targets]
    # No allocation takes fewer cores than everybody with most instances does, and mostly fewer instances do as well.
    least = [bisect_left(table.rows[-1], want) for table, want in zip(tables, wanted, strict=True)]
    bound = sum(c if c < table.best.shape[1] else math.inf for c, table in zip(least, tables, strict=True))
    if bound > budget.cores:
        before = (table.rows[-1][c - 1] / target for table, c, target in zip(tables, least, targets, strict=True) if c)
        return _Found(bound, None, max(before))
    first = [int(t.best[:, c].searchsorted(want)) for t, c, want in zip(tables, least, wanted, strict=True)]
    if sum(first) <= _any(budget.instances) and sum(first[: budget.needing]) <= _any(budget.cards):
        return _Found(bound, *_reached(tables, targets, list(zip(least, first, strict=True))))
    needs = [_fewest(table, want) for table, want in zip(tables, wanted, strict=True)]
    cores, instances = _least(needs, budget)
    if instances is None:
        return _Found(cores, None, max(map(_before, tables, needs, targets)))
    picks = [(int(need[m]), m) for need, m in zip(needs, instances, strict=True)]
    return _Found(cores, *_reached(tables, targets, picks))


def _reached(
    tables: Sequence[Table], targets: Sequence[float], picks: list[tuple[int, int]]
) -> tuple[list[tuple[int, int]], float]:
    """Cores and instances of each workload, and the level that they reach."""
    return picks, min(table.rows[m][c] / target for table, target, (c, m) in zip(tables, targets, picks, strict=True))


def _fewest(table: Table, wanted: float) -> Array:
    """Fewest cores that reach a throughput with at most 0, 1, ... instances; infinite where nothing does."""
    # Rows rise, so what falls short comes first; an instance more takes no more cores.
    cores, found = table.best.shape[1], []
    last = cores
    for row in table.rows:
        last = bisect_left(row, wanted, 0, last)
        found.append(last if last < cores else math.inf)
    return np.array(found, dtype=np.float64)


def _before(table: Table, need: Array, target: float) -> float:
    """The highest level of one workload that fewer cores than these reach."""
    last = np.minimum(need, table.best.shape[1]).astype(np.int64) - 1
    return float(table.best[np.arange(last.size), last].max()) / target


def _least(needs: Sequence[Array], budget: Budget) -> tuple[float, list[int] | None]:
    """Fewest cores of all workloads, and the instances of each; None where they exceed what there is."""
    most = sum(need.size for need in needs)
    total = np.zeros(1)
    picks = []
    for w, need in enumerate(needs):
        total, pick = _add(total, need, min(budget.rows(w, most), total.size + need.size - 1))
        picks.append(pick)
    if not total.min() <= budget.cores:
        return float(total.min()), None
    left = int(total.argmin())
    found = []
    for pick in reversed(picks):
        m = int(pick[left])
        found.append(m)
        left -= m
    return float(total.min()), found[::-1]


def _any(bound: int | None) -> float:
    return math.inf if bound is None else bound


def _add(total: Array, need: Array, rows: int) -> tuple[Array, Whole]:
    """The (min, +) convolution over instances, cut to ``rows``, and how many go to the workload added."""
    most = max(total.size, rows)
    padded = np.full(most + 1, np.inf)
    padded[: total.size] = total
    sums = padded[_shifted(rows, need.size, most)] + need
    pick = sums.argmin(axis=1)
    return sums[np.arange(rows), pick], pick


@lru_cache(maxsize=256)
def _shifted(rows: int, needs: int, nothing: int) -> Whole:
    """Where row r finds the total of r - m instances, m along the second axis; ``nothing`` where that is negative."""
    at = np.arange(rows)[:, None] - np.arange(needs)
    return np.where(at < 0, nothing, at)


def _spend(
    tables: Sequence[Table], found: Sequence[tuple[int, int]], cores: int, targets: Sequence[float]
) -> list[tuple[int, int]]:
    """Give the cores left over to the workload that gains most from them, relative to its target."""
    left = cores - sum(c for c, _ in found)
    gains = [
        (table.best[m, c + left] - table.best[m, c]) / target
        for table, (c, m), target in zip(tables, found, targets, strict=True)
    ]
    best = int(np.argmax(gains))
    return [(c + left if w == best else c, m) for w, (c, m) in enumerate(found)]
