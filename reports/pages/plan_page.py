"""The report of a plan: answer first, then the picture that convinces, then the evidence.

Takes plans as the planner made them; every number shown is in the JSON document embedded in the page.
When not to use it: for the terminal (``terminal``) or a notebook (``notebook``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.records import record
from cerberus_plan.model.digits import counted
from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.changes import ranked
from cerberus_plan.planner.splits.draws import FEWEST_DRAWS
from cerberus_plan.planner.splits.sensitivity import Sensitivity
from cerberus_plan.reports import what_if_words as words
from cerberus_plan.reports.charts.frontier import frontier
from cerberus_plan.reports.charts.leaders import leaders
from cerberus_plan.reports.charts.ledger import ledger
from cerberus_plan.reports.charts.scaling import scaling
from cerberus_plan.reports.charts.split_map import split_map
from cerberus_plan.reports.charts.tornado import NEGLIGIBLE, label, tornado
from cerberus_plan.reports.charts.what_if import what_if
from cerberus_plan.reports.formats import (
    ends,
    estimate,
    exact,
    headline,
    percent,
    prefixed,
    quantity,
    quotient,
)
from cerberus_plan.reports.pages import origin, page, provenance, reading
from cerberus_plan.reports.pages.equations import laws_of
from cerberus_plan.reports.pages.floor_plan import floor_plan
from cerberus_plan.reports.pages.live import live_model
from cerberus_plan.reports.pages.measured_points import measured_points
from cerberus_plan.reports.pages.published_points import published_points


def plan_page(
    plans: Sequence[Plan],
    *,
    document: Mapping[str, Any],
    command: Sequence[str],
    version: str,
) -> str:
    """The page for one or more plans of one machine.

    Args:
        plans: The plans, at least one, all for the same machine and constraints.
        document: What ``--json`` prints for them (``plan_document``); embedded for download.
        command: The command that made it, as a list of arguments.
        version: Version of the program.
    """
    first = plans[0]
    inputs = provenance.rows(plans)
    context = {
        "machine": first.machine,
        "constraints": first.constraints,
        "workloads": [
            _workload(plan, f"w{at}", entry)
            for at, (plan, entry) in enumerate(zip(plans, document["plans"], strict=True))
        ],
        "inputs": inputs,
        "counts": provenance.counts(inputs),
        "laws": laws_of(plans),
        "n_draws": FEWEST_DRAWS,
        "model_error": max(plan.model_error for plan in plans),
        **origin.made(document, command, version),
    }  # fmt: skip
    return page.render("plan.html.j2", context)


def _workload(plan: Plan, key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": key,
        "name": plan.workload.name,
        "plan": plan,
        "verdict": headline(plan.verdict),
        "answer": _answer(plan),
        "facts": _facts(plan),
        "risk": _risk(plan),
        "maps": [
            split_map(plan, system, name=f"{key}-map{at}") for at, system in enumerate(reading.clustered_systems(plan))
        ],
        "leaders": leaders(plan, name=f"{key}-leaders"),
        "frontier": frontier(plan, name=f"{key}-frontier") if plan.frontier else None,
        "scaling": scaling(plan, name=f"{key}-scaling", points=[*published_points(plan), *measured_points(plan)])
        if plan.constraints.cores > 1  # one core is no line
        else None,
        "ledger": ledger([(label, one.ledger) for label, one in _compared(plan)], name=f"{key}-ledger"),
        **_change(plan, key, entry),
        "changes": _refinements(plan, entry.get("what_if", ())),
        "floor": floor_plan(plan.machine.topology, plan.best.split, host_cores=plan.constraints.host_cores),
    }


def _change(plan: Plan, key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What would change the decision: sensitivities, and the model that the page's controls compute with."""
    where = f"{plan.workload.name}: sensitivities"
    rows = decode.rows(decode.member(dict(entry), "sensitivities", plan.workload.name), where)
    found = [record(Sensitivity, one, where) for one in rows]
    for at, one in enumerate(found):
        decode.one_of(one.name, f"{where}[{at}]: name", plan.inputs)
    model = live_model(plan)
    return {
        "robust": _robust(found),
        "tornado": tornado(plan, found, name=f"{key}-tornado") if found else None,
        "live": model,
        "live_spec": what_if(plan, list(model["systems"])) if model else None,
    }


