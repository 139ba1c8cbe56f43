"""What one candidate of a plan reaches under an objective: the largest rate within the limits, latency, cost.

Models: a candidate's network (``planner.splits.network_of``) fed from outside (``model.latency.open_network``). All its
times are multiplied so that with every worker at work it does what the plan expects of it: evidence, placement and
interference, which bend the plan's throughput, bend its response times alike. The ends of the throughput's 90 %
interval give those of the headroom and of the latency.
Equation: headroom = the largest rate at which every limit holds, before and after the loss that is to be survived; with
no limit, the throughput: from there on the queue grows for ever.
Assumptions: those of ``open_network``; a request is one unit of work of which a cycle does ``units_per_cycle``.
When not to use it: for finite jobs, whose completion time the plan has already.
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
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.model.record import Record
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.objectives.losses import lost_instances
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.network_of import structure_of

# What bounds a headroom when no limit of the response time does.
CAPACITY = "capacity"
# Requests that are followed where the formula promises nothing: the 99th percentile is then known to some percent.
SIMULATED_REQUESTS = 200_000


class Reach(Record):
    """What a candidate reaches.

    Attributes:
        candidate: The candidate.
        headroom: Largest rate within all limits, in the workload's unit; low and high are its 90 % interval.
        binding: What keeps the rate from growing: the name of a limit, or "capacity"; "... after the loss of one
            instance" where a loss is to be survived.
        latency: Response time at the wanted rate, None without one, or where the queue would grow for ever.
        cost: By the objective's prices.
        meets: Whether the rate is carried within the limits at the low end of the interval; True without a rate.
    """

    candidate: Candidate
    headroom: float
    headroom_low: float
    headroom_high: float
    binding: str
    latency: Latency | None
    cost: float
    meets: bool


def reaches(plan: Plan, objective: Objective) -> tuple[Reach, ...]:
    """What every candidate of a plan reaches, in the plan's order.

    Raises:
        InputError: The workload is a finite job, or the loss to be survived cannot happen on this machine.
    """
    return tuple(reach(plan, candidate, objective) for candidate in plan.candidates)


def reach(plan: Plan, candidate: Candidate, objective: Objective) -> Reach:
    """What one candidate reaches.

    Raises:
        InputError: See ``reaches``; or its instances differ in size.
    """
    if plan.workload.job_units is not None:
        raise InputError(
            f"{plan.workload.name} is a finite job: it has a completion time, not a rate of requests; leave out "
            "--rate, --slo and --survive, or name other programs with --workload"
        )
    left = _left(plan, candidate, objective)
    served = Served.of(plan, candidate)
    low, middle, high = (_headroom(served, objective.slos, left, t) for t in _speeds(candidate))
    rate = objective.rate
    return Reach(
        candidate=candidate,
        headroom=middle[0],
        headroom_low=low[0],
        headroom_high=high[0],
        binding=middle[1] if left is None else f"{middle[1]} after the loss of one {objective.survive}",
        latency=None if rate is None or not rate < candidate.throughput else served.at(rate),
        cost=objective.prices.of(candidate.vms, candidate.cores),
        meets=rate is None or rate <= low[0],
    )


def _speeds(candidate: Candidate) -> tuple[float, float, float]:
    return candidate.low, candidate.throughput, candidate.high


def _left(plan: Plan, candidate: Candidate, objective: Objective) -> int | None:
    """Instances left after the loss, None when nothing is to be lost."""
    if not objective.survive:
        return None
    size = max(candidate.split)
    return candidate.vms - lost_instances(plan.machine, objective.survive, candidate.vms, size)


def _headroom(served: Served, slos: Sequence[Slo], left: int | None, throughput: float) -> tuple[float, str]:
    """The largest rate and what binds it, with the network as fast as to do ``throughput``."""
    instances = served.instances if left is None else left
    if instances <= 0:
        return 0.0, CAPACITY
    cluster, factor = served.cluster(instances), served.factor(throughput)
    found = {CAPACITY: cluster.capacity / factor}
    found |= {slo.name: headroom(cluster, slo.share, slo.seconds, factor) for slo in slos}
    name = min(found, key=found.__getitem__)
    return found[name] * served.units, name


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

    def cluster(self, instances: int | None = None) -> Cluster:
        """The network with so many of its instances, times as the laws say."""
        count = self.instances if instances is None else instances
        if count not in self._clusters:
            self._clusters[count] = Cluster(**self._parts, instances=count, variability=self._variability)
        return self._clusters[count]

    def factor(self, throughput: float) -> float:
        """What to multiply all times by so that with all workers at work it does ``throughput``."""
        return self.cluster().capacity * self.units / throughput

    def latency(self, rate: float) -> Latency:
        """Response time at a rate in units of work, with its interval."""
        low, middle, high = (self.at(rate, throughput) for throughput in _speeds(self._candidate))
        return replace(middle, low=high.values, high=low.values)

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
