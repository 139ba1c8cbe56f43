"""How sure a simulated throughput is: warm-up, batch means, and an interval that admits correlation.

Equations: warm-up by the marginal standard error rule (drop the d batches that minimise the standard error of the
rest); then neighbouring batches are merged until their lag-1 correlation is within chance, and the interval is
mean +- t s / sqrt(batches). What correlation r is left then widens the variance by (1 + r) / (1 - r).
Assumptions: the run is many times longer than the slowest change of the system; what never happened in the run
(a lock that collapses once an hour) cannot be in the interval.
When not to use it: for finite jobs; replicate those.
Source: White, Simulation 69 (1997); Law and Carson, Operations Research 27 (1979).
"""

from __future__ import annotations

import math

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.student import student_t

FEWEST_GROUPS = 16
# Beyond this the run is too short for any interval; it bounds the widening at a factor 4.4.
_MOST_CORRELATION = 0.9


def warm_up(batches: Array) -> int:
    """How many of the first batches to drop: at most half."""
    count = batches.size
    tails = np.arange(count, 0, -1.0)
    sums = np.cumsum(batches[::-1])[::-1]
    squares = np.cumsum((batches**2)[::-1])[::-1]
    spread = np.maximum(squares - sums**2 / tails, 0.0) / tails**2
    return int(np.argmin(spread[: max(count // 2, 1)]))


def half_width(batches: Array) -> float:
    """Half of the 99 % interval of the mean of correlated batches of equal weight."""
    groups = batches
    while groups.size >= 2 * FEWEST_GROUPS and _correlation(groups) > 1.0 / math.sqrt(groups.size):
        even = groups.size // 2 * 2
        groups = groups[-even:].reshape(-1, 2).mean(axis=1)
    variance = float(groups.var(ddof=1)) / groups.size
    left = min(max(_unbiased(_correlation(groups), groups.size), 0.0), _MOST_CORRELATION)
    return student_t(0.99, groups.size - 1) * math.sqrt(variance * (1.0 + left) / (1.0 - left))


def _correlation(batches: Array) -> float:
    """Correlation of neighbours; 0 when nothing varies."""
    apart = batches - batches.mean()
    total = float(apart @ apart)
    return float(apart[1:] @ apart[:-1]) / total if total > 0.0 else 0.0


def _unbiased(correlation: float, count: int) -> float:
    """Short series look less correlated than they are, by (1 + 4 r) / n (Kendall 1954)."""
    return (correlation * count + 1.0) / (count - 4.0)
