"""A number that knows where it comes from.

Models: one physical quantity with unit, 90 % interval, provenance and source.
Convention: inside the program every value is SI (seconds, bytes, per second, or a pure number "1");
files may use the units listed in ``UNITS`` and are converted once, on reading.
Uncertainty: the interval is read as the 5th and 95th percentile of a log-normal variable when the value
is positive, which keeps costs positive; a quantity without interval is taken as exact.
When not to use it: inside hot loops. Take ``value`` (or ``sigma``) out first.
"""

from __future__ import annotations

import math
from enum import StrEnum

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.record import Record

# 95th percentile of the standard normal distribution: half-width of a 90 % interval in sigmas.
Z90 = 1.6448536269514722


class Provenance(StrEnum):
    """How a number became known, from best to weakest."""

    MEASURED = "measured"
    PUBLISHED = "published"
    DERIVED = "derived"
    FITTED = "fitted"
    ASSUMED = "assumed"


# unit -> (dimension, factor to SI)
UNITS: dict[str, tuple[str, float]] = {
    "s": ("time", 1.0),
    "ms": ("time", 1e-3),
    "us": ("time", 1e-6),
    "ns": ("time", 1e-9),
    "1": ("number", 1.0),
    "%": ("number", 1e-2),
    "B": ("bytes", 1.0),
    "KiB": ("bytes", 2.0**10),
    "MiB": ("bytes", 2.0**20),
    "GiB": ("bytes", 2.0**30),
    "MB": ("bytes", 1e6),
    "GB": ("bytes", 1e9),
    "1/s": ("rate", 1.0),
    "B/s": ("bandwidth", 1.0),
    "MB/s": ("bandwidth", 1e6),
    "GB/s": ("bandwidth", 1e9),
}
SI_UNIT = {"time": "s", "number": "1", "bytes": "B", "rate": "1/s", "bandwidth": "B/s"}


class Quantity(Record):
    """A value in SI units with its 90 % interval, provenance and source.

    ``errs_with`` names the fitted number ("file.quantity") that this one is off with; empty: it errs alone.

    Raises:
        InputError: The value is not finite, the interval does not hold the value, or the unit is unknown.
    """

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    provenance: Provenance = Provenance.ASSUMED
    source: str = ""
    errs_with: str = ""

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise InputError(f"unknown unit {self.unit!r}; use one of {', '.join(UNITS)}")
        if not math.isfinite(self.value):
            raise InputError(f"value must be a finite number, not {self.value}")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise InputError(f"interval [{self.low}, {self.high}] does not hold the value {self.value} {self.unit}")

    @property
    def dimension(self) -> str:
        """What kind of quantity this is: time, number, bytes, rate or bandwidth."""
        return UNITS[self.unit][0]

    def si(self) -> Quantity:
        """The same quantity in the SI unit of its dimension."""
        dimension, factor = UNITS[self.unit]
        if factor == 1.0:
            return self
        return Quantity(
            value=self.value * factor,
            unit=SI_UNIT[dimension],
            low=None if self.low is None else self.low * factor,
            high=None if self.high is None else self.high * factor,
            provenance=self.provenance,
            source=self.source,
            errs_with=self.errs_with,
        )

    def to_record(self) -> dict[str, float | str | None]:
        """As JSON documents have it: value, unit, interval, provenance and source."""
        return {
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "provenance": str(self.provenance),
            "source": self.source,
        }

    @property
    def sigma(self) -> float:
        """Standard deviation of log(value) implied by the 90 % interval; 0 without an interval."""
        if self.low is None or self.high is None or self.low <= 0.0:
            return 0.0
        return (math.log(self.high) - math.log(self.low)) / (2.0 * Z90)
