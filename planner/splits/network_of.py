"""The queueing network behind one candidate, for whoever wants to look closer: the simulator, an explanation.

Models: the step (Machine, Workload, System, split) -> Network under the central values.
When not to use it: to compare many splits; ``evaluate`` does them in one batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.model.exact.splits import Splits, station_at
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.record import Record
from cerberus_plan.model.structure import Structure, System
from cerberus_plan.model.workload import Workload

if TYPE_CHECKING:
    from cerberus_plan.model.network import Instance


class CandidateNetwork(Record):
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


def structure_of(machine: Machine, workload: Workload, system: System, *, vms: int, threads: float) -> Structure:
    """The structure of one even split under the central values, every parameter a number.

    Raises:
        CannotAnswerError: The machine lacks a cost that the system needs for this workload.
    """
    splits = Splits(vms=np.array([vms]), threads=np.array([threads]))
    found = system.law(machine.costs(), workload.costs(), *splits.columns)
    return Structure(
        local=tuple(station_at(station, (0, 0)) for station in found.local),
        shared=tuple(station_at(station, (0, 0)) for station in found.shared),
        stretch=float(np.ravel(found.stretch)[0]),
        startup_s=float(np.ravel(found.startup_s)[0]),
    )


def network_of(machine: Machine, workload: Workload, system: System, *, vms: int, threads: int) -> CandidateNetwork:
    """The network of ``vms`` instances with ``threads`` threads each.

    Raises:
        CannotAnswerError: The machine lacks a cost that the system needs for this workload.
    """
    from cerberus_plan.model.network import Instance

    structure = structure_of(machine, workload, system, vms=vms, threads=threads)
    return CandidateNetwork(
        instances=(Instance(threads=threads, stations=list(structure.local)),) * vms,
        shared=structure.shared,
        stretch=float(structure.stretch),
        startup_s=float(structure.startup_s),
        units_per_cycle=workload.units_per_cycle,
        job_units=workload.job_units,
    )
