"""Intervals that hold beyond the measured range: raw quantiles of the forecast, calibrated by how far they reach.

    low  = middle - below(f) sqrt((middle - q05)^2 + (FLOOR_BELOW log f)^2 + SMALLEST^2),   f = n / largest measured n
    high = middle + above(f) sqrt((q95 - middle)^2 + (FLOOR_ABOVE log f)^2 + SMALLEST^2)

on the logarithm of throughput. The floors say what every extrapolation risks however smooth the points are: collapses
come unannounced, sudden gains hardly ever. The multipliers below(f) and above(f) are quantiles of how far the truth of
families left out fell from the middle (`learn`), so the interval is predictive, not a parameter's.
The middle is the 36 % point of the forecast: errors are relative, so forecasting too much costs more than too little,
and forecasts of families left out were too high more often than too low.

Assumptions: the user's program is as surprising as the families that were learned from.
When not to use it: as a bound for the worst case; one in ten points lies outside.
Source: Romano, Patterson, Candes (2019), conformalised quantile regression; here asymmetric and by factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.9
TAIL = (1 - LEVEL) / 2
MIDDLE = 0.36
# Log units per log of the factor; chosen once by the interval score on families left out.
FLOOR_BELOW, FLOOR_ABOVE = 0.5, 0.1
SMALLEST = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Quantiles of log throughput at some targets, straight from the forecast."""

    low: Array
    middle: Array
    high: Array
    log_factor: Array  # log(n / largest measured n), 0 within the measured range

    @classmethod
    def of(cls, quantiles: Array, targets: Array, largest: float) -> Raw:
        """From the rows `LEVELS` of a forecast at the targets."""
        low, middle, high = quantiles
        return cls(low=low, middle=middle, high=high, log_factor=np.log(np.maximum(targets / largest, 1.0)))

    @property
    def reach_below(self) -> Array:
        """Raw distance down to the low end, with its floor."""
        return np.asarray(np.sqrt((self.middle - self.low) ** 2 + (FLOOR_BELOW * self.log_factor) ** 2 + SMALLEST**2))

    @property
    def reach_above(self) -> Array:
        """Raw distance up to the high end, with its floor."""
        return np.asarray(np.sqrt((self.high - self.middle) ** 2 + (FLOOR_ABOVE * self.log_factor) ** 2 + SMALLEST**2))


LEVELS = [TAIL, MIDDLE, 1 - TAIL]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """Multipliers of the raw distances by extrapolation factor, as learned."""

    factor: Array  # n / largest measured n, ascending, starting at 1
    below: Array
    above: Array

    def interval(self, raw: Raw) -> tuple[Array, Array, Array]:
        """Low end, middle and high end of throughput; multipliers are interpolated in the log of the factor."""
        known = np.log(self.factor)
        below = np.interp(raw.log_factor, known, self.below) * raw.reach_below
        above = np.interp(raw.log_factor, known, self.above) * raw.reach_above
        return (
            np.asarray(np.exp(raw.middle - below)),
            np.asarray(np.exp(raw.middle)),
            np.asarray(np.exp(raw.middle + above)),
        )
