"""A candidate's response times where some were measured: predicted ones bend to them, by ``evidence``.

Models: log T = log T(``curve``; mode of a, h, b, u) + expected discrepancy, with a 90 % interval of the posterior. A
statistic that was measured at that rate of that split is the median of its measurements, and its interval is that of
one more run, or the plan's own where that is narrower: so a measurement is inside its interval, and another one never
makes it wider there.
Equation: headroom = the rate at which the curve (its upper end, for the low end of the headroom) first passes the
limit, on a table of rates between which log T is a line in -log(1 - load). The capacity is log-normal: the plan's, or
less where measurements say that times under arrivals are longer (more is not promised for shorter ones); of a split
that clients saturated it is what they had done (``rows``). It is cut off at the largest rate that was carried there and
at the least that was not (``Within``).
Assumptions: those of ``evidence``. A split unlike the measured ones keeps that part of the plan's doubt about speed.
When not to use it: without measured response times; ``served`` is then exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from cerberus_plan.model.digits import counted
from cerberus_plan.model.distinct import distinct
from cerberus_plan.model.latency.latency import FORMULA, MEASURED, PERCENTILES, Latency, never
from cerberus_plan.model.latency.open_network import unstable, validity
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.measurement import ran_on
from cerberus_plan.model.objective import Slo
from cerberus_plan.model.quantity import Z90
from cerberus_plan.planner.objectives.curve import PAUSES_VARY, Bend, Curve, Load, share_of
from cerberus_plan.planner.objectives.discrepancy import Place, split_alike
from cerberus_plan.planner.objectives.evidence import Evidence
from cerberus_plan.planner.objectives.rows import SCATTER, Row
from cerberus_plan.planner.objectives.served import CAPACITY, Served, speeds
from cerberus_plan.planner.plan import Candidate

# Loads of the table.
_LOADS = (1e-3, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.985, 0.995)
# Steps of slopes: log rate beside a single rate, the log variability, and the pause.
_BESIDE, _VARIES, _PAUSES = 0.02, 0.1, 0.1
# Half an interval on the logarithm beyond which nothing is said of its end.
_WITHOUT_BOUND = math.log(100.0)
_STATISTICS = ("mean", *PERCENTILES)
# Share from which a percentile is held not to be less than a request's own compute.
_TAIL = 0.95
_NORMAL = NormalDist()
# Standard deviations beyond which a tail has no numbers left, and is an exponential.
_FARTHEST = 30.0


class Ends(NamedTuple):
    """Low end, middle and high end."""

    low: Any
    middle: Any
    high: Any


class Within(NamedTuple):
    """A normal distribution cut off below ``least`` and above ``most``."""

    middle: float
    deviation: float
    least: float
    most: float

    def quantile(self, share: float) -> float:
        """The value that so large a share lies below."""
        if self.deviation <= 0.0:
            return min(max(self.middle, self.least), self.most)
        low, high = ((end - self.middle) / self.deviation for end in (self.least, self.most))
        if low + high > 0.0:  # what is left is counted from the far end, where numbers keep their digits
            return 2.0 * self.middle - self._mirrored().quantile(1.0 - share)
        if high < -_FARTHEST:
            # no other is likely there: its density falls by e in 1 / |high| deviations
            found = high + math.log(share) / -high
            return self.middle + self.deviation * max(found, low)
        below, above = (0.5 * math.erfc(-end / math.sqrt(2.0)) for end in (low, high))
        found = _NORMAL.inv_cdf(below + share * (above - below))
        return self.middle + self.deviation * min(max(found, low), high)

    def _mirrored(self) -> Within:
        return Within(self.middle, self.deviation, 2.0 * self.middle - self.most, 2.0 * self.middle - self.least)


class Table(NamedTuple):
    """Rates, and log times at them that never fall with the rate."""

    rates: Array
    ends: Ends


class Bent:
    """A candidate under measured response times; answers as ``Served`` does."""

    def __init__(self, served: Served, candidate: Candidate, evidence: Evidence) -> None:
        self._served, self._candidate, self._evidence = served, candidate, evidence
        self._curves: dict[int, Curve] = {}
        self._pinned_at: dict[tuple[int, float, str], Ends] = {}
        self._tables: dict[tuple[int, str], Table] = {}
        self._pins_of: dict[int, dict[tuple[float, str], Row]] = {}
        self._capacity: dict[int, tuple[float, float, float]] = {}
        place = self._place(served.instances, 0.5, "mean")
        self._alike = split_alike(place, evidence.places)
        own = math.log(candidate.high / candidate.low) / (2.0 * Z90)
        self._own = (1.0 - self._alike**2) * own**2

    @property
    def alone(self) -> float:
        """Time of a request that never waits, by the model alone [s]."""
        return self._served.alone

    @property
    def too_short(self) -> bool:
        """Whether requests are too short for the model to claim their tail, and no tail was measured."""
        return self._served.too_short and not self._evidence.tail

    def headrooms(self, slos: Sequence[Slo], left: int | None) -> tuple[tuple[float, str], ...]:
        """Low end, middle and high end of the largest rate, each with what binds it."""
        instances = self._served.instances if left is None else left
        if instances <= 0:
            return ((0.0, CAPACITY),) * 3
        found = []
        # where times are at their longest the rate is at its lowest
        for end, most in zip((2, 1, 0), self._capacities(instances), strict=True):
            rates = {CAPACITY: most}
            for slo in slos:
                rates[slo.name] = min(self._crossing(instances, slo, end, most), most)
            name = min(rates, key=rates.__getitem__)
            found.append((rates[name], name))
        return tuple(found)

    def at(self, rate: float) -> Latency:
        """What is expected at a rate."""
        return self.latency(rate)

    def latency(self, rate: float) -> Latency:
        """Response time at a rate in units of work, with its interval."""
        instances = self._served.instances
        curve = self._curve(instances)
        if not self._carries(rate):
            return never(FORMULA, unstable(curve.cluster))
        low, middle, high = zip(*(self._single(rate, name) for name in _STATISTICS), strict=True)
        pinned = [(rate, name) in self._pins(instances) for name in _STATISTICS]
        mean, p50, p95, p99 = _growing(middle, pinned)
        said = validity(curve.cluster, rate / curve.units * curve.factor * math.exp(self._evidence.bend.scale))
        told = f"bent to {counted(len(self._evidence.rows), 'measured response time')}"
        return Latency(
            mean=mean,
            p50=p50,
            p95=p95,
            p99=p99,
            how=MEASURED if all(pinned) else FORMULA,
            validity="measured at this rate" if all(pinned) else f"{told}; {said}" if said else told,
            low=_growing(low, pinned),
            high=_growing(high, pinned),
        )

    def quantile(self, rate: float, slo: Slo) -> float:
        """What the limit's percentile (or mean) is at a rate [s], infinite where it is unstable."""
        if not self._carries(rate):
            return math.inf
        return math.exp(self._single(rate, slo.name).middle)

    def judged(self, rate: float, found: Latency) -> Latency:  # noqa: ARG002 - answers as Served does
        """As it is: a simulation knows nothing of what was measured."""
        return found

    def _curve(self, instances: int) -> Curve:
        if instances not in self._curves:
            self._curves[instances] = Curve(self._served, self._candidate.throughput, instances)
        return self._curves[instances]

    def _place(self, instances: int, load: float, name: str) -> Place:
        return Place(self._candidate.system, instances, max(self._candidate.split), load, name)

    def _capacities(self, instances: int) -> tuple[float, float, float]:
        """Low end, middle and high end of the rate at which queues grow for ever."""
        if instances not in self._capacity:
            self._capacity[instances] = self._capacity_of(instances)
        return self._capacity[instances]

    def _capacity_of(self, instances: int) -> tuple[float, float, float]:
        scale = max(self._evidence.bend.scale, 0.0)
        middle = math.log(self._curve(instances).capacity) - scale
        deviation = math.sqrt(self._alike**2 * float(self._evidence.posterior.covariance[0, 0]) + self._own)
        closed = [row for row in self._own_rows(instances) if row.log_done is not None]
        full = [row for row in closed if row.saturated]
        carried = [math.log(rate) for rate, _ in self._pins(instances)]
        if full:
            best = max(full, key=lambda row: (row.log_done or 0.0, row.scatter))
            middle, deviation = best.log_done or 0.0, best.scatter
        else:
            carried += [row.log_done or 0.0 for row in closed]
        least = max(carried, default=-math.inf)
        mine = self._own_rows(instances)
        refused = [math.log(row.load.rate or 0.0) for row in self._evidence.overloads if row in mine]
        most = min((each for each in refused if each > least), default=math.inf)
        within = Within(middle, deviation, least, most)
        low, middle, high = (math.exp(within.quantile(share)) for share in (0.05, 0.5, 0.95))
        return low, middle, high

    def _carries(self, rate: float) -> bool:
        """Whether there is a response time: expected to be, or measured at no smaller a rate."""
        instances = self._served.instances
        measured = max((each for each, _ in self._pins(instances)), default=0.0)
        return rate <= measured or rate < self._capacities(instances)[1]

    def _pins(self, instances: int) -> dict[tuple[float, str], Row]:
        """What was measured of this very split, by rate and statistic."""
        if instances not in self._pins_of:
            rows = (row for row in self._own_rows(instances) if row.load.rate is not None)
            self._pins_of[instances] = {
                (row.load.rate or 0.0, row.name): row for row in rows if row not in self._evidence.overloads
            }
        return self._pins_of[instances]

    def _own_rows(self, instances: int) -> list[Row]:
        split = (instances, max(self._candidate.split))
        if self._candidate.system != ran_on(split[0]) or self._candidate.overcommit != 1.0:
            return []
        return [row for row in self._evidence.every if row.split == split]

    def _single(self, rate: float, name: str) -> Ends:
        """Log time at a rate, and the ends of its interval."""
        instances = self._served.instances
        if (rate, name) in self._pins(instances):
            return self._pinned(rate, name, instances)
        predicted = self._predicted(instances, name, rate * np.exp([-_BESIDE, 0.0, _BESIDE]))
        found = [float(end[1]) for end in predicted]
        for other, of in sorted(self._pins(instances)):
            if of == name:  # a time does not fall with the rate
                meets = min if other > rate else max
                found = [meets(a, b) for a, b in zip(found, self._pinned(other, name, instances), strict=True)]
        return Ends(*found)

    def _pinned(self, rate: float, name: str, instances: int) -> Ends:
        """What was measured, as wide as one more run or as the plan's own interval, and as its repeats."""
        key = (instances, rate, name)
        if key not in self._pinned_at:
            self._pinned_at[key] = self._run_again(rate, name, instances)
        return self._pinned_at[key]

    def _run_again(self, rate: float, name: str, instances: int) -> Ends:
        row = self._pins(instances)[rate, name]
        half = Z90 * SCATTER[name]  # repeats that agree do not narrow it
        if instances == self._served.instances:
            slow, middle, fast = (self._log_alone(rate, name, speed) for speed in speeds(self._candidate))
            half = min(half, slow - middle, middle - fast) if math.isfinite(middle) else half
        half = max(half, row.spread)
        return Ends(row.log_time - half, row.log_time, row.log_time + half)

    def _log_alone(self, rate: float, name: str, throughput: float) -> float:
        curve = Curve(self._served, throughput)
        if not rate < curve.capacity:
            return math.inf
        return curve.log_time(share_of(name), Load(rate, None), Bend(), self._evidence.unit)

    def _predicted(self, instances: int, name: str, rates: Array) -> tuple[Array, Array, Array]:
        """Low ends, middles and high ends of log times at neighbouring rates."""
        evidence, curve, share = self._evidence, self._curve(instances), share_of(name)
        bend = evidence.bend
        varied = bend._replace(varies=bend.varies + _VARIES)
        asked = [_LOADS[0] * self._capacities(instances)[1], *rates.tolist()]
        idle, *rest = curve.log_times(share, asked, bend, evidence.unit).tolist()
        logs, other = np.array(rest), curve.log_times(share, rates.tolist(), varied, evidence.unit)
        longer = bend._replace(pause=max(bend.pause, 0.0) + _PAUSES)
        paused = curve.log_times(share, rates.tolist(), longer, evidence.unit)
        places = [self._place(instances, rate / curve.capacity, name) for rate in rates.tolist()]
        times = np.exp(logs)
        offset = bend.seconds(evidence.unit)
        steep = np.gradient(logs, np.log(rates))
        slopes = np.stack(
            [
                np.maximum(1.0 - offset / times, 0.0) + steep,
                0.5 * evidence.unit * math.cosh(bend.offset) / times,
                (other - logs) / _VARIES,
                (paused - logs) / _PAUSES,
            ],
            axis=1,
        )
        scatter = SCATTER.get(name, SCATTER["p99"]) ** 2
        pausing = (slopes[:, 3] * PAUSES_VARY) ** 2 if bend.pause > 0.0 else 0.0
        doubt = evidence.variance(places, slopes) + slopes[:, 0] ** 2 * self._own + pausing + scatter
        half = Z90 * np.sqrt(doubt)
        middle = logs + evidence.shift(places)
        # what is not undercut however little waits: the time at hardly any load, as short as the doubt allows
        least = idle - Z90 * math.sqrt(evidence.posterior.size**2 + scatter)
        low, high = np.maximum(middle - half, np.minimum(middle, least)), _bounded(middle, half)
        if share is None or share >= _TAIL:  # no mean, and no long one of many, is less than what a request computes
            wide = high - low
            low, middle = np.maximum(low, evidence.least), np.maximum(middle, evidence.least)
            high = np.maximum(high, low + wide)  # doubt that reaches below is doubt above
        return low, middle, high

    def _table(self, instances: int, name: str) -> Table:
        """Rates, log times and the ends of their intervals."""
        if (instances, name) not in self._tables:
            most = self._capacities(instances)[1]
            pins = sorted(rate for rate, of in self._pins(instances) if of == name and rate < most)
            rates = distinct(np.array([*(most * load for load in _LOADS), *pins]))
            ends = self._predicted(instances, name, rates)
            for rate in pins:
                at = int(np.searchsorted(rates, rate))
                for end, value in zip(ends, self._pinned(rate, name, instances), strict=True):
                    end[at] = value
                    np.minimum(end[:at], value, out=end[:at])
            self._tables[instances, name] = Table(rates, Ends(*(np.maximum.accumulate(end) for end in ends)))
        return self._tables[instances, name]

    def _crossing(self, instances: int, slo: Slo, end: int, most: float) -> float:
        """The rate at which one end of the interval first passes the limit; ``most`` where it does not."""
        rates, ends = self._table(instances, slo.name)
        curve, limit = ends[end], math.log(slo.seconds)
        if limit < curve[0]:
            return 0.0
        if limit >= curve[-1]:
            return most
        at = int(np.searchsorted(curve, limit, side="right"))
        depths = -np.log1p(-rates / self._capacities(instances)[1])
        share = (limit - curve[at - 1]) / (curve[at] - curve[at - 1])
        depth = float(depths[at - 1] + share * (depths[at] - depths[at - 1]))
        return -math.expm1(-depth) * self._capacities(instances)[1]


def _bounded(middle: Array, half: Array) -> Array:
    """High ends; infinite where the interval reaches so far that the queue may as well grow for ever."""
    return np.asarray(np.where(half < _WITHOUT_BOUND, middle + half, np.inf))


def _growing(logs: Sequence[float], measured: Sequence[bool]) -> tuple[float, float, float, float]:
    """Times of log mean and percentiles, the latter in order: what was measured stays, the others give way."""
    percentiles, floor = list(logs[1:]), -math.inf
    for i, known in enumerate(measured[1:]):
        if not known:
            above = (logs[1 + j] for j in range(i + 1, len(percentiles)) if measured[1 + j])
            percentiles[i] = max(min(percentiles[i], *above, math.inf), floor)
        floor = percentiles[i]
    mean, p50, p95, p99 = np.exp([logs[0], *percentiles]).tolist()
    return mean, p50, p95, p99
