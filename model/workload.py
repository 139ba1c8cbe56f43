"""A workload: what one unit of its work does, as operations with counts.

Models: a closed program; each thread repeats a cycle of operations, so the cost of a cycle on a machine is the
sum of count x cost, and its contention is decided by which lock each operation takes.
Assumptions: all threads do the same mix; counts do not depend on the number of threads.
When not to use it: for programs whose parallelism is limited by their own structure (barriers, pipelines);
fit a measured curve instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.objective import Objective
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.record import Record, field
from cerberus_plan.model.structure import Costs

_REMEDY = (
    "write the quantity into [operations] of its file, learn it with `cerberus-plan observe`, or choose other systems "
    "with --system"
)


class Workload(Record):
    """A program by name.

    Attributes:
        name: Short name, as given to ``--workload``.
        description: One line for people.
        unit: Unit of throughput (``GiB/s``, ``requests/s``); larger is better.
        units_per_cycle: Units of work that one cycle completes.
        operations: Counts, times and sizes of a cycle, SI units, by name (``compute``, ``page_faults``, ...).
        job_units: Size of a finite job in units of work, None for a program that runs for ever.
        needs_network_card: True when every VM needs a network card of its own.
        memory_per_instance_bytes: Memory that each OS instance needs [B], None when unknown.
        note: What users must know about these numbers (for example that all are assumed).
        objective: What its splits are chosen for, None for the largest throughput.
        limits: What bounds the number and size of its instances: ``max_vms``, ``min_vms``, ``max_cores_per_vm``,
            ``min_cores_per_vm`` (absent: no bound).
        service_variability: Squared coefficient of variation of a request's own work: 1 for exponential (few know
            better), 0 for requests that are all alike; response times alone depend on it.
        measured: Splits that were really run, in the workload's unit; repeats of a split are several of them.
        latencies: Response times that were measured; they bend predicted ones (``planner.objectives``).
        origin: Where it was read from, for messages.
    """

    name: str
    description: str
    unit: str
    units_per_cycle: float
    operations: Mapping[str, Quantity]
    job_units: float | None = None
    needs_network_card: bool = False
    memory_per_instance_bytes: float | None = None
    note: str = ""
    measured: tuple[Measurement, ...] = ()
    objective: Objective | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    origin: str = field(default="", compare=False)
    service_variability: float = 1.0
    latencies: tuple[MeasuredLatency, ...] = ()

    def costs(self, values: Mapping[str, Any] | None = None) -> Costs:
        """What a system's law asks for: the central values, or values under draws."""
        given = {name: quantity.value for name, quantity in self.operations.items()} if values is None else values
        where = f"workload {self.name!r}" + (f" ({self.origin})" if self.origin else "")
        return Costs(where, given, remedy=_REMEDY)
