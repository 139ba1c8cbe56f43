"""Several workloads in instances of any size on one machine, solved exactly.

Models: every instance with its own local stations; shared stations of one name are one station. Instances that meet
at no shared station are independent; those that meet are one closed network (``model.exact.solver``).
Exact where all instances that meet visit the same shared stations with demands that differ by one factor an
instance: always for one workload, and for workloads that share one kind of lock. Elsewhere there is no exact
answer, and this says so.
Assumptions: those of ``model.network``; start-up is left out (a mixture runs for ever).
When not to use it: for equal instances of one workload; ``model.exact.splits`` answers all of those at once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.exact.splits import station_at
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.network import Instance
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.workload import Workload

# Threads of each instance, for each workload.
Allocation = tuple[tuple[int, ...], ...]
_SAME = 1e-9


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Workloads that share a machine under one system.

    Attributes:
        machine: The machine.
        system: A clustered system.
        workloads: What runs; an allocation has one split for each.
        machine_values: Costs to use instead of the machine's central ones (a draw).
        operation_values: Operations to use instead, one mapping a workload.
    """

    machine: Machine
    system: System
    workloads: tuple[Workload, ...]
    machine_values: Mapping[str, float] | None = None
    operation_values: tuple[Mapping[str, float], ...] | None = None

    def of(self, chosen: Sequence[int]) -> Mixture:
        """The mixture of some of its workloads."""
        operations = self.operation_values
        return replace(
            self,
            workloads=tuple(self.workloads[w] for w in chosen),
            operation_values=None if operations is None else tuple(operations[w] for w in chosen),
        )

    @cached_property
    def _costs(self) -> Costs:
        values = self.machine_values or {name: q.value for name, q in self.machine.quantities.items()}
        return self.machine.costs(values)

    @cached_property
    def _operations(self) -> tuple[Costs, ...]:
        given = self.operation_values or tuple({n: q.value for n, q in w.operations.items()} for w in self.workloads)
        return tuple(w.costs(values) for w, values in zip(self.workloads, given, strict=True))

    @cached_property
    def _structures(self) -> dict[tuple[int, int, int], Structure]:
        return {}

    def structure(self, workload: int, threads: int, instances: int) -> Structure:
        """Stations of one instance of a workload among ``instances`` in all, with plain numbers as parameters."""
        key = workload, threads, instances
        if key not in self._structures:
            found = self.described(workload, _cell(threads), instances)
            self._structures[key] = Structure(
                local=tuple(station_at(s, (0, 0)) for s in found.local),
                shared=tuple(station_at(s, (0, 0)) for s in found.shared),
                stretch=float(np.asarray(found.stretch).reshape(-1)[0]),
            )
        return self._structures[key]

    def described(self, workload: int, threads: Array, instances: int) -> Structure:
        """The same for many sizes at once: ``threads`` of shape (sizes, 1)."""
        return self.system.law(self._costs, self._operations[workload], _cell(instances), threads)

    def throughputs(self, allocation: Allocation) -> tuple[float, ...]:
        """Throughput of each workload in its own unit of work [1/s]; 0 for one without instances.

        Raises:
            CannotAnswerError: Instances that meet have demands that no single factor relates.
        """
        counts = {(w, size): n for w, split in enumerate(allocation) for size, n in Counter(split).items()}
        total = sum(counts.values())
        structures = {kind: self.structure(*kind, total) for kind in counts}
        found = [0.0] * len(self.workloads)
        for kinds, shared in self._meetings(structures):
            if shared:
                rates = _solve(kinds, shared, structures, counts)
            else:
                rates = {kind: _by_itself(structures[kind].local, kind[1]) for kind in kinds}
            for (w, size), each in rates.items():
                pace = each / structures[w, size].stretch * self.workloads[w].units_per_cycle
                found[w] += float(pace) * counts[w, size]
        return tuple(found)

    def _meetings(
        self, structures: Mapping[tuple[int, int], Structure]
    ) -> list[tuple[list[tuple[int, int]], tuple[Station, ...]]]:
        """Kinds of instances that meet, with the shared stations as the first of them has them."""
        groups: dict[frozenset[str], list[tuple[int, int]]] = defaultdict(list)
        found = []
        for kind, structure in structures.items():
            names = frozenset(station.name for station in structure.shared)
            if names:
                groups[names].append(kind)
            else:
                found.append(([kind], ()))
        visited = [name for names in groups for name in names]
        if len(set(visited)) < len(visited):
            raise CannotAnswerError(
                f"under {self.system.name} these workloads share some stations but not all "
                f"({', '.join(sorted(set(visited)))}): that mixture has no exact solution; plan it under --system kvm, "
                "or plan the workloads one by one"
            )
        return [*found, *((kinds, structures[kinds[0]].shared) for kinds in groups.values())]


def _cell(value: int) -> Array:
    return np.array([[float(value)]])


@lru_cache(maxsize=4096)
def _by_itself(stations: tuple[Station, ...], threads: int) -> float:
    """Cycles per second of an instance that meets nobody; most allocations a search tries have it in common."""
    return solve(instances=[Instance(threads=threads, stations=stations)]).throughput


def _solve(
    kinds: Sequence[tuple[int, int]],
    shared: tuple[Station, ...],
    structures: Mapping[tuple[int, int], Structure],
    counts: Mapping[tuple[int, int], int],
) -> dict[tuple[int, int], float]:
    """Cycles per second of one instance of each kind."""
    most = sum(size * counts[w, size] for w, size in kinds)
    instances = []
    for kind in kinds:
        factor = _factor(shared, structures[kind].shared, most)
        instance = Instance(threads=kind[1], stations=structures[kind].local, shared_factor=factor)
        instances += [instance] * counts[kind]
    solution = solve(instances=instances, shared=shared)
    starts = np.cumsum([0, *(counts[kind] for kind in kinds)])
    return {kind: solution.per_instance[start] for kind, start in zip(kinds, starts, strict=False)}


def _factor(reference: Sequence[Station], own: Sequence[Station], most: int) -> float:
    """The one number that relates an instance's demands to the reference's.

    Raises:
        CannotAnswerError: There is none.
    """
    if tuple(own) == tuple(reference):
        return 1.0
    by_name = {station.name: station for station in own}
    with np.errstate(divide="ignore", invalid="ignore"):  # a station that one of them does not use has no factor
        ratios = np.concatenate([by_name[s.name].service_times(most) / s.service_times(most) for s in reference])
    is_factor = np.isfinite(ratios).all() and ratios.min() > 0.0
    if not is_factor or ratios.max() - ratios.min() > _SAME * ratios.max():
        names = ", ".join(station.name for station in reference)
        raise CannotAnswerError(
            f"the workloads' demands at the shared stations ({names}) differ by more than one factor: no exact "
            "solution; plan them under --system kvm, or one by one"
        )
    return float(ratios[0])
