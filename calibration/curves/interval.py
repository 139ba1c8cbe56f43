"""Intervals that hold beyond the measured range: raw quantiles of the forecast, calibrated by how far they reach.

    low, high = middle -+ times(f) reach,   reach = sqrt(((q95 - q05) / 2)^2 + (FLOOR log f)^2 + smallest^2)
    f = n / largest measured n,             smallest = 0.05 beyond the measured range, 0.01 within

on the logarithm of throughput. The floor says what every extrapolation risks however smooth the points are; the
smallest reach, that a count nobody ran differs by the noise of a run at least, whatever the points say of theirs. The
multiplier times(f) is a quantile of how far the truth of families left out fell from the middle, on either side
(`learn`), so the interval is predictive, not a parameter's. Both sides count alike: on which side forecasts miss
differs from family to family, so a lopsided interval learned from some is wrong for the next.
The middle is the 36 % point of the forecast: errors are relative, so forecasting too much costs more than too little,
and forecasts of families left out were too high more often than too low.

Assumptions: the user's program is as surprising as the families that were learned from.
When not to use it: as a bound for the worst case; one in ten points lies outside.
Source: Romano, Patterson, Candes (2019), conformalised quantile regression; here symmetric and by factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.9
TAIL = (1 - LEVEL) / 2
MIDDLE = 0.36
# Log units per log of the factor; the mean of what served best below and above on families left out.
FLOOR = 0.3
# Logarithm of throughputs at the end of what numbers can say, their inverses included.
LARGEST = 700.0
# Half the 90 % interval of one run whose noise is 3 %, as is usual where no repeat tells; and where runs tell.
SMALLEST_BEYOND, SMALLEST_WITHIN = 0.05, 0.01


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
    def reach(self) -> Array:
        """Raw distance to either end, with its floor."""
        half = (self.high - self.low) / 2
        smallest = np.where(self.log_factor > 0, SMALLEST_BEYOND, SMALLEST_WITHIN)
        return np.asarray(np.sqrt(half**2 + (FLOOR * self.log_factor) ** 2 + smallest**2))


LEVELS = [TAIL, MIDDLE, 1 - TAIL]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """Multipliers of the raw distances by extrapolation factor, as learned."""

    factor: Array  # n / largest measured n, ascending, starting at 1
    times: Array

    def interval(self, raw: Raw) -> tuple[Array, Array, Array]:
        """Low end, middle and high end of throughput; multipliers are interpolated in the log of the factor."""
        half = np.interp(raw.log_factor, np.log(self.factor), self.times) * raw.reach
        return rate(raw.middle - half), rate(raw.middle), rate(raw.middle + half)


def rate(log_value: Array) -> Array:
    """A throughput from its logarithm; where doubt goes beyond all numbers it ends at the last ones."""
    return np.asarray(np.exp(np.clip(log_value, -LARGEST, LARGEST)))
