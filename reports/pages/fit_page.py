"""The report of a fit: what the points say about more cores, beside what the usual laws would say.

Takes the document of ``fit --json``; every number shown is in it. When not to use it: for a plan (``plan_page``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports.charts.forecast import forecast
from cerberus_plan.reports.formats import headline, number, percent
from cerberus_plan.reports.pages import origin, page
from cerberus_plan.reports.text.next_runs import to_confirm, to_learn


def fit_page(result: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of one fitted curve.

    Args:
        result: The document of ``fit --json``.
        command: The command that made it, as a list of arguments.
        version: Version of the program.
    """
    context = {
        "result": result,
        "verdict": headline(result["verdict"]),
        "key_facts": _facts(result),
        "forecast": forecast(result, name="forecast"),
        "laws": [
            (law["name"], percent(law["weight"]), law["cause"]) for law in result["laws"] if law["weight"] >= 0.0005
        ],
        "others": [
            (law["name"], number(law["scale"], 4), number(law["contention"], 4), number(law["coherency"], 4))
            for law in result["incumbents"]
        ],
        "points": [(f"{p['n']:g}", number(p["value"], 4), str(p["repeats"]), _use(p)) for p in result["points"]],
        **origin.made(result, command, version),
    }
    return page.render("fit.html.j2", context)


def _use(point: Mapping[str, Any]) -> str:
    return "used" if point["used"] else "kept out"


def _facts(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Three bounds and what to run next."""
    peak, unit, measured = result["peak"], result["count"], result["measured"]
    best = f"above {peak['n']:g}" if peak["rising"] else f"{peak['n']:g}"
    facts = [
        {"name": "Best count", "value": f"{best} {unit}", "note": f"90 % interval {peak['low']:g} to {peak['high']:g}"},
        {
            "name": "Trusted to",
            "value": f"{result['trusted_to']:g} {unit}",
            "note": "beyond it the interval spans more than a factor of three",
        },
        {
            "name": "Measured",
            "value": f"{measured['levels']} counts",
            "note": f"{counted(measured['points'], 'point')} up to {measured['largest_n']:g} {unit}",
        },
    ]
    if result["decided"]:
        facts.append({"name": "To learn the curve", "value": "none needed", "note": "the points decide the question"})
    else:
        value = f"run {result['next']['n']:g} {unit}"
        facts.append({"name": "To learn the curve", "value": value, "note": to_learn(result)})
    if result["confirm"] is not None:
        value = f"run {result['confirm']['n']:g} {unit}"
        facts.append({"name": "To make sure of the best", "value": value, "note": to_confirm(result)})
    return facts
