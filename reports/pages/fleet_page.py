"""The report of a fleet: who runs where, what each workload can count on; or what is missing and what to add.

Takes the document of ``fleet --json``; every number shown is in it.
When not to use it: for one machine (``plan_page``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports import fleet_words as words
from cerberus_plan.reports.charts.fleet_machines import fleet_machines
from cerberus_plan.reports.charts.fleet_rates import fleet_rates
from cerberus_plan.reports.formats import percent
from cerberus_plan.reports.pages import origin, page


def fleet_page(document: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of a fleet.

    Args:
        document: What ``fleet --json`` prints.
        command: The command that made it, as a list of arguments.
        version: Version of the program.
    """
    feasible = document["feasible"]
    context = {
        "fleet": document["fleet"],
        "feasible": feasible,
        "verdict": words.verdict(document),
        "key_facts": _facts(document) if feasible else _missing_facts(document),
        "figures": _figures(document) if feasible else [],
        "assignments": [_assignment(document, row) for row in document["assignments"]],
        "notes": [words.loads_note(document), words.proof(document)] if feasible else [],
        "lacking": [] if feasible else list(words.shortfall(document)),
        "purchases": [] if feasible else [_purchase(document, row) for row in document["shortage"]["purchases"]],
        "refused": [(row["workload"], row["machine"], row["reason"]) for row in document["refused"]],
        "warnings": document["warnings"],
        **origin.made(document, command, version),
    }
    return page.render("fleet.html.j2", context, charts=feasible)


def _figures(document: Mapping[str, Any]) -> list[Any]:
    return [
        fleet_rates(document["workloads"], name="rates"),
        fleet_machines(document["machines"], currency=document["currency"], name="machines"),
    ]


def _assignment(document: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[str, ...]:
    unit = next(one["unit"] for one in document["workloads"] if one["name"] == row["workload"])
    return (
        row["workload"],
        str(row["machines"]),
        words.placed(row),
        words.split_words(row),
        words.load(row, unit),
        words.response(row),
        row["limit"],
    )


def _purchase(document: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[str, str]:
    what = " and ".join(f"{one['count']:,} × {one['machine']}" for one in row["machines"])
    return what, words.money(document, row["price"])


def _facts(document: Mapping[str, Any]) -> list[dict[str, str]]:
    machines, workloads = document["machines"], document["workloads"]
    used, there = sum(row["used"] for row in machines), sum(row["count"] for row in machines)
    tightest = min(workloads, key=lambda row: row["headroom"])
    riskiest = max(workloads, key=lambda row: row["risk"])
    return [
        {
            "name": "Cost",
            "value": words.money(document, document["cost"]),
            "note": "the least there is" if document["proven"] and document["objective"] == "cost" else "",
        },
        {"name": "Machines", "value": f"{used:,} of {there:,}", "note": f"{there - used:,} left idle"},
        {"name": "Least headroom", "value": words.room(tightest), "note": tightest["name"]},
        {"name": "Largest risk", "value": percent(riskiest["risk"]), "note": f"{riskiest['name']} misses its rate"},
    ]


def _missing_facts(document: Mapping[str, Any]) -> list[dict[str, str]]:
    machines, shortage = document["machines"], document["shortage"]
    facts = [
        {"name": "Kept of every rate", "value": percent(shortage["level"]), "note": "with all machines"},
        {"name": "Machines", "value": f"{sum(row['count'] for row in machines):,}", "note": "there are"},
        {"name": "Workloads that lack", "value": str(len(shortage["lacking"])), "note": ""},
    ]
    if shortage["over_budget"] is not None:
        facts[2] = {"name": "Over budget", "value": words.money(document, shortage["over_budget"]), "note": ""}
    return facts
