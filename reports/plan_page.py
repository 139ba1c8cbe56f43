"""The report of a plan: answer first, then the picture that convinces, then the evidence.

Takes plans as the planner made them; every number shown is in the JSON document embedded in the page.
When not to use it: for the terminal (``terminal``) or a notebook (``notebook``).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from planner.plan import Candidate, Plan
from reports import page, provenance, reading, runtime
from reports.charts.ledger import ledger
from reports.charts.scaling import Point, scaling
from reports.charts.split_map import split_map
from reports.formats import interval, number, percent


def plan_page(
    plans: Sequence[Plan],
    *,
    document: Mapping[str, Any],
    command: Sequence[str],
    version: str,
    points: Mapping[str, Sequence[Point]] | None = None,
) -> str:
    """The page for one or more plans of one machine.

    Args:
        plans: The plans, at least one, all for the same machine and constraints.
        document: What ``--json`` prints for them; embedded for download.
        command: The command that made it, as a list of arguments.
        version: Version of the program.
        points: Published or measured throughputs to draw on the curves, by workload.

    Raises:
        CannotAnswerError: the chart runtime cannot be made.
    """
    runtime.start()
    first = plans[0]
    context = {
        "version": version,
        "machine": first.machine,
        "constraints": first.constraints,
        "workloads": [_workload(p, f"w{at}", (points or {}).get(p.workload.name, ())) for at, p in enumerate(plans)],
        "inputs": provenance.rows(plans),
        "command": shlex.join(command),
        "document": document,
    }  # fmt: skip
    return page.render("plan.html.j2", context)


def _workload(plan: Plan, key: str, points: Sequence[Point]) -> dict[str, Any]:
    one = reading.one_big_os(plan)
    return {
        "key": key,
        "name": plan.workload.name,
        "plan": plan,
        "gain": _gain(plan, one),
        "facts": _facts(plan, one),
        "risk": _risk(plan),
        "maps": [
            split_map(plan, system, name=f"{key}-map{at}") for at, system in enumerate(reading.clustered_systems(plan))
        ],
        "scaling": scaling(plan, name=f"{key}-scaling", points=points),
        "ledger": ledger(_compared(plan, one), name=f"{key}-ledger"),
    }


def _compared(plan: Plan, one: Candidate | None) -> list[tuple[str, Candidate]]:
    """One big OS and the best split, without repeating the same candidate."""
    found = [] if one is None else [(f"one OS, {one.cores} cores", one)]
    for title, candidate in (("best", plan.best), ("all cores", plan.best_all_cores)):
        if candidate and not any(reading.same_split(candidate, known) for _, known in found):
            found.append((f"{title}, {reading.split_text(candidate)}", candidate))
    return found


def _gain(plan: Plan, one: Candidate | None) -> float | None:
    return plan.best.throughput / one.throughput if one and one.throughput > 0 else None


def _facts(plan: Plan, one: Candidate | None) -> list[dict[str, str]]:
    best, unit = plan.best, plan.workload.unit
    facts = [
        {"name": "Best split", "value": reading.split_text(best), "note": best.system + _idle(plan)},
        {
            "name": "Throughput",
            "value": f"{number(best.throughput, 4)} {unit}",
            "note": f"90 % interval {interval(best.low, best.high, digits=4)}",
        },
    ]
    if best.seconds is not None:
        note = f"90 % interval {interval(best.seconds_low, best.seconds_high, 's')}"
        facts.append({"name": "Time of the job", "value": f"{number(best.seconds)} s", "note": note})
    if one is not None and not reading.same_split(one, best):
        note = f"{one.system} on {one.cores} cores: {number(one.throughput, 4)} {unit}"
        facts.append({"name": "Against one big OS", "value": f"{number(_gain(plan, one) or 0.0)} ×", "note": note})
    facts.append({
        "name": "Risk",
        "value": percent(1.0 - best.probability_best),
        "note": f"that another split is better; expected loss {percent(best.regret)}",
    })  # fmt: skip
    return facts


def _idle(plan: Plan) -> str:
    idle = plan.constraints.usable - plan.best.cores
    return f", {idle} of {plan.constraints.usable} cores left idle" if idle else ", all cores used"


def _risk(plan: Plan) -> str:
    """How sure the answer is, in a sentence."""
    chance = plan.best.probability_best
    ties = len(plan.ties)
    sure = f"The chance that this is the best of {len(plan.candidates)} candidates is {percent(chance)}"
    if ties:
        sure += f"; {ties} other {'split is' if ties == 1 else 'splits are'} within the uncertainty of it"
    return f"{sure}. Given how uncertain the inputs are, choosing it is expected to cost {percent(plan.best.regret)}."
