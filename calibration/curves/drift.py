"""How far the truth may drift away from any law: a Gaussian process on log throughput against u = log n.

    cov(u, v) = wander^2 m + bend^2 B(u, v) + early^2 min(1 - e^-2u, 1 - e^-2v) + sum_b (0.3)^2 (u - b)+ (v - b)+
    B(u, v)   = 2 m + e^-u + e^-v - e^-|u-v| - 1,     m = min(u, v)

`wander` is a Brownian motion: levels drift. `bend` is the integral of a slope that is forgotten within a factor e
of counts: slopes drift. `early` is a Brownian motion that is over after the first few counts: what one core alone
does differently (private caches, no hand-over). The last sum lets the slope change at known boundaries b of the
machine (socket, SMT siblings, L3 group). Measurement noise adds noise^2 on each measured level. The grid of scales is
weighed together with the laws: a curve that follows a law closely earns a narrow forecast, a rough one a wide one.

Assumptions: drift is multiplicative and grows with the ratio of counts, not with their difference.
When not to use it: to describe a sudden collapse; that is the laws' part.
Source: Kennedy and O'Hagan (2001), model discrepancy; Rasmussen and Williams (2006), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Variance of the unknown scale of a curve on the logarithm: e^10 either way, which is flat in effect.
SCALE_VARIANCE = 100.0
# Standard deviation of the change of slope at a boundary that the user names.
BOUNDARY_BEND = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One combination of scales, all on the logarithm of throughput."""

    noise: float  # standard deviation of one measured level
    wander: float  # of the level, per unit of log n
    bend: float  # of the slope
    early: float  # of what the first counts do differently

    def covariance(self, moved: Motions) -> Array:
        """Covariance of scale and drift between the counts of the motions."""
        start, wander, bend = self.early**2 * moved.start, self.wander**2 * moved.level, self.bend**2 * moved.slope
        return np.asarray(SCALE_VARIANCE + wander + bend + start + BOUNDARY_BEND**2 * moved.turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Motions:
    """Covariances at unit scale between two lists of counts, each (n, m): the same for every combination of scales."""

    level: Array
    slope: Array
    start: Array
    turns: Array  # of the slope, at boundaries of the machine

    @classmethod
    def between(cls, n: Array, m: Array, boundaries: Array) -> Motions:
        """Of counts n and m."""
        u, v = np.log(n)[:, None], np.log(m)[None, :]
        level, slope, start = motions(u, v)
        turns = np.zeros(level.shape)
        for boundary in np.log(boundaries):
            turns += np.maximum(0, u - boundary) * np.maximum(0, v - boundary)
        return cls(level=level, slope=slope, start=start, turns=turns)


def motions(u: Array, v: Array) -> tuple[Array, Array, Array]:
    """Covariances at unit scale of a level that wanders, a slope that is forgotten, and what is over early.

    Args:
        u: logarithms of counts, 0 at a count of one; broadcast against `v`.
        v: logarithms of counts.
    """
    low = np.minimum(u, v)
    slope = 2 * low + np.exp(-u) + np.exp(-v) - np.exp(-np.abs(u - v)) - 1
    return low, slope, -np.expm1(-2 * low)  # 1 - e^-2u grows with u, so the smaller u has the smaller one
