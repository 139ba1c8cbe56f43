"""A measured split: what so many instances of so many cores each really did, all running at the same time.

Models: nothing; the one kind of evidence on throughput. A scaling curve is the special case of one instance.
Assumptions: `value` is the throughput of all instances together, in the workload's unit, larger is better; several
measurements of one split are repeats.
When not to use it: for a count of clients; what is counted here are instances and the cores each may use.
"""

from __future__ import annotations

import math

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown
from cerberus_plan.model.record import Record

LARGEST_COUNT = 1_000_000
SMALLEST_VALUE, LARGEST_VALUE = 1e-300, 1e300
#: Systems that runs are runs of: one instance is one Linux, several are processes on it.
ONE, SEVERAL = "linux", "processes"


def ran_on(instances: int) -> str:
    """The system that a run of so many instances was a run of."""
    return ONE if instances == 1 else SEVERAL


class Measurement(Record):
    """One run of one split, or the median of several runs with their spread.

    Attributes:
        instances: OS instances or processes that ran at the same time.
        cores_per_instance: Cores, or threads, that each of them used.
        value: Throughput of all of them together, in the workload's unit.
        low: Low end of its 90 % interval; None when unknown.
        high: High end of its 90 % interval; None when unknown.
        host: Where it was measured.
        date: When, as written down (ISO 8601).
    """

    instances: int
    cores_per_instance: int
    value: float
    low: float | None = None
    high: float | None = None
    host: str = ""
    date: str = ""

    def __post_init__(self) -> None:
        for name in ("instances", "cores_per_instance"):
            count = getattr(self, name)
            if type(count) is not int or not 1 <= count <= LARGEST_COUNT:
                raise InputError(f"{name} = {shown(count)} must be a whole number from 1 to {LARGEST_COUNT}")
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if number is None and name != "value":
                continue
            if isinstance(number, bool) or not isinstance(number, int | float) or not _usable(number):
                raise InputError(f"{name} = {shown(number)} must be a finite number above 0 (below {LARGEST_VALUE:g})")
        if (self.low is None) != (self.high is None):
            raise InputError("give both low and high of a measurement, or none of them")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise InputError(f"low {self.low:g}, value {self.value:g}, high {self.high:g} must be in this order")

    @property
    def cores(self) -> int:
        """Cores of all instances together."""
        return self.instances * self.cores_per_instance


def _usable(number: float) -> bool:
    return math.isfinite(number) and SMALLEST_VALUE <= number <= LARGEST_VALUE
