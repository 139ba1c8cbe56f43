"""The response time of one split as a function of what measured response times can tell of it.

Models: a split's network (``served``) with four numbers that its model may have wrong: all its times are exp(a) longer
under arrivals than when it is saturated; every request pays d more that loads nothing (the network, a generator on the
same cores); the work of requests varies by exp(b) more than was said; one request in fifty meets a pause of the host of
mean v, exponential (a hypervisor that runs others, an interrupt, a wake-up), at any load.
Equation: T(r; a, h, b, u) = f e^a Q(r f e^a; c^2 e^b) + d + V, d = S sinh(h) / 2, v = S (e^u - 1) for u above zero, Q
the response time of ``model.latency.open_network`` in the network's own time, f the plan's factor on it, S a request's
time without waiting. A pause is what a 99th percentile shows and a median does not: a variability that explained it
would make requests wait ever longer with the load.
In a closed loop of N clients d is spent elsewhere: n of them are at the server, n (1 + d / R(n)) = N, so that
T = R(n) + d = N / X(n) by Little's law, and no more than the capacity is done however long d is.
Assumptions: beyond the capacity, where there is no response time, a queue grows with the time and the excess; log T is
continued with the logarithm of the rate, and says nothing sharp (``evidence``).
When not to use it: to answer; ``bent`` does, with what was learned (``evidence``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cerberus_plan.model.latency.clients import response_time as closed_response
from cerberus_plan.model.latency.clients import throughput as closed_throughput
from cerberus_plan.model.latency.cluster import Cluster
from cerberus_plan.model.latency.open_network import response_time as open_response
from cerberus_plan.model.latency.response import LEAST_VARIABILITY, Sum, quantiles
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.objective import Slo
from cerberus_plan.planner.objectives.served import Served

# Share of the capacity above which log T is continued.
TOP = 0.995
MOST_VARIABILITY = 1000.0
# An offset below zero leaves this share of the time at least.
_LEAST_SHARE = 0.05
# Share of the requests that meet a pause: twice what a 99th percentile is about. Rarer ones hardly show in it.
PAUSED = 0.02
_LONGEST_PAUSE = 300.0
# Deviation of the logarithm of their mean from one run to the next: a host's neighbours change.
PAUSES_VARY = 0.7
# Halvings of an interval of clients at the server: enough for a millionth of it.
_HALVINGS = 24


class Bend(NamedTuple):
    """What measurements change: log scale of times, arcsinh of the offset, log scale of the variability, pauses."""

    scale: float = 0.0
    offset: float = 0.0
    varies: float = 0.0
    pause: float = 0.0

    def seconds(self, unit: float) -> float:
        """The offset, given the time of a request without waiting."""
        return 0.5 * unit * math.sinh(self.offset)

    def paused(self, unit: float) -> float:
        """Mean of the pauses that ``PAUSED`` of the requests meet, likewise."""
        return unit * math.expm1(min(max(self.pause, 0.0), _LONGEST_PAUSE))


class Load(NamedTuple):
    """What a split was under: a rate in the workload's unit, or clients."""

    rate: float | None
    clients: int | None


def share_of(name: str) -> float | None:
    """0.99 of p99, None of mean."""
    return Slo(name=name, seconds=1.0).share


