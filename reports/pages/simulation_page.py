"""The report of a simulation: does the model hold where the plan uses it?

Takes the document of ``simulate --json``; every number shown is in it. When not to use it: for a plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts.dumbbell import dumbbell
from cerberus_plan.reports.formats import ends, estimate, headline, percent, signed_percent
from cerberus_plan.reports.pages import origin, page

_ENGINES = {"jumps": "jump chain", "events": "event heap"}


def simulation_page(result: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of one simulated network.

    Args:
        result: The document of ``simulate --json``.
        command: The command that made it, as a list of arguments.
        version: Version of the program.
    """
    context = {
        "result": result,
        "verdict": headline(result["verdict"]),
        "key_facts": _facts(result),
        "stations": dumbbell(result["stations"], name="stations"),
        **origin.made(result, command, version),
    }
    return page.render("simulation.html.j2", context)


def _facts(result: Mapping[str, Any]) -> list[dict[str, str]]:
    simulated, unit = result["simulated"], result["unit"]
    return [
        {
            "name": "Model",
            "value": estimate(result["analytic"]["throughput"], simulated["low"], simulated["high"], unit),
            "note": f"{signed_percent(result['error'])} against the simulation",
        },
        {
            "name": "Simulated",
            "value": estimate(simulated["throughput"], simulated["low"], simulated["high"], unit),
            "note": f"{percent(simulated['level'])} interval {ends(simulated['low'], simulated['high'])}",
        },
        {
            "name": "Runs",
            "value": f"{result['replications']}, seed {result['seed']}",
            "note": f"{result['completions']:,} cycles, {result['warm_up']:,} of them warm-up",
        },
        {
            "name": "Engine",
            "value": _ENGINES.get(result["engine"], result["engine"]),
            "note": f"{result['events']:,} events, {result['holds_distribution']} holds",
        },
    ]
