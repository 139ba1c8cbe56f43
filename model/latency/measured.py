"""A measured response time: what requests to a split took, at a rate that arrived or with so many clients.

Models: nothing; the one kind of evidence on response times, as ``model.measurement`` is of throughput.
Assumptions: the rate is what arrived from outside over all instances, whether or not answers came (an open loop); the
clients are all that asked, each waiting for its answer before the next request (a closed loop). Several measurements of
one split at one load are repeats.
When not to use it: for a rate that was limited inside a closed loop and not kept; and for runs that a generator's own
delays were left out of (coordinated omission) where those delays matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.measurement import LARGEST_COUNT
from cerberus_plan.model.plain import shown
from cerberus_plan.model.record import Record

STATISTICS = ("mean", "p50", "p95", "p99")
SHORTEST, LONGEST = 1e-12, 1e9


class MeasuredLatency(Record):
    """Response times of one run of one split [s].

    Attributes:
        instances: OS instances or processes that ran at the same time.
        cores_per_instance: Cores, or workers, of each of them.
        rate: Requests that arrived, over all instances, in the workload's unit; None for a closed loop.
        concurrency: Clients of all instances together that waited for their answers; None for an open loop.
        mean: Mean response time; None where it was not told, as the percentiles.
        p50: Median.
        p95: 95th percentile.
        p99: 99th percentile.
        host: Where it was measured.
        date: When, as written down (ISO 8601).
    """

    instances: int
    cores_per_instance: int
    rate: float | None = None
    concurrency: int | None = None
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    host: str = ""
    date: str = ""

    def __post_init__(self) -> None:
        for name in ("instances", "cores_per_instance", "concurrency"):
            count = getattr(self, name)
            if count is None and name == "concurrency":
                continue
            if type(count) is not int or not 1 <= count <= LARGEST_COUNT:
                label = f"latency_{name}" if name == "concurrency" else name
                raise InputError(f"{label} = {shown(count)} must be a whole number from 1 to {LARGEST_COUNT}")
        if (self.rate is None) == (self.concurrency is None):
            raise InputError(
                "a measured latency needs the load it was taken at: either latency_rate (requests that arrived, in the "
                "workload's unit) or latency_concurrency (clients that waited for their answers)"
            )
        if self.rate is not None and not 0.0 < self.rate < math.inf:
            raise InputError(f"latency_rate = {shown(self.rate)} must be a finite number above 0")
        if self.concurrency is not None and self.concurrency < self.instances:
            raise InputError(
                f"latency_concurrency = {self.concurrency} must be at least the {self.instances} instances: it "
                "counts the clients of all of them together"
            )
        self._check_times()

    def _check_times(self) -> None:
        if not self.times:
            raise InputError(f"a measured latency needs at least one of latency_{', latency_'.join(STATISTICS)}")
        for name, value in self.times.items():
            if not SHORTEST <= value <= LONGEST:
                raise InputError(f"latency_{name} = {value:g} s must be a time from {SHORTEST:g} s to {LONGEST:g} s")
        ordered = [(name, self.times[name]) for name in STATISTICS[1:] if name in self.times]
        for (lower, low), (upper, high) in pairwise(ordered):
            if low > high:
                raise InputError(
                    f"latency_{lower} = {low:g} s is above latency_{upper} = {high:g} s; percentiles only grow"
                )

    @property
    def split(self) -> tuple[int, int]:
        """Instances and cores of each."""
        return self.instances, self.cores_per_instance

    @property
    def times(self) -> Mapping[str, float]:
        """What was told, by name."""
        found = {name: getattr(self, name) for name in STATISTICS}
        return {name: value for name, value in found.items() if value is not None}
