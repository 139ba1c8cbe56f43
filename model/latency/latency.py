"""A response time as an answer: mean, percentiles, how they are known, and what they hold for.

Models: the time from a request's arrival until its unit of work is done, waiting included.
When not to use it: for the distance between cores, which is the latency of ``calibration.host``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cerberus_plan.model.record import Record

if TYPE_CHECKING:
    from cerberus_plan.model.latency.response import ResponseTime

EXACT, FORMULA, SIMULATED, MEASURED = "exact", "formula", "simulated", "measured"
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Latency(Record):
    """Mean and percentiles of the response time [s]; None where unknown.

    Attributes:
        mean: Mean; infinite where the queue grows for ever, and the percentiles then too.
        p50: Median.
        p95: 95th percentile.
        p99: 99th percentile.
        how: How the percentiles are known: "exact", "formula", "simulated" or "measured"; the mean is at least as well
            known.
        validity: What they hold for, in a sentence; empty where nothing is to be said.
        low: The same four with the speed at the good end of its 90 % interval, None where unknown.
        high: The same at the bad end.
    """

    mean: float | None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    how: str = FORMULA
    validity: str = ""
    low: tuple[float | None, ...] | None = None
    high: tuple[float | None, ...] | None = None

    @property
    def stable(self) -> bool:
        """False when more arrives than is ever done."""
        return self.mean is not None and math.isfinite(self.mean)

    @property
    def values(self) -> tuple[float | None, ...]:
        """Mean and percentiles in order."""
        return self.mean, self.p50, self.p95, self.p99

    @property
    def finite(self) -> Latency:
        """The same with None for what is infinite, as JSON has it."""
        ends = {
            name: None if end is None else tuple(map(_finite, end))
            for name, end in (("low", self.low), ("high", self.high))
        }
        mean, p50, p95, p99 = map(_finite, self.values)
        return Latency(mean=mean, p50=p50, p95=p95, p99=p99, how=self.how, validity=self.validity, **ends)

    def to_json(self) -> dict[str, Any]:
        """The latency as the command line contract has it: null where unknown or without bound."""
        found = self.finite
        return {
            **dict(zip(("mean", *PERCENTILES), found.values, strict=True)),
            "how": self.how,
            "validity": self.validity,
            "low": None if found.low is None else list(found.low),
            "high": None if found.high is None else list(found.high),
        }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def latency_of(found: ResponseTime, *, how: str, validity: str, mean: float | None = None) -> Latency:
    """A distribution as an answer; ``mean`` where it is better known than the distribution's."""
    p50, p95, p99 = (found.quantile(share) for share in PERCENTILES.values())
    return Latency(mean=found.mean if mean is None else mean, p50=p50, p95=p95, p99=p99, how=how, validity=validity)


def never(how: str, validity: str) -> Latency:
    """No response time: the queue grows for ever."""
    return Latency(mean=math.inf, p50=math.inf, p95=math.inf, p99=math.inf, how=how, validity=validity)
