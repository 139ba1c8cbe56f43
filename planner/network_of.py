"""The queueing network behind one candidate, for whoever wants to look closer: the simulator, an explanation.

Models: the step (Machine, Workload, System, split) -> Network under the central values.
When not to use it: to compare many splits; ``evaluate`` does them in one batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.laws.station import Station
from model.machine import Machine
from model.network import Instance
from model.splits import Splits, station_at
from model.structure import Costs, System
from model.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateNetwork:
    """One candidate as a network, and how its cycles become the workload's unit.

    Attributes:
        instances: OS instances.
        shared: Stations of all.
        stretch: Factor on all times (interference).
        startup_s: Seconds before work starts.
        units_per_cycle: Units of work in a cycle.
        job_units: Size of a finite job, None without end.
    """

    instances: tuple[Instance, ...]
    shared: tuple[Station, ...]
    stretch: float
    startup_s: float
    units_per_cycle: float
    job_units: float | None

    def throughput(self, cycles_per_s: float) -> float:
        """Throughput in the workload's unit of a network that does so many cycles."""
        rate = cycles_per_s * self.units_per_cycle / self.stretch
        return rate if self.job_units is None else self.job_units / (self.startup_s + self.job_units / rate)


def network_of(machine: Machine, workload: Workload, system: System, *, vms: int, threads: int) -> CandidateNetwork:
    """The network of ``vms`` instances with ``threads`` threads each.

    Raises:
        CannotAnswerError: The machine lacks a cost that the system needs for this workload.
    """
    costs = Costs(f"machine {machine.name!r}", {name: q.value for name, q in machine.quantities.items()})
    operations = Costs(f"workload {workload.name!r}", {name: q.value for name, q in workload.operations.items()})
    splits = Splits(vms=np.array([vms]), threads=np.array([threads]))
    structure = system.law(costs, operations, *splits.columns)
    instance = Instance(threads=threads, stations=[station_at(station, (0, 0)) for station in structure.local])
    return CandidateNetwork(
        instances=(instance,) * vms,
        shared=tuple(station_at(station, (0, 0)) for station in structure.shared),
        stretch=float(np.ravel(structure.stretch)[0]),
        startup_s=float(np.ravel(structure.startup_s)[0]),
        units_per_cycle=workload.units_per_cycle,
        job_units=workload.job_units,
    )
