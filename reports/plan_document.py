"""The JSON document of the main command: the plans, what would change them, and where the instances go.

The contract of ``--json`` and what the report of a plan embeds; keys are added, never renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planner.plan import Plan
from planner.sensitivity import sensitivities
from reports.floor_plan import placement_json


def plan_document(plans: Sequence[Plan]) -> dict[str, Any]:
    """The document for plans of one machine, at least one."""
    first = plans[0]
    return {
        "machine": {
            "name": first.machine.name,
            "cores": first.machine.topology.n_cpus,
            "description": first.machine.description,
            "measured": first.machine.measured,
        },
        "cores": first.constraints.cores,
        "host_cores": first.constraints.host_cores,
        "plans": [_plan(plan) for plan in plans],
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        **plan.to_json(),
        "sensitivities": [one.to_json() for one in sensitivities(plan)],
        "placement": placement_json(plan),
    }
