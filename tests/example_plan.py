"""Plans of shipped workloads under any name, for tests of what is shown."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.choose import plan


@cache
def a_plan(shipped: str = "dbench", *, name: str | None = None, cores: int = 48, machine: str = "amd48") -> Plan:
    """The plan of a shipped workload on a shipped machine, the workload under another name if one is given."""
    workload = catalog.workload(shipped)
    systems = [SYSTEMS[system] for system in ("linux", "xen-linux", "cerberus")]
    return plan(
        catalog.machine(machine), replace(workload, name=name or workload.name), systems, Constraints(cores=cores)
    )
