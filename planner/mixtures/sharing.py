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

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.planner.mixtures.knapsack import Table, Whole

_STEPS = 60


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
    for _ in range(_STEPS):
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
    needs = [_fewest(table, level * target) for table, target in zip(tables, targets, strict=True)]
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


def _fewest(table: Table, wanted: float) -> Array:
    """Fewest cores that reach a throughput with at most 0, 1, ... instances; infinite where nothing does."""
    cores = np.array([np.searchsorted(row, wanted * (1.0 - 1e-12)) for row in table.best], dtype=np.float64)
    cores[cores >= table.best.shape[1]] = np.inf
    return cores


def _add(total: Array, need: Array, rows: int) -> tuple[Array, Whole]:
    """The (min, +) convolution over instances, cut to ``rows``, and how many go to the workload added."""
    best = np.full(rows, np.inf)
    pick = np.zeros(rows, dtype=np.int64)
    for m in range(min(need.size, rows)):
        shifted = np.full(rows, np.inf)
        before = total[: rows - m]
        shifted[m : m + before.size] = before + need[m]
        better = shifted < best
        best[better], pick[better] = shifted[better], m
    return best, pick


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
