"""A candidate's network under arrivals from outside, as fast as the plan expects it to be.

Models: the network of a split (``planner.splits.network_of``) fed from outside (``model.latency.open_network``), all
its times multiplied so that with every worker at work it does what the plan expects of it.
Equation: factor = capacity by the laws / throughput of the plan; the ends of the throughput's 90 % interval give those
of the latency.
Assumptions: those of ``open_network``. When not to use it: where response times were measured; ``bent`` follows them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.cluster import Cluster
from cerberus_plan.model.latency.latency import SIMULATED, Latency
from cerberus_plan.model.latency.open_network import headroom, open_latency, response_time
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import Slo
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.network_of import structure_of

# What bounds a headroom when no limit of the response time does.
CAPACITY = "capacity"
# Work of a request below which the model alone claims no tail: pauses of the host, wake-ups and the network, which it
# does not know, are longer. A real server's 99th percentile was within 1.4 of the model's at 4 ms of work, and up to 24
# times as long at 0.3 ms (docs/objectives.md).
SHORT = 1e-3
# Percentiles from here on are a tail.
TAIL = 0.9
# Requests that are followed where the formula promises nothing: the 99th percentile is then known to some percent.
SIMULATED_REQUESTS = 200_000


class Served:
    """A candidate's network under arrivals from outside.

    Attributes:
        instances: Its number of instances.
        units: Units of work of a cycle.
    """

    def __init__(self, parts: Mapping[str, Any], candidate: Candidate, units: float, variability: float = 1.0) -> None:
        self._parts, self._candidate, self._variability = parts, candidate, variability
        self.instances, self.units = candidate.vms, units
        self._clusters: dict[int, Cluster] = {}
        self._of_limits: dict[tuple[int, str], Cluster] = {}

    @staticmethod
    def of(plan: Plan, candidate: Candidate, system: System | None = None) -> Served:
        """The network of a candidate of a plan.

        Raises:
            InputError: Its instances differ in size.
        """
        return Served.on(plan.machine, plan.workload, candidate, system)

    @staticmethod
    def on(machine: Machine, workload: Workload, candidate: Candidate, system: System | None = None) -> Served:
        """The network of a candidate for this machine and workload.

        Raises:
            InputError: Its instances differ in size.
        """
        threads = candidate.cores_per_vm
        if threads is None:
            raise InputError("instances of different sizes have no common response time; ask for an even split")
        system = system or SYSTEMS[candidate.system]
        structure = structure_of(machine, workload, system, vms=candidate.vms, threads=threads)
        parts = {"local": structure.local, "shared": structure.shared, "threads": threads}
        return Served(parts, candidate, workload.units_per_cycle, workload.service_variability)

    def headrooms(self, slos: Sequence[Slo], left: int | None) -> tuple[tuple[float, str], ...]:
        """The largest rate and what binds it, at the low end of the plan's interval, its middle and its high end.

        Args:
            slos: Limits.
            left: Instances after the loss that is to be survived; None without one.
        """
        return tuple(self._headroom(slos, left, throughput) for throughput in speeds(self._candidate))

    def _headroom(self, slos: Sequence[Slo], left: int | None, throughput: float) -> tuple[float, str]:
        instances = self.instances if left is None else left
        if instances <= 0:
            return 0.0, CAPACITY
        factor = self.factor(throughput)
        found = {CAPACITY: self.cluster(instances).capacity / factor}
        for slo in slos:
            found[slo.name] = headroom(self._asked(instances, slo.name), slo.share, slo.seconds, factor)
        name = min(found, key=found.__getitem__)
        return found[name] * self.units, name

    def cluster(self, instances: int | None = None) -> Cluster:
        """The network with so many of its instances, times as the laws say."""
        count = self.instances if instances is None else instances
        if count not in self._clusters:
            self._clusters[count] = Cluster(**self._parts, instances=count, variability=self._variability)
        return self._clusters[count]

    def _asked(self, instances: int, limit: str) -> Cluster:
        """The network for one limit: what others were found with does not show in its last digits."""
        if (instances, limit) not in self._of_limits:
            self._of_limits[instances, limit] = self.cluster(instances).afresh()
        return self._of_limits[instances, limit]

    def factor(self, throughput: float) -> float:
        """What to multiply all times by so that with all workers at work it does ``throughput``."""
        return self.cluster().capacity * self.units / throughput

    def latency(self, rate: float) -> Latency:
        """Response time at a rate in units of work, with its interval."""
        low, middle, high = (self.at(rate, throughput) for throughput in speeds(self._candidate))
        said = "; ".join(filter(None, (middle.validity, "no tail is claimed of requests this short" * self.too_short)))
        return replace(middle, low=high.values, high=low.values, validity=said)

    @property
    def alone(self) -> float:
        """Time of a request that never waits [s]."""
        return self.factor(self._candidate.throughput) * self.cluster().alone

    @property
    def too_short(self) -> bool:
        """Whether requests are too short for the model alone to claim their tail."""
        return self.alone < SHORT

    def at(self, rate: float, throughput: float | None = None) -> Latency:
        """Response time at a rate, with the network as fast as to do ``throughput`` (default: what is expected)."""
        factor = self.factor(self._candidate.throughput if throughput is None else throughput)
        found = open_latency(self.cluster(), rate / self.units * factor)
        mean, p50, p95, p99 = (None if value is None else value * factor for value in found.values)
        return replace(found, mean=mean, p50=p50, p95=p95, p99=p99)

    def judged(self, rate: float, found: Latency) -> Latency:
        """A latency whose percentiles the formula does not promise, by simulation; its interval is moved along.

        The simulator's holds are exponential: work that varies otherwise keeps its formula, and what is said of it.
        """
        if self._variability != 1.0:
            return found
        from cerberus_plan.model.latency.simulated import simulate_latency

        factor = self.factor(self._candidate.throughput)
        judge = simulate_latency(
            **self._parts, instances=self.instances, rate=rate / self.units * factor, requests=SIMULATED_REQUESTS
        )
        if not judge.stable:
            return replace(found, validity=f"metastable: simulated, it collapsed at this rate ({judge.validity})")
        values = [None if value is None else value * factor for value in judge.values]
        moved = [new / old if new and old else 1.0 for new, old in zip(values, found.values, strict=True)]

        def along(end: tuple[float | None, ...] | None) -> tuple[float | None, ...] | None:
            if end is None:
                return None
            return tuple(None if v is None else v * m for v, m in zip(end, moved, strict=True))

        mean, p50, p95, p99 = values
        validity = f"simulated, {SIMULATED_REQUESTS:,} requests; the interval is the formula's, moved along"
        return Latency(
            mean=mean,
            p50=p50,
            p95=p95,
            p99=p99,
            how=SIMULATED,
            validity=validity,
            low=along(found.low),
            high=along(found.high),
        )

    def quantile(self, rate: float, slo: Slo) -> float:
        """What the limit's percentile (or mean) is at a rate [s], infinite where it is unstable."""
        factor = self.factor(self._candidate.throughput)
        found = response_time(self.cluster(), rate / self.units * factor)
        if found is None:
            return math.inf
        return factor * (found.mean if slo.share is None else found.quantile(slo.share))


def speeds(candidate: Candidate) -> tuple[float, float, float]:
    """Throughput at the low end of a candidate's interval, expected, and at the high end."""
    return candidate.low, candidate.throughput, candidate.high
