"""The JSON document of the main command: the plans, what would change them, and where the instances go.

The contract of ``--json`` and what the report of a plan embeds; keys are added, never renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.splits.changes import what_if
from cerberus_plan.planner.splits.sensitivity import sensitivities
from cerberus_plan.reports.pages.floor_plan import placement_json


def plan_document(plans: Sequence[Plan], *, changes: Sequence[str] = ()) -> dict[str, Any]:
    """The document for plans of one machine.

    Args:
        plans: The plans, at least one.
        changes: Names of refinements of kernel and hypervisor (``planner.splits.changes``) to plan again with.
    """
    first = plans[0]
    return {
        "machine": {
            "name": first.machine.name,
            "cores": first.machine.topology.n_cpus,
            "description": first.machine.description,
            "measured": first.machine.measured,
            "unstable": first.machine.unstable,
        },
        "cores": first.constraints.cores,
        "host_cores": first.constraints.host_cores,
        "plans": [_plan(plan, changes) for plan in plans],
    }


def _plan(plan: Plan, changes: Sequence[str]) -> dict[str, Any]:
    found = {
        **plan.to_json(),
        "sensitivities": [one.to_json() for one in sensitivities(plan)],
        "placement": placement_json(plan.machine.topology, plan.best.split, host_cores=plan.constraints.host_cores),
    }
    if changes:
        found["what_if"] = [what_if(plan, name).to_json() for name in changes]
    return found
