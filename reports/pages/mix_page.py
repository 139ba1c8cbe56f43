"""The report of a mixture: several workloads on one machine, who gets which cores, and what that is worth.

Takes a mixture as the planner made it; every number shown is in the embedded document. When not to use it: for
workloads planned each alone (``plan_page``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.planner.mixtures.mix_plan import MixPlan
from cerberus_plan.reports.charts.shares import shares
from cerberus_plan.reports.formats import headline, number
from cerberus_plan.reports.pages import origin, page
from cerberus_plan.reports.pages.floor_plan import floor_plan


def mix_page(plan: MixPlan, *, document: Mapping[str, Any], command: Sequence[str], version: str) -> str:
    """The page of a mixture.

    Args:
        plan: The mixture.
        document: What ``--json`` prints for it; embedded for download.
        command: The command that made it, as a list of arguments.
        version: Version of the program.
    """
    mix = document["mix"]
    context = {
        "machine": plan.machine,
        "constraints": plan.constraints,
        "verdict": headline(mix["verdict"]),
        "key_facts": _facts(plan),
        "shares": shares(mix["parts"], name="shares"),
        "floor": floor_plan(plan.machine.topology, plan.split, host_cores=plan.constraints.host_cores),
        "others": [(one["system"], number(one["level"])) for one in mix["other_systems"]],
        "refused": [(one["system"], one["reason"]) for one in mix["refused"]],
        **origin.made(document, command, version),
    }
    return page.render("mix.html.j2", context)


def _facts(plan: MixPlan) -> list[dict[str, str]]:
    parts = plan.parts
    return [
        {
            "name": "Against taking turns",
            "value": f"{number(plan.level)} ×",
            "note": "for the workload that gains least",
        },
        {"name": "System", "value": plan.system, "note": counted(len(plan.split), "instance")},
        {"name": "Cores", "value": f"{sum(plan.split)} of {plan.constraints.usable}", "note": f"{plan.idle} left idle"},
        {"name": "Workloads", "value": str(len(parts)), "note": ", ".join(part.workload.name for part in parts)},
    ]
