"""Intervals that hold beyond the measured range: raw quantiles of the forecast, calibrated by how far they reach.

    low, high = middle -+ times reach,   reach = sqrt(((q95 - q05) / 2)^2 + smallest^2) + surprise sqrt(1 - f^-2)
    f = max(n / largest measured n, 1),  smallest = 0.1 for a count that was run, else 0.2

on the logarithm of throughput. The surprise is what the next doubling may do that no point announced: it is over once
f passes two or so, as the first counts of a curve are over (`drift`), and farther away only the forecast's own doubt
grows. It is added, so that rough points make a wide interval where the surprise is large as well. `times` is the
quantile of how far the truth of families left out fell from the middle, on either side, in units of the reach; the
surprise is the one whose intervals of that coverage lose least (`learn`). So the interval is predictive, not a
parameter's, and has two learned numbers. Both sides count alike: on which side forecasts miss differs from family to
family, so a lopsided interval learned from some is wrong for the next.
The middle is the 36 % point of the forecast: errors are relative, so forecasting too much costs more than too little,
and forecasts of families left out were too high more often than too low.

Assumptions: the user's program is as surprising as the families that were learned from.
When not to use it: as a bound for the worst case; one in ten points lies outside.
Source: Romano, Patterson, Candes (2019), conformalised quantile regression; here symmetric and of one shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVEL = 0.9
TAIL = (1 - LEVEL) / 2
MIDDLE = 0.36
# Logarithm of throughputs at the end of what numbers can say, their inverses included.
LARGEST = 700.0
# Least half width before `times`: with it nine in ten counts between two that were run, left out, are held.
SMALLEST = 0.2
# Of a count that was run: its interval then is that of one more run whose noise is 3 %, usual where no repeat tells.
SMALLEST_RUN = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Quantiles of log throughput at some targets, straight from the forecast."""

    low: Array
    middle: Array
    high: Array
    log_factor: Array  # log(n / largest measured n), 0 within the measured range
    smallest: Array  # least half width, before `times`

    @classmethod
    def of(cls, quantiles: Array, targets: Array, measured: Array) -> Raw:
        """From the rows `LEVELS` of a forecast at the targets, of a curve with these measured counts, ascending."""
        low, middle, high = quantiles
        return cls(
            low=low,
            middle=middle,
            high=high,
            log_factor=np.log(np.maximum(targets / measured[-1], 1.0)),
            smallest=np.where(np.isin(targets, measured), SMALLEST_RUN, SMALLEST),
        )

    @property
    def half(self) -> Array:
        """Half the distance between the forecast's own ends."""
        return np.asarray((self.high - self.low) / 2)


LEVELS = [TAIL, MIDDLE, 1 - TAIL]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """How far the truth may be from the middle, as learned."""

    surprise: float  # log units that the first doublings beyond the measured range may bring
    times: float  # of the reach

    def interval(self, raw: Raw) -> tuple[Array, Array, Array]:
        """Low end, middle and high end of throughput."""
        half = self.times * reach(raw.half, raw.log_factor, self.surprise, raw.smallest)
        return rate(raw.middle - half), rate(raw.middle), rate(raw.middle + half)


def reach(half: Array, log_factor: Array, surprise: float, smallest: Array | float = SMALLEST) -> Array:
    """Raw distance to either end."""
    return np.asarray(np.sqrt(half**2 + smallest**2) + surprise * np.sqrt(-np.expm1(-2 * log_factor)))


def rate(log_value: Array) -> Array:
    """A throughput from its logarithm; where doubt goes beyond all numbers it ends at the last ones."""
    return np.asarray(np.exp(np.clip(log_value, -LARGEST, LARGEST)))
