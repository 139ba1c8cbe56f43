"""Evaluates one split of a shipped machine and workload, for the tests of systems."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.splits import Splits, occupancy, throughput
from cerberus_plan.model.structure import Costs
from cerberus_plan.model.systems.registry import SYSTEMS


@dataclass(frozen=True)
class Result:
    """Throughput in the workload's unit, job seconds (None without end) and customers by station."""

    throughput: float
    seconds: float | None
    customers: dict[str, float]


def evaluate(machine: str, workload: str, system: str, vms: int, threads: int) -> Result:
    """The split under the shipped values."""
    costs, work = catalog.machine(machine), catalog.workload(workload)
    splits = Splits(vms=np.array([vms]), threads=np.array([threads]))
    structure = SYSTEMS[system].law(
        Costs(costs.name, {name: q.value for name, q in costs.quantities.items()}),
        Costs(work.name, {name: q.value for name, q in work.operations.items()}),
        *splits.columns,
    )
    rate = float(throughput(structure, splits, 1)[0, 0]) * work.units_per_cycle
    startup = float(np.broadcast_to(structure.startup_s, (1, 1))[0, 0])
    seconds = None if work.job_units is None else work.job_units / rate + startup
    customers = {name: float(count[0]) for name, count in occupancy(structure, splits).items()}
    return Result(rate, seconds, customers)
