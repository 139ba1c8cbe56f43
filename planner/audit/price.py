"""What a wrong pin costs, as a share of the whole deployment's throughput.

Models: a vCPU, or a thread, that may use a set of CPUs spreads over them evenly; a CPU asked for by more than one
serves each in proportion, whoever they belong to. An instance runs at the mean speed of its vCPUs, and its hand-overs
cost what its CPUs' distance makes them (``distance``). Two vCPUs on one CPU halve an instance of two: 0.53 was seen in
public.
Equation: throughput = sum over CPUs of worth(cpu) / max(load(cpu), 1), where load is the vCPUs that ask for the CPU and
worth what they would do there undisturbed; a change is priced by the CPUs that it touches alone.
A limit of CPU time (a quota) gives an instance the rate of as many threads as it has CPUs' worth of time.
Assumptions: all vCPUs are busy; a thread that is preempted while it holds a lock costs no more than its own time, so
the price is a lower bound for spinning programs.
When not to use it: for memory on the wrong node; what that costs was not measured, and None says so.
Source: Kata Containers issue 13539 for the 0.53.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.placing.distance import Distances, as_placed, mean_distance, shares_at
from cerberus_plan.planner.placing.placed import rate

# Instance -> CPUs that each of its vCPUs may use.
Pins = Mapping[str, Sequence[frozenset[int]]]
# CPU -> how many threads ask for it.
Load = Mapping[int, float]
Numbers = npt.NDArray[np.int_]
# What is left when many parts are added up.
_ROUNDING = 1e-12


def load_of(pins: Iterable[Sequence[frozenset[int]]]) -> Load:
    """How many threads ask for each CPU when each spreads evenly over those it may use."""
    load: dict[int, float] = {}
    for vcpus in pins:
        for cpus, count in Counter(vcpus).items():
            for cpu in cpus:
                load[cpu] = load.get(cpu, 0.0) + count / len(cpus)
    return load


class Pricer:
    """Prices pins of one deployment against those planned."""

    def __init__(
        self, machine: Machine, workload: Workload, system: System, planned: Pins, distances: Distances
    ) -> None:
        self._machine = machine
        self._workload = workload
        self._system = system
        self._planned = {name: tuple(vcpus) for name, vcpus in planned.items()}
        self._distances = distances
        self._position = {cpu: at for at, cpu in enumerate(machine.topology.cpus)}
        self._mean = mean_distance(shares_at(machine.topology, [*self._position.values()]), distances)
        self._rates: dict[tuple[int, float], float] = {}
        self._factors: dict[frozenset[int], float] = {}
        self._numbers: dict[frozenset[int], Numbers] = {}
        # by the CPU's number
        self._load = self._worth = np.zeros(1 + max(machine.topology.cpus))
        self._load, self._worth = self._with(self._planned.values(), 1.0, self._load, self._worth)
        self._done = self._worth / _waiting(self._load)
        self._whole = float(self._done.sum())

    def loss(self, changed: Pins, *, beside: Load = MappingProxyType({})) -> float:
        """Share of the planned throughput lost when these instances are pinned so and all others as planned.

        An instance without vCPUs is missing, and does nothing. ``beside`` is what others ask of the CPUs.
        """
        other = {name: tuple(vcpus) for name, vcpus in changed.items() if tuple(vcpus) != self._planned[name]}
        load, worth = self._with((self._planned[name] for name in other), -1.0, self._load, self._worth)
        load, worth = self._with(other.values(), 1.0, load, worth)
        if beside:
            load, worth = (_long(each, 1 + max(beside)) for each in (load, worth))
            load[np.fromiter(beside, int)] += np.fromiter(beside.values(), float)
        lost = float((_long(self._done, load.size) - worth / _waiting(load)).sum()) / self._whole
        return lost if abs(lost) > _ROUNDING else 0.0

    def throttled(self, name: str, quota: float) -> float:
        """Share of the planned throughput lost when an instance may use so many CPUs' time only.

        It does what it would with as many threads, in between in proportion.
        """
        threads, factor = len(self._planned[name]), self._factor(self._planned[name])
        whole = min(int(quota), threads)
        ends = [self._rate(count, factor) if count else 0.0 for count in (whole, min(whole + 1, threads))]
        given = ends[0] + (ends[1] - ends[0]) * (quota - whole if whole < threads else 0.0)
        return max(self._rate(threads, factor) - given, 0.0) / self._whole

    def _with(
        self, instances: Iterable[Sequence[frozenset[int]]], sign: float, load: Array, worth: Array
    ) -> tuple[Array, Array]:
        """Load and worth of every CPU with these instances counted in, or out."""
        load, worth = load.copy(), worth.copy()
        for vcpus in instances:
            each = sign * self._rate(len(vcpus), self._factor(vcpus)) / len(vcpus) if vcpus else 0.0
            for cpus, count in Counter(vcpus).items():
                at = self._at(cpus)
                load, worth = (_long(array, 1 + int(at[-1])) for array in (load, worth))
                load[at] += sign * count / at.size
                worth[at] += each * count / at.size
        return load, worth

    def _at(self, cpus: frozenset[int]) -> Numbers:
        if cpus not in self._numbers:
            self._numbers[cpus] = np.array(sorted(cpus))
        return self._numbers[cpus]

    def _factor(self, vcpus: Sequence[frozenset[int]]) -> float:
        """What hand-overs cost between the CPUs of an instance, 1 for the machine's mean."""
        cpus = frozenset[int]().union(*{*vcpus})
        if cpus not in self._factors:
            places = [self._position[cpu] for cpu in cpus if cpu in self._position]
            mean = mean_distance(shares_at(self._machine.topology, places), self._distances)
            self._factors[cpus] = round(mean / self._mean, 6) if places else 1.0
        return self._factors[cpus]

    def _rate(self, threads: int, factor: float) -> float:
        if (threads, factor) not in self._rates:
            machine = as_placed(self._machine, factor)
            count = len(self._planned)
            self._rates[threads, factor] = rate(machine, self._workload, self._system, count, threads) / count
        return self._rates[threads, factor]


def _waiting(load: Array) -> Array:
    """By how much a CPU that so many ask for makes each of them slower."""
    return np.where(load > 1.0 + _ROUNDING, load, 1.0)


def _long(array: Array, size: int) -> Array:
    """The array with at least so many elements."""
    return array if array.size >= size else np.concatenate([array, np.zeros(size - array.size)])
