"""What runs and placement do to a plan, split by split: its throughput over what the demands alone say.

Equation: bend = throughput of the plan / throughput at the central values of all inputs.
Assumptions: an input moved, or a circumstance changed, changes what the demands say; the bend of the split stays. So
what is recomputed from the demands agrees with the plan where nothing is changed.
When not to use it: to plan; runs are weighed there (``planner.evidence``).
"""

from __future__ import annotations

import numpy as np

from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.structure import System
from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.splits.crowd import crowd_of
from cerberus_plan.planner.splits.evaluate import rates

# What differs by less is rounding.
_SAME = 1e-9


def bends(plan: Plan, system: System, splits: Splits) -> Array:
    """The factor of each split of a system, 1 for those that are no candidates: shape (splits,)."""
    machine = plan.machine.costs({name: np.full((1, 1), one.value) for name, one in plan.machine.quantities.items()})
    work = plan.workload.costs({name: np.full((1, 1), one.value) for name, one in plan.workload.operations.items()})
    crowd = crowd_of(system, splits, plan.machine, plan.workload, plan.constraints)
    central = rates(crowd.structure(machine, work), splits, plan.workload, 1, crowd)[0][:, 0]
    planned = {
        (each.vms, each.split[0]): each.throughput
        for each in plan.candidates
        if each.system == system.name and each.cores_per_vm is not None
    }
    rows = zip(splits.vms.astype(int).tolist(), splits.threads.astype(int).tolist(), central.tolist(), strict=True)
    found = np.array([planned.get((vms, threads), alone) / alone for vms, threads, alone in rows])
    return np.where(np.abs(found - 1.0) < _SAME, 1.0, found)