def _refinements(plan: Plan, answers: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The table of refinements of kernel or hypervisor: the best split with each, what it does then, what it gains."""
    if not answers:
        return None
    rows = [(one["says"], *words.cells(plan, one, words.TIMES)) for one in ranked(plan.objective, answers)]
    return {
        "columns": ("change", *words.headings(plan)),
        "rows": [("as it is", *words.as_it_is(plan, words.TIMES)), *rows],
    }


def _robust(found: Sequence[Sensitivity]) -> str:
    """Whether any input alone would make another split the better choice, in a sentence."""
    if not found:
        return "No input has an interval, so nothing is known to be in doubt."
    worst = max(found, key=lambda one: one.loss)
    if worst.loss < NEGLIGIBLE:
        return "No input alone, anywhere in its interval, makes another split faster by more than can be measured."
    end = worst.low if worst.low.loss >= worst.high.loss else worst.high
    which = "low" if end is worst.low else "high"
    return (
        f"One input alone costs this choice at most {percent(worst.loss)}: with {label(worst.name)} at the {which} end "
        f"of its interval, {end.vms} × {end.cores_per_vm} ({end.system}) is faster."
    )


def _compared(plan: Plan) -> list[tuple[str, Candidate]]:
    """The best split, the best single instance, the best on all cores and what runs today, each once."""
    found: list[tuple[str, Candidate]] = []
    today = reading.one_big_os(plan)
    for title, candidate in (
        ("best", plan.best),
        ("best single instance", plan.best_single),
        ("all cores", plan.best_all_cores),
        ("one OS on all cores", today),
    ):
        if candidate and not any(reading.same_split(candidate, known) for _, known in found):
            found.append((f"{title}, {reading.split_text(candidate)}", candidate))
    return found


def _times(plan: Plan, other: Candidate | None) -> str:
    """How many times another candidate the recommended split does, with the digits that both intervals warrant."""
    if other is None or other.throughput <= 0.0:
        return "–"
    best = plan.best
    told = estimate(*quotient((best.throughput, best.low, best.high), (other.throughput, other.low, other.high)))
    return f"{told} ×"


def _answer(plan: Plan) -> dict[str, str]:
    """The row of a workload among several."""
    best = plan.best
    return {
        "split": f"{reading.split_text(best)}, {best.system}",
        "throughput": estimate(best.throughput, best.low, best.high, plan.workload.unit),
        "interval": ends(best.low, best.high),
        "single": _times(plan, plan.best_single),
        "today": _times(plan, reading.one_big_os(plan)),
        "loss": percent(best.regret) if plan.objective is None else "–",
    }


def _facts(plan: Plan) -> list[dict[str, str]]:
    best, unit = plan.best, plan.workload.unit
    facts = [
        {"name": "Best split", "value": reading.split_text(best), "note": best.system + _idle(plan)},
        {
            "name": "Throughput",
            "value": estimate(best.throughput, best.low, best.high, unit),
            "note": f"90 % interval {ends(best.low, best.high)}",
        },
    ]
    facts += _aims(plan)
    if best.seconds is not None:
        note = f"90 % interval {ends(best.seconds_low, best.seconds_high)}"
        value = estimate(best.seconds, best.seconds_low, best.seconds_high, "s")
        facts.append({"name": "Time of the job", "value": value, "note": note})
    # the honest comparison first: against the best that one instance can do, then against what runs today
    known = [best]
    for name, other in (
        ("Against the best single instance", plan.best_single),
        ("Against one OS on all cores", reading.one_big_os(plan)),
    ):
        if other is not None and not any(reading.same_split(other, one) for one in known):
            told = estimate(other.throughput, other.low, other.high, unit)
            cores = counted(other.cores, "core")
            facts.append({"name": name, "value": _times(plan, other), "note": f"{other.system} on {cores}: {told}"})
            known.append(other)
    if plan.objective is None:
        note = "expected loss against the best in hindsight"
        facts.append({"name": "Risk", "value": percent(best.regret), "note": note})
    return facts


def _aims(plan: Plan) -> list[dict[str, str]]:
    """What an objective adds: the rate carried, the response time at the rate asked for, the cost."""
    best, facts = plan.best, []
    if plan.objective is not None and best.headroom is not None:
        value = estimate(best.headroom, best.headroom_low, best.headroom_high, plan.workload.unit)
        note = f"within the limits; 90 % interval {ends(best.headroom_low, best.headroom_high)}"
        facts.append({"name": "Carries", "value": value, "note": note})
    if best.latency is not None and best.latency.p99 is not None:
        facts.append({"name": "99th percentile", **_p99(best.latency)})
    if plan.objective is not None and best.cost is not None:
        cost = f"{exact(best.cost)} {plan.objective.prices.unit}"
        facts.append({"name": "Cost", "value": cost, "note": "by the prices given"})
    return facts


def _p99(latency: Latency) -> dict[str, str]:
    """The 99th percentile with the digits of its interval, and the mean beside."""
    low, high = (None if ends is None else ends[-1] for ends in (latency.low, latency.high))
    value, between = prefixed(latency.p99 or 0.0, low, high, "s")
    told = [] if latency.mean is None else [f"mean {quantity(latency.mean, 's')}"]
    told += [] if low is None or high is None else [f"90 % interval {between}"]
    return {"value": value, "note": ", ".join([*told, "at the rate asked for"])}


def _idle(plan: Plan) -> str:
    idle = plan.constraints.usable - plan.best.cores
    return f", {idle} of {plan.constraints.usable} cores left idle" if idle else ", all cores used"


def _risk(plan: Plan) -> str:
    """How sure the answer is, in a sentence; an objective says what it chose by itself."""
    if plan.objective is not None:
        return ""
    chance = plan.best.probability_best
    ties = len(plan.ties)
    if ties == 0:
        all_ = counted(len(plan.candidates), "candidate")
        return f"It is the fastest of {all_} with a probability of {percent(chance)}."
    others = "one other split" if ties == 1 else counted(ties, "other split")
    return (
        f"Among {counted(len(plan.candidates), 'candidate')} the inputs' uncertainty cannot tell {others} from it "
        f"(it is the fastest with a probability of {percent(chance)}); its expected loss against the best is "
        f"{percent(plan.best.regret)}."
    )
