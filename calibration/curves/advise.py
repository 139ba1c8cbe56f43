"""Which core count to measure next: the one that narrows the forecast at the horizon most.

Joint draws of the forecast are sorted by what they say at a candidate count and cut into groups; the spread at
the horizon inside the groups, against the spread over all, is the doubt that would stay after measuring there.
Assumptions: a measurement is free of noise against the doubt; candidates reach to twice the largest measured.
When not to use it: to choose several counts at once; measure one, fit again.
Source: expected reduction of variance, Cohn, Ghahramani and Jordan (1996), by draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import Curve

Array = NDArray[np.float64]

GROUPS = 10
# A measurement is wished for only within reach: this multiple of the largest measured count.
REACH = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The next count to measure, and what share of the doubt at the horizon it would take away."""

    n: float
    reduction: float  # of the standard deviation of log throughput at the horizon, 0 to 1


def next_count(curve: Curve, grid: Array, paths: Array) -> Advice:
    """Choose among the unmeasured counts of the grid.

    Args:
        curve: what is measured already.
        grid: counts of the forecast, ascending; the last one is the horizon.
        paths: joint draws of the forecast at the grid, shape (draws, counts).
    """
    reach = (grid <= REACH * curve.n[-1]) & ~np.isin(grid, curve.n) & (grid == np.round(grid))
    candidates = np.flatnonzero(reach)
    if not candidates.size:
        return Advice(n=float(round(REACH * curve.n[-1])), reduction=0.0)
    target = paths[:, -1]
    left = np.array([_spread_within(paths[:, i], target) for i in candidates])
    best = int(left.argmin())
    total = float(target.std()) or 1.0
    return Advice(n=float(grid[candidates[best]]), reduction=float(np.clip(1 - left[best] / total, 0.0, 1.0)))


def _spread_within(seen: Array, target: Array) -> float:
    groups = np.array_split(target[np.argsort(seen, kind="stable")], GROUPS)
    return float(np.sqrt(np.mean([group.var() for group in groups])))
