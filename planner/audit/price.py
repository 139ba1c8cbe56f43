"""What a wrong pin costs, as a share of the whole deployment's throughput.

Models: a vCPU that may use a set of CPUs spreads over them evenly; a CPU asked for by more than one vCPU serves each in
proportion. An instance runs at the mean speed of its vCPUs, and its hand-overs cost what its CPUs' distance makes
them (``distance``). Two vCPUs on one CPU halve an instance of two: 0.53 was seen in public.
Assumptions: all vCPUs are busy; a thread that is preempted while it holds a lock costs no more than its own time, so
the price is a lower bound for spinning programs.
When not to use it: for memory on the wrong node; what that costs was not measured, and None says so.
Source: Kata Containers issue 13539 for the 0.53.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.placing.distance import Distances, as_placed, handover_factor
from cerberus_plan.planner.placing.placed import rate

# Instance -> CPUs that each of its vCPUs may use.
Pins = Mapping[str, Sequence[frozenset[int]]]


class Pricer:
    """Prices pins of one deployment against those planned."""

    def __init__(
        self, machine: Machine, workload: Workload, system: System, planned: Pins, distances: Distances
    ) -> None:
        self._machine = machine
        self._workload = workload
        self._system = system
        self._planned = dict(planned)
        self._distances = distances
        self._rates: dict[tuple[int, float], float] = {}
        self._whole = self._total(self._planned)

    def loss(self, changed: Pins) -> float:
        """Share of the planned throughput lost when these instances are pinned so and all others as planned.

        An instance without vCPUs is missing, and does nothing.
        """
        return 1.0 - self._total({**self._planned, **changed}) / self._whole

    def _total(self, pins: Pins) -> float:
        load: Counter[int] = Counter()
        for vcpus in pins.values():
            for cpus in vcpus:
                for cpu in cpus:
                    load[cpu] += 1 / len(cpus)  # type: ignore[assignment]
        return sum(self._instance(vcpus, load) for vcpus in pins.values() if vcpus)

    def _instance(self, vcpus: Sequence[frozenset[int]], load: Mapping[int, float]) -> float:
        speeds = [sum(1.0 / max(load[cpu], 1.0) for cpu in cpus) / len(cpus) for cpus in vcpus]
        everywhere = sorted({cpu for cpus in vcpus for cpu in cpus} & set(self._machine.topology.cpus))
        factor = handover_factor(self._machine.topology, everywhere, self._distances) if everywhere else 1.0
        return sum(speeds) / len(speeds) * self._rate(len(vcpus), round(factor, 6))

    def _rate(self, threads: int, factor: float) -> float:
        if (threads, factor) not in self._rates:
            machine = as_placed(self._machine, factor)
            count = len(self._planned)
            self._rates[threads, factor] = rate(machine, self._workload, self._system, count, threads) / count
        return self._rates[threads, factor]
