"""Intervals that hold for splits nobody has run: the forecast's own, calibrated by their distance from the measured.

    low, high = value -+ times(d) sqrt(((q95 - q05) / 2)^2 + SMALLEST^2)        on the logarithm of throughput

d is the distance in (log instances, log cores) to the nearest measured split. The multiplier times(d) is a quantile
of how far the truth of families left out fell from the forecast, on either side (`learn`). A measured split has the
spread of its repeats around their median (more where its rows bring wide ends), and no other split a narrower interval.

Assumptions: the user's program is as surprising as the families that were learned from.
When not to use it: as a bound for the worst case; one in ten splits lies outside.
Source: Romano, Patterson, Candes (2019), conformalised quantile regression; here symmetric and by distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.splits.measured import HALF_WIDTH, Measured, Split
from cerberus_plan.calibration.splits.mechanisms import counts

Array = NDArray[np.float64]

LEVEL = 0.9
TAIL = (1 - LEVEL) / 2
SMALLEST = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """Multipliers of the forecast's own half width by distance from the nearest measured split, as learned."""

    distance: Array  # ascending, starting at 0
    times: Array

    def half(self, low: Array, high: Array, distance: Array) -> Array:
        """Half the width of the interval on the logarithm; multipliers are interpolated in the distance."""
        return np.asarray(np.interp(distance, self.distance, self.times) * raw_half(low, high))


def raw_half(low: Array, high: Array) -> Array:
    """Half the distance between the forecast's own ends, with its floor."""
    return np.asarray(np.sqrt(((high - low) / 2) ** 2 + SMALLEST**2))


def distances(measured: Sequence[Split], splits: Sequence[Split]) -> Array:
    """From each split to the nearest measured one, in (log instances, log cores)."""
    known, asked = (np.log(np.stack(counts(tuple(x)), axis=1)) for x in (measured, splits))
    return np.asarray(np.sqrt(((known[:, None] - asked[None]) ** 2).sum(axis=2)).min(axis=0))


def narrowest(measured: Measured) -> float:
    """Half the width of the interval of a measured split: where one more run of it would fall."""
    return HALF_WIDTH * measured.noise


def of_run(measured: Measured, row: int, half: float) -> float:
    """Half the width of the interval of a split that was run: of one more run, or of what its rows say of themselves.

    Args:
        measured: what was run.
        row: of the split there.
        half: that of the forecast with this run, which is no narrower for what else is known.
    """
    own = 0.0 if measured.own is None else HALF_WIDTH * float(measured.own[row])
    return max(narrowest(measured), min(own, half))
