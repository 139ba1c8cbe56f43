"""What each machine can be counted on to do for each workload: the plan of each pair, once, wherever there is room.

Models: an offer is the split of a machine that may carry most (``carried``) with the stated risk. Its throughput is a
random variable, the plan's predictive distribution read as two halves of a log-normal one through its 5th percentile,
its centre and its 95th; what is counted on is its quantile at the risk. The plan's own recommendation is kept where it
comes within half a percent of the best, so that fleet and plan tell the same.
A part of a machine: with q parts, a split whose number of instances q divides gives each part an equal share of the
instances and of the throughput. So each part is planned as if the others were copies of it: what the machine shares
(memory bandwidth, hypervisor, SMT siblings) is loaded by all of them.
Assumptions: a neighbour loads what is shared as much as the workload itself would.
When not to use it: for two workloads that lean on the same shared station by very different amounts (``mixtures``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import replace
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import Slo
from cerberus_plan.model.record import Record, field
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.fleet.carried import answering, at, carried
from cerberus_plan.planner.fleet.fleet import Fleet
from cerberus_plan.planner.objectives.reach import evidence_of
from cerberus_plan.planner.objectives.served import Served
from cerberus_plan.planner.plan import Candidate, Constraints, Plan
from cerberus_plan.planner.splits.choose import NEGLIGIBLE, plan

if TYPE_CHECKING:
    from cerberus_plan.planner.objectives.bent import Bent
    from cerberus_plan.planner.objectives.evidence import Evidence

# Quantiles are looked for between these many standard deviations.
_FARTHEST = 12.0


class Question(Record):
    """One machine and one workload; equal questions are asked once."""

    machine: Machine
    workload: Workload
    systems: tuple[str, ...]
    constraints: Constraints
    risk: float
    utilisation: float
    parts: int = 1
    slos: tuple[Slo, ...] = ()


class Offer(Record):
    """What a machine, or one of ``parts`` equal parts of it, does for a workload.

    Attributes:
        parts: Parts the machine is cut into; 1 for the whole machine.
        candidate: Split of the part, with its throughput and interval.
        counted_on: Throughput that it reaches with a probability of 1 - risk, in the workload's unit.
        carried: Rate that it may carry, and ``limit``, what keeps that from being more.
        planned: The split of the whole machine as the plan has it, before measured response times bend it.
    """

    parts: int
    candidate: Candidate
    counted_on: float
    carried: float
    limit: str
    planned: Candidate


class Answer(Record):
    """The offers of a machine for a workload, or why there is none.

    Attributes:
        whole: Offer of the whole machine.
        part: Offer of a part of it.
        reason: Why there is none.
        warnings: Those of its plan.
        evidence: What measured response times say; None without any.
    """

    whole: Offer | None = None
    part: Offer | None = None
    reason: str = ""
    warnings: tuple[str, ...] = ()
    evidence: Evidence | None = field(default=None, compare=False)


# (machine type, workload) by their places in the fleet
Offers = Mapping[tuple[int, int], Answer]


def ask(question: Question) -> Answer:
    """Plan the machine for the workload; runs wherever the executor puts it."""
    systems = [SYSTEMS[name] for name in question.systems]
    try:
        found = plan(question.machine, question.workload, systems, _bounded(question.constraints, question.workload))
        evidence = evidence_of(question.machine, question.workload)
    except CannotAnswerError as error:
        return Answer(reason=str(error))
    whole = _best(found, 1, question, evidence)
    if whole is None:
        limits = ", ".join(f"{slo.name} within {_time(slo.seconds)}" for slo in question.slos)
        return Answer(reason=f"no split of it keeps {limits} at any rate with a risk of {100.0 * question.risk:g} %")
    return Answer(
        whole=whole,
        part=_best(found, question.parts, question, evidence) if question.parts > 1 else None,
        warnings=(*_said(question, evidence, whole), *found.warnings),
        evidence=evidence,
    )


def _said(question: Question, evidence: Evidence | None, offer: Offer) -> Iterator[str]:
    """What measured response times say, where the model says otherwise; a limit that nobody can tell."""
    workload = question.workload
    if evidence is not None:
        from cerberus_plan.planner.objectives.tell import sentences

        yield from sentences(evidence, workload.unit)
    if question.slos:
        from cerberus_plan.planner.objectives.say import unclaimed

        if evidence is None:
            answers: Served | Bent = Served.on(question.machine, workload, offer.planned)
        else:
            answers = answering(question.machine, workload, offer.planned, evidence)
        if said := unclaimed(question.slos, answers):
            yield said


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:g} ms" if seconds >= 1e-4 else f"{seconds * 1e6:g} µs"


def _bounded(constraints: Constraints, workload: Workload) -> Constraints:
    """The machine's constraints, and the workload's own where the machine has none."""
    own = {name: bound for name, bound in workload.limits.items() if getattr(constraints, name) is None}
    return replace(constraints, **own) if own else constraints


def offers(fleet: Fleet, pool: Executor | None = None, report: Callable[[int, int], None] | None = None) -> Offers:
    """What every type offers every workload that may use it.

    Args:
        fleet: The fleet.
        pool: Where the plans are made; None for here.
        report: Called with the plans made and to make.
    """
    places, questions = distinct(fleet)
    answers: dict[int, Answer] = {}
    for place, answer in _asked(questions, pool):
        answers[place] = answer
        if report is not None:
            report(len(answers), len(questions))
    return {pair: answers[place] for pair, place in places.items()}


def distinct(fleet: Fleet) -> tuple[dict[tuple[int, int], int], list[Question]]:
    """The questions of a fleet, equal ones once, and the place among them of each (type, workload)."""
    machines = _classes([(one.machine, one.constraints, one.systems) for one in fleet.types])
    workloads = _classes([(one.workload, one.slos) for one in fleet.demands])
    places: dict[tuple[int, int], int] = {}
    known: dict[tuple[int, int], int] = {}
    questions: list[Question] = []
    for i, kind in enumerate(fleet.types):
        for w, demand in enumerate(fleet.demands):
            if demand.on and kind.name not in demand.on:
                continue
            alike = machines[i], workloads[w]
            if alike not in known:
                known[alike] = len(questions)
                questions.append(
                    Question(
                        machine=kind.machine,
                        workload=demand.workload,
                        systems=kind.systems,
                        constraints=kind.constraints,
                        risk=fleet.risk,
                        utilisation=fleet.utilisation,
                        parts=fleet.parts,
                        slos=demand.slos,
                    )
                )
            places[i, w] = known[alike]
    return places, questions


def _classes(things: Sequence[object]) -> list[int]:
    """A number for each thing, the same for equal ones; compared, for most hold tables that have no hash."""
    found: list[object] = []
    numbers = []
    for thing in things:
        same = next((n for n, other in enumerate(found) if other is thing or other == thing), len(found))
        if same == len(found):
            found.append(thing)
        numbers.append(same)
    return numbers


def _asked(questions: Sequence[Question], pool: Executor | None) -> Iterator[tuple[int, Answer]]:
    if pool is None:
        yield from enumerate(map(ask, questions))
        return
    # the largest machines first: the longest plans must not be the last ones running
    order = sorted(range(len(questions)), key=lambda n: -questions[n].constraints.usable)
    futures = {pool.submit(ask, questions[n]): n for n in order}
    for future in as_completed(futures):
        yield futures[future], future.result()


class _Known(Record):
    """A split with what it is capable of: by the plan, or as measured response times bend it (``answers``)."""

    planned: Candidate
    capable: Candidate
    sure: float
    answers: Bent | None = None


def _best(found: Plan, parts: int, question: Question, evidence: Evidence | None) -> Offer | None:
    """The split that may carry most, of those that can be cut into ``parts``; None when none may carry anything."""
    possible = [_known(candidate, question, evidence) for candidate in found.candidates if candidate.vms % parts == 0]
    best: Offer | None = None
    for one in sorted(possible, key=lambda one: -one.sure):
        if best is not None and question.utilisation * one.sure / parts <= best.carried:
            break  # nor can any of the others, which can be counted on for less
        offer = _offer(one, parts, question)
        if offer.carried > (0.0 if best is None else best.carried):
            best = offer
    if best is None or found.best.vms % parts:
        return best
    recommended = _offer(next(one for one in possible if one.planned is found.best), parts, question)
    return recommended if recommended.carried >= best.carried * (1.0 - NEGLIGIBLE) else best


def _known(candidate: Candidate, question: Question, evidence: Evidence | None) -> _Known:
    """What a split is capable of, and can be counted on for."""
    if evidence is None:
        return _Known(planned=candidate, capable=candidate, sure=counted_on(candidate, question.risk))
    answers = answering(question.machine, question.workload, candidate, evidence)
    low, middle, high = (rate for rate, _ in answers.headrooms((), None))
    capable = replace(candidate, throughput=middle, low=low, high=high)
    return _Known(planned=candidate, capable=capable, sure=counted_on(capable, question.risk), answers=answers)


def _offer(one: _Known, parts: int, question: Question) -> Offer:
    may, limit = carried(
        question.machine, question.workload, one.planned, counted_on=one.sure, utilisation=question.utilisation,
        slos=question.slos, answers=one.answers, deviations=_deviations(question.risk),
    )  # fmt: skip
    return Offer(
        parts=parts,
        candidate=_part_of(one.capable, parts),
        counted_on=one.sure / parts,
        carried=may / parts,
        limit=limit,
        planned=one.planned,
    )


def _part_of(candidate: Candidate, parts: int) -> Candidate:
    """An equal share of the instances of a split, and of what they do together."""
    if parts == 1:
        return candidate
    return replace(
        candidate,
        split=candidate.split[: candidate.vms // parts],
        throughput=candidate.throughput / parts,
        low=candidate.low / parts,
        high=candidate.high / parts,
        seconds=None,
        seconds_low=None,
        seconds_high=None,
    )


def counted_on(candidate: Candidate, risk: float) -> float:
    """Throughput that a split reaches with a probability of 1 - risk."""
    return _at(candidate, _deviations(risk))


@cache
def _deviations(risk: float) -> float:
    return NormalDist().inv_cdf(risk)


def _at(candidate: Candidate, deviations: float) -> float:
    """The throughput so many standard deviations above its centre: two halves of a log-normal distribution."""
    return at(candidate.low, candidate.throughput, candidate.high, deviations)


def risk_of_missing(rate: float, used: Iterable[tuple[int, Candidate]]) -> float:
    """Probability that machines together do less than a rate, when all err alike.

    Equation: the p with sum_j n_j q_j(p) = rate, q_j the quantile function of a machine; exact for machines of one
    kind, whose errors are the same, and above the truth for risks below a half where kinds err apart.

    Args:
        rate: The rate.
        used: Numbers of machines and what each of them does.
    """
    machines = list(used)

    def total(deviations: float) -> float:
        return math.fsum(n * _at(candidate, deviations) for n, candidate in machines)

    low, high = -_FARTHEST, _FARTHEST
    if total(low) >= rate:
        return 0.0
    if total(high) < rate:
        return 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2.0
        low, high = (low, middle) if total(middle) >= rate else (middle, high)
    return NormalDist().cdf(high)
