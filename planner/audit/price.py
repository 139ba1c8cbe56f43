"""What a wrong pin costs, as a share of the whole deployment's throughput.

Models: a vCPU, or a thread, that may use a set of CPUs spreads over them evenly; a CPU asked for by more than one
serves each in proportion, whoever they belong to. An instance runs at the mean speed of its vCPUs, and its hand-overs
cost what its CPUs' distance makes them (``distance``). Two vCPUs on one CPU halve an instance of two: 0.53 was seen in
public.
Assumptions: all vCPUs are busy; a thread that is preempted while it holds a lock costs no more than its own time, so
the price is a lower bound for spinning programs.
When not to use it: for memory on the wrong node; what that costs was not measured, and None says so.
Source: Kata Containers issue 13539 for the 0.53.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.placing.distance import Distances, as_placed, handover_factor
from cerberus_plan.planner.placing.placed import rate

# Instance -> CPUs that each of its vCPUs may use.
Pins = Mapping[str, Sequence[frozenset[int]]]
# CPU -> how many threads ask for it.
Load = Mapping[int, float]


def load_of(pins: Pins) -> Load:
    """How many threads ask for each CPU when each spreads evenly over those it may use."""
    load: dict[int, float] = {}
    for vcpus in pins.values():
        for cpus in vcpus:
            for cpu in cpus:
                load[cpu] = load.get(cpu, 0.0) + 1.0 / len(cpus)
    return load


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
        self._factors: dict[frozenset[int], float] = {}
        self._known = frozenset(machine.topology.cpus)
        self._whole = self._total(self._planned)

    def loss(self, changed: Pins, *, beside: Load = MappingProxyType({})) -> float:
        """Share of the planned throughput lost when these instances are pinned so and all others as planned.

        An instance without vCPUs is missing, and does nothing. ``beside`` is what others ask of the CPUs.
        """
        return 1.0 - self._total({**self._planned, **changed}, beside) / self._whole

    def _total(self, pins: Pins, beside: Load = MappingProxyType({})) -> float:
        own = load_of(pins)
        load = {cpu: own.get(cpu, 0.0) + beside.get(cpu, 0.0) for cpu in own.keys() | beside.keys()}
        return sum(self._instance(vcpus, load) for vcpus in pins.values() if vcpus)

    def _instance(self, vcpus: Sequence[frozenset[int]], load: Load) -> float:
        speeds = [sum(1.0 / max(load[cpu], 1.0) for cpu in cpus) / len(cpus) for cpus in vcpus]
        factor = self._factor(frozenset[int]().union(*vcpus) & self._known)
        return sum(speeds) / len(speeds) * self._rate(len(vcpus), round(factor, 6))

    def _factor(self, cpus: frozenset[int]) -> float:
        """What hand-overs cost between these CPUs, 1 for the machine's mean."""
        if cpus not in self._factors:
            found = handover_factor(self._machine.topology, sorted(cpus), self._distances) if cpus else 1.0
            self._factors[cpus] = found
        return self._factors[cpus]

    def _rate(self, threads: int, factor: float) -> float:
        if (threads, factor) not in self._rates:
            machine = as_placed(self._machine, factor)
            count = len(self._planned)
            self._rates[threads, factor] = rate(machine, self._workload, self._system, count, threads) / count
        return self._rates[threads, factor]
