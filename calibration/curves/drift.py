"""How far the truth may drift away from any law: a Gaussian process on log throughput against u = log n.

    cov(u, v) = wander^2 m + bend^2 (m^2 M / 2 - m^3 / 6) + sum_b bend_b^2 (u - b)+ (v - b)+,
    m = min(u, v), M = max(u, v)

The first term is a Brownian motion (levels drift), the second an integrated one (slopes drift), the third lets
the slope change at known boundaries b of the machine (socket, SMT, L3 group). Measurement noise adds
noise^2 on each measured level. The grid of scales is weighed together with the laws, so that a curve that
follows a law closely earns a narrow forecast and a rough one a wide one.

Assumptions: drift is multiplicative and grows with the ratio of counts, not with their difference.
When not to use it: to describe a sudden collapse; that is the laws' part.
Source: Kennedy and O'Hagan (2001), model discrepancy; Wahba (1978), the integrated process is a cubic spline.
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
    bend: float  # of the slope, per unit of log n

    def covariance(self, n: Array, m: Array, boundaries: Array) -> Array:
        """Covariance of scale and drift between counts n and m, shape (n, m)."""
        u, v = np.log(n)[:, None], np.log(m)[None, :]
        low, high = np.minimum(u, v), np.maximum(u, v)
        total = SCALE_VARIANCE + self.wander**2 * low + self.bend**2 * (low**2 * high / 2 - low**3 / 6)
        for boundary in np.log(boundaries):
            total = total + BOUNDARY_BEND**2 * np.maximum(0, u - boundary) * np.maximum(0, v - boundary)
        return np.asarray(total)
