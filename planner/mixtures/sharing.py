"""Divides cores and instances among workloads so that the worst served one is served best.

Rule: maximise min over workloads of F_w(c_w, m_w) / target_w within sums of cores and instances; F from ``knapsack``.
Method: bisection on the common level. At each level the fewest cores of each workload for each number of instances
are read off its table and added up by a (min, +) convolution over instances: exact. Cores left over go where they
gain most.
When not to use it: for a weighted sum of throughputs; a workload could then get nothing.
"""

from __future__ import annotations

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


def share(tables: Sequence[Table], targets: Sequence[float], budget: Budget) -> tuple[tuple[int, ...], ...] | None:
    """Split of each workload; None when not every workload can have an instance."""
    low, high = 0.0, max(float(t.best.max()) / target for t, target in zip(tables, targets, strict=True)) * 1.001
    found = _at(tables, targets, budget, level=1e-12)
    if found is None:
        return None
    while high - low > _CLOSE * high:
        middle = (low + high) / 2.0
        candidate = _at(tables, targets, budget, level=middle)
        if candidate is None:
            high = middle
        else:
            low, found = middle, candidate
    return tuple(
        table.split(c, m) for table, (c, m) in zip(tables, _spend(tables, found, budget.cores, targets), strict=True)
    )


def _at(
    tables: Sequence[Table], targets: Sequence[float], budget: Budget, *, level: float
) -> list[tuple[int, int]] | None:
    """Fewest cores, and instances, of each workload at this level; None when they exceed what there is."""
    wanted = [level * target * (1.0 - 1e-12) for target in targets]
    if budget.instances is None and budget.cards is None and not any(table.most for table in tables):
        return _without_bounds(tables, wanted, budget.cores)
    needs = [_fewest(table, each) for table, each in zip(tables, wanted, strict=True)]
    most = sum(need.size for need in needs)
    total = np.zeros(1)
    picks = []
    for w, need in enumerate(needs):
        total, pick = _add(total, need, min(budget.rows(w, most), total.size + need.size - 1))
        picks.append(pick)
    if not total.min() <= budget.cores:
        return None
    left = int(total.argmin())
    found = []
    for need, pick in zip(reversed(needs), reversed(picks), strict=True):
        m = int(pick[left])
        found.append((int(need[m]), m))
        left -= m
    return found[::-1]


def _without_bounds(tables: Sequence[Table], wanted: Sequence[float], cores: int) -> list[tuple[int, int]] | None:
    """The same where any number of instances will do: every workload for itself."""
    fewest = [int(table.best[0].searchsorted(each)) for table, each in zip(tables, wanted, strict=True)]
    short = any(need >= table.best.shape[1] for need, table in zip(fewest, tables, strict=True))
    return None if short or sum(fewest) > cores else [(need, 0) for need in fewest]


def _fewest(table: Table, wanted: float) -> Array:
    """Fewest cores that reach a throughput with at most 0, 1, ... instances; infinite where nothing does."""
    # Rows rise, so what falls short comes first.
    cores = (table.best < wanted).sum(axis=1, dtype=np.float64)
    cores[cores >= table.best.shape[1]] = np.inf
    return cores


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