class Curve:
    """One split's response times.

    Attributes:
        cluster: Its network with a number of instances.
        factor: On all times of it, by the plan.
        units: Units of work of a cycle.
    """

    def __init__(self, served: Served, throughput: float, instances: int | None = None) -> None:
        self.cluster = served.cluster(instances)
        self.factor, self.units = served.factor(throughput), served.units
        self._varied: dict[float, Cluster] = {}

    @property
    def capacity(self) -> float:
        """Rate at which queues grow for ever, by the plan."""
        return self.cluster.capacity * self.units / self.factor

    @property
    def alone(self) -> float:
        """Time of a request that never waits [s]."""
        return self.factor * self.cluster.alone

    def log_time(self, share: float | None, load: Load, bend: Bend, unit: float) -> float:
        """Logarithm of the mean (no share) or a percentile.

        Args:
            share: Share of the requests that are done by then.
            load: Rate or clients.
            bend: What measurements change.
            unit: Time that offsets are counted in [s].
        """
        found, beyond = self.found(load, bend, unit)
        time = found.mean if share is None else found.quantile(share)
        return float(self.log_of(np.array([time]), bend, unit)[0]) + beyond

    def log_times(self, share: float | None, rates: Sequence[float], bend: Bend, unit: float) -> Array:
        """The same at several rates of requests from outside."""
        pairs = [self.found(Load(rate, None), bend, unit) for rate in rates]
        sums = [found for found, _ in pairs]
        times = np.array([found.mean for found in sums]) if share is None else quantiles(sums, share)
        return np.asarray(self.log_of(times, bend, unit) + np.array([beyond for _, beyond in pairs]))

    def load_of(self, rate: float, bend: Bend) -> float:
        """A rate as a share of the capacity."""
        return rate / self.capacity * math.exp(bend.scale)

    def found(self, load: Load, bend: Bend, unit: float) -> tuple[Sum, float]:
        """The response time in the network's own time, and what is added to its logarithm beyond the capacity."""
        cluster = self._with(bend)
        if load.clients is not None:
            return self._paused(
                closed_response(cluster, self._at_server(cluster, load.clients, bend, unit)), bend, unit
            ), 0.0
        asked = (load.rate or 0.0) / self.units * self.factor * math.exp(bend.scale)
        most = TOP * cluster.capacity
        found = open_response(cluster, min(asked, most))
        if found is None:
            raise AssertionError(f"no response time at {TOP:.1%} of the capacity")
        return self._paused(found, bend, unit), math.log(max(asked / most, 1.0))

    def _paused(self, found: Sum, bend: Bend, unit: float) -> Sum:
        """The response time with pauses, in the network's own time."""
        mean = bend.paused(unit) / (self.factor * math.exp(bend.scale))
        if mean == 0.0:
            return found
        return Sum(
            holds=np.append(found.holds, 0.0),
            chances=np.append(found.chances, PAUSED),
            waits=np.append(found.waits, mean),
            variability=np.append(found.variability, 1.0),
        )

    def _at_server(self, cluster: Cluster, clients: float, bend: Bend, unit: float) -> float:
        """How many of the clients are at the server, while others are where the offset is spent."""
        elsewhere = (bend.seconds(unit) + PAUSED * bend.paused(unit)) / (self.factor * math.exp(bend.scale))
        if elsewhere == 0.0:
            return clients
        low, high = 0.0, clients if elsewhere > 0.0 else clients / _LEAST_SHARE
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            all_of_them = max(middle + elsewhere * closed_throughput(cluster, middle), _LEAST_SHARE * middle)
            low, high = (middle, high) if all_of_them < clients else (low, middle)
        return high

    def log_of(self, times: Array, bend: Bend, unit: float) -> Array:
        """Logarithms of times of the network, in seconds and with the offset."""
        seconds = times * self.factor * math.exp(bend.scale)
        return np.asarray(np.log(np.maximum(seconds + bend.seconds(unit), _LEAST_SHARE * seconds)))

    def variability(self, bend: Bend) -> float:
        """Squared coefficient of variation of a request's work."""
        if bend.varies == 0.0:
            return self.cluster.variability
        varies = max(self.cluster.variability, LEAST_VARIABILITY) * math.exp(bend.varies)
        return min(max(varies, LEAST_VARIABILITY), MOST_VARIABILITY)

    def _with(self, bend: Bend) -> Cluster:
        wanted = self.variability(bend)
        if wanted not in self._varied:
            self._varied[wanted] = self.cluster.varied(wanted)
        return self._varied[wanted]
