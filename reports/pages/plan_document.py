"""The JSON document of the main command: the plans, what would change them, and where the instances go.

The contract of ``--json`` and what the report of a plan embeds; keys are added, never renamed. It holds what it was
answered from (``planner.saved``), so that any copy of it, printed, saved or taken from a page, can be read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cerberus_plan import __version__
from cerberus_plan.planner.mixtures.mix_plan import MixPlan
from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.saved.answer import given_of, given_of_mix, head
from cerberus_plan.planner.splits.changes import ranked, what_if
from cerberus_plan.planner.splits.sensitivity import sensitivities
from cerberus_plan.reports.pages import reading
from cerberus_plan.reports.pages.floor_plan import placement_json


def plan_document(plans: Sequence[Plan], *, changes: Sequence[str] = (), asked: Sequence[str] = ()) -> dict[str, Any]:
    """The document for plans of one machine.

    Args:
        plans: The plans, at least one.
        changes: Names of refinements of kernel and hypervisor (``planner.splits.changes``) to plan again with.
        asked: Those among them that the user asked for.
    """
    first = plans[0]
    return {
        **head(__version__),
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
        "given": given_of(plans, asked),
    }


def mix_document(plan: MixPlan) -> dict[str, Any]:
    """The document for several workloads planned together."""
    topology = plan.machine.topology
    return {
        **head(__version__),
        "machine": {"name": plan.machine.name, "cores": topology.n_cpus, "measured": plan.machine.measured},
        "cores": plan.constraints.cores,
        "plans": [],
        "mix": {
            **plan.to_json(),
            "placement": placement_json(topology, plan.split, host_cores=plan.constraints.host_cores),
        },
        "given": given_of_mix(plan),
    }


def _plan(plan: Plan, changes: Sequence[str]) -> dict[str, Any]:
    single, today = plan.best_single, reading.one_big_os(plan)
    told = plan.to_json()
    row = {id(candidate): told["candidates"][at] for at, candidate in enumerate(plan.candidates)}
    found = {
        **told,
        "best_single": row.get(id(single)),
        "one_os_all_cores": row.get(id(today)),
        "sensitivities": [one.to_json() for one in sensitivities(plan)],
        "placement": placement_json(plan.machine.topology, plan.best.split, host_cores=plan.constraints.host_cores),
    }
    if changes:
        found["what_if"] = ranked(plan.objective, (what_if(plan, name).to_json() for name in changes))
    return found
