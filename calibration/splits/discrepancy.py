"""How far the truth may stray from all mechanisms: a Gaussian process on log throughput over (log M, log K).

    cov = inside^2 S(K, K') + outside^2 (S(M, M') + 0.3 L(N, N')) + early^2 (E(K, K') + E(M, M'))
          + rough^2 exp(-d^2 / (2 0.7^2)),        S = 0.3 L + 0.7 B,   N = M K

L is a level that wanders, B a slope that is forgotten within a factor e of counts, E what only the first counts do
differently (`calibration.curves.drift`); d is the distance in (log M, log K). All of it grows with the distance from
what was measured. Noise adds noise^2 on each measured split. The scales are weighed together with the mechanisms.

Assumptions: relative deviations are alike in size across a set. When not to use it: for counts below one.
Source: Kennedy and O'Hagan (2001), model discrepancy; Rasmussen and Williams (2006), chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.drift import SCALE_VARIANCE, motions

Array = NDArray[np.float64]

LEVEL_SHARE = 0.3  # of the variance along one axis; the slope has the rest
TOTAL_SHARE = 0.3  # of a level that wanders with the total number of cores
REACH = 0.7  # log units over which roughness is remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One combination of scales, all on the logarithm of throughput."""

    noise: float  # standard deviation of one measured split
    inside: float  # along cores per instance
    outside: float  # along instances and total cores
    early: float  # what one core, or one instance, does differently
    rough: float  # single splits: placement, divisibility, alignment

    def covariance(self, a: tuple[Array, Array], b: tuple[Array, Array], *, scale: bool = True) -> Array:
        """Covariance between splits, shape (a, b).

        Args:
            a: instances and cores per instance.
            b: the same of the other splits.
            scale: with the unknown scale of the whole set.
        """
        (m, k), (m2, k2) = ([np.log(count)[:, None] for count in a], [np.log(count)[None, :] for count in b])
        inside, outside, total = motions(k, k2), motions(m, m2), motions(m + k, m2 + k2)
        smooth = self.inside**2 * _axis(inside) + self.outside**2 * (_axis(outside) + TOTAL_SHARE * total[0])
        early = self.early**2 * (inside[2] + outside[2])
        distance = (m - m2) ** 2 + (k - k2) ** 2
        rough = self.rough**2 * np.exp(-0.5 * distance / REACH**2)
        return np.asarray(smooth + early + rough + (SCALE_VARIANCE if scale else 0.0))


def _axis(parts: tuple[Array, Array, Array]) -> Array:
    return LEVEL_SHARE * parts[0] + (1 - LEVEL_SHARE) * parts[1]
