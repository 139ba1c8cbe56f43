"""The report of a reproduction: the source paper's numbers beside the model's, every misfit shown.

Takes the document of ``reproduce --json``; every number shown is in it. When not to use it: for a plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts.curves import curves
from cerberus_plan.reports.charts.errors import ROLES, errors, table_row
from cerberus_plan.reports.formats import headline, percent, prefixed, unparted
from cerberus_plan.reports.pages import origin, page


def reproduce_page(result: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of a reproduction.

    Args:
        result: The document of ``reproduce --json``.
        command: The command that made it, as a list of arguments.
        version: Version of the program.
    """
    context = {
        "result": result,
        "verdict": headline(result["verdict"])[0],
        "key_facts": _facts(result),
        "errors": errors(result["facts"], name="errors"),
        "figures": [curves(one, name=f"figure{one['number']}") for one in result["figures"]],
        "orderings": [
            (one["says"], "holds" if one["holds"] else "fails", one["where"])
            for one in sorted(result["predicates"], key=lambda one: one["holds"])
        ],
        "parameters": [
            _parameter(one)
            for one in result["parameters"]
        ],
        "rest": [table_row(fact) for fact in result["facts"] if fact["error"] is None or fact["role"] not in ROLES],
        **origin.made(result, command, version),
    }  # fmt: skip
    return page.render("reproduce.html.j2", context)


def _parameter(one: Mapping[str, Any]) -> tuple[str, ...]:
    unit = one["unit"]
    return (one["name"], *prefixed(one["value"], one["low"], one["high"], unit), unparted(one["source"]))


def _facts(result: Mapping[str, Any]) -> list[dict[str, str]]:
    predicates = result["predicates"]
    one = result["left_out"]["one_by_one"]
    holding = sum(one["holds"] for one in predicates)
    return [
        {
            "name": "Within 10 %",
            "value": f"{result['within_10_percent']} of {result['judged']}",
            "note": "judged quantities",
        },
        {
            "name": "Not seen",
            "value": f"{one['inside']} of {one['of']}",
            "note": "of the fitted quantities lie in 90 % intervals of fits that did not see them",
        },
        {"name": "Median error", "value": percent(result["median_error"]), "note": "of the judged quantities"},
        {"name": "Free numbers", "value": str(result["free_parameters"]), "note": "fitted to the published runs"},
        {"name": "Orderings", "value": f"{holding} of {len(predicates)}", "note": "who is ahead of whom, and where"},
    ]
