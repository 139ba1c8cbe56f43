"""Which split an objective chooses, what it reaches, and what more or fewer instances would buy.

Rule: a split carries the rate where the low end of its headroom's interval does. Among those that do, "throughput"
takes the largest headroom, "latency" the smallest percentile at the rate (the first limit's, else the 99th), "cost"
the least cost, without a rate the least cost for each unit of headroom; then fewer instances, fewer cores. Where none
carries the rate, the one whose low end is the highest is shown, and said not to; where none carries any, the one whose
lone request comes closest to its limit.
The frontier is what no other split beats in both cost and headroom.
Hence the laws: another limit never gains anything, and a looser one never costs more (tests/planner/objectives).
Assumptions: those of ``reach``. When not to use it: to choose between machines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cerberus_plan.model.objective import COST, THROUGHPUT, Objective, Slo
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.objectives.reach import Answering, Reach
from cerberus_plan.planner.objectives.say import WORTH, reason, rule, verdict, warnings
from cerberus_plan.planner.plan import Candidate, FrontierPoint, LatencyEvidence, Plan

if TYPE_CHECKING:
    from cerberus_plan.planner.objectives.evidence import Evidence

# Of what "latency" is when no limit says so.
_USUAL = Slo(name="p99", seconds=1.0)
# Lone requests whose times differ by less take as long.
_AS_CLOSE = 1.1


def aimed(
    plan: Plan,
    objective: Objective,
    systems: Mapping[str, System] = SYSTEMS,
    evidence: Evidence | None = None,
) -> Plan:
    """The plan with the objective's choice instead of the largest throughput.

    Args:
        plan: The plan.
        objective: What is wanted.
        systems: The systems it was planned with, by name, where they are not those of the registry.
        evidence: What response times say that were measured of other systems than those.

    Raises:
        InputError: The workload is a finite job, or the loss to be survived cannot happen on this machine.
    """
    answering = Answering(plan, systems, evidence)
    found, evidence = answering.reaches(objective), answering.evidence
    best = chosen(found, objective)
    frontier = efficient(found)
    shown = {id(best), *map(id, frontier)}
    told = {id(each.candidate): _told(each, objective, whole=id(each) in shown) for each in found}
    told[id(best.candidate)] = _judged(best, told[id(best.candidate)], objective)
    order = sorted(found, key=lambda each: each is not best)
    all_cores = [each for each in found if each.candidate.cores == plan.constraints.usable]
    most = chosen(all_cores, objective) if all_cores else None
    return replace(
        plan,
        best=told[id(best.candidate)],
        best_all_cores=None if most is None else told[id(most.candidate)],
        ties=(),
        candidates=tuple(told[id(each.candidate)] for each in order),
        objective=objective,
        frontier=points(frontier, told),
        # a rate is carried, or not, at the low end of what a split may do; without one the doubt is told as before
        verdict=(plan.unsure if objective.rate is None else "")
        + verdict(plan, best, told[id(best.candidate)], objective),
        reason=reason(plan, best, found, objective),
        choice_rule=rule(objective),
        warnings=(*_said(plan, evidence), *warnings(told[id(best.candidate)]), *plan.warnings),
        latency_evidence=_as_answer(evidence),
    )


def _said(plan: Plan, evidence: Evidence | None) -> Iterable[str]:
    """What measured response times say."""
    if evidence is None:
        return ()
    from cerberus_plan.planner.objectives.tell import sentences

    return sentences(evidence, plan.workload.unit)


def _as_answer(evidence: Evidence | None) -> LatencyEvidence | None:
    if evidence is None:
        return None
    from cerberus_plan.planner.objectives.tell import told

    return told(evidence)


def value_of(found: Reach, objective: Objective) -> float:
    """What the objective minimises; infinite where the rate is not carried."""
    if not found.meets or found.headroom <= 0.0:
        return math.inf
    if objective.kind == THROUGHPUT:
        return -found.headroom
    if objective.kind == COST:
        return found.cost if objective.rate is not None else found.cost / found.headroom
    slo = objective.slos[0] if objective.slos else _USUAL
    return found.answers.quantile(objective.rate or 0.0, slo)


def chosen(found: Sequence[Reach], objective: Objective) -> Reach:
    """The one that the objective takes; where none carries the rate, the one that comes closest."""
    values = [value_of(each, objective) for each in found]
    if min(values) == math.inf:
        closest = max(found, key=lambda each: (each.headroom_low, each.headroom))
        return closest if closest.headroom > 0.0 else _soonest(found, objective)
    keys: list[tuple[float, int, int, float]] = [
        (value, each.candidate.vms, each.candidate.cores, -each.headroom)
        for value, each in zip(values, found, strict=True)
    ]
    return found[keys.index(min(keys))]


def _soonest(found: Sequence[Reach], objective: Objective) -> Reach:
    """The cheapest of those whose lone request is as close to its limit as anybody could tell."""
    beyond = [_beyond(each, objective) for each in found]
    close = [each for each, value in zip(found, beyond, strict=True) if value <= _AS_CLOSE * min(beyond)]
    return min(close, key=lambda each: (each.cost, each.candidate.vms))


def _beyond(found: Reach, objective: Objective) -> float:
    """How many times its limit a lone request takes; infinite where the loss to be survived leaves nothing."""
    if found.left == 0:
        return math.inf
    return max((found.lone(slo) / slo.seconds for slo in objective.slos), default=0.0)


def efficient(found: Sequence[Reach]) -> list[Reach]:
    """The frontier, cheapest first: each costs more than the one before and carries more."""
    kept: list[Reach] = []
    for each in sorted(found, key=lambda one: (one.cost, -one.headroom, one.candidate.vms)):
        if each.headroom > (kept[-1].headroom * (1.0 + WORTH) if kept else 0.0):
            kept.append(each)
    return kept


def points(frontier: Sequence[Reach], told: dict[int, Candidate]) -> tuple[FrontierPoint, ...]:
    """The frontier with what each step buys."""
    found = []
    before: Reach | None = None
    for each in frontier:
        candidate = told[id(each.candidate)]
        gained = each.headroom - (before.headroom if before else 0.0)
        paid = each.cost - (before.cost if before else 0.0)
        found.append(
            FrontierPoint(
                system=candidate.system,
                vms=candidate.vms,
                cores_per_vm=candidate.cores_per_vm,
                cores=candidate.cores,
                cost=each.cost,
                headroom=each.headroom,
                headroom_low=each.headroom_low,
                p99=None if candidate.latency is None else candidate.latency.p99,
                gain_per_cost=gained / paid if paid > 0.0 else None,
            )
        )
        before = each
    return tuple(found)


def _told(found: Reach, objective: Objective, *, whole: bool) -> Candidate:
    """The candidate with what it reaches; ``whole`` with the interval of its latency."""
    latency = found.latency
    if whole and latency is not None and objective.rate is not None:
        latency = found.answers.latency(objective.rate)
    return replace(
        found.candidate,
        latency=None if latency is None else latency.finite,
        headroom=found.headroom,
        headroom_low=found.headroom_low,
        headroom_high=found.headroom_high,
        headroom_limit=found.binding,
        cost=found.cost,
        meets=found.meets,
    )


def _judged(best: Reach, told: Candidate, objective: Objective) -> Candidate:
    """The chosen split with simulated percentiles where the formula promises none."""
    latency, rate = told.latency, objective.rate
    if latency is None or rate is None or "not promised" not in latency.validity:
        return told
    return replace(told, latency=best.answers.judged(rate, latency).finite)
