"""Plans of shipped workloads under any name, for tests of what is shown."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from calibration import catalog
from model.systems.registry import SYSTEMS
from planner.choose import plan
from planner.plan import Constraints, Plan


@cache
def a_plan(shipped: str = "dbench", *, name: str | None = None, cores: int = 48, machine: str = "amd48") -> Plan:
    """The plan of a shipped workload on a shipped machine, the workload under another name if one is given."""
    workload = catalog.workload(shipped)
    systems = [SYSTEMS[system] for system in ("linux", "xen-linux", "cerberus")]
    return plan(
        catalog.machine(machine), replace(workload, name=name or workload.name), systems, Constraints(cores=cores)
    )
