"""Plans a fleet: asks each machine about each workload, lets the integer program choose, and says what that means.

Models: the program's loads are what a machine may carry (``carried``) over the rate of the workload. Load is spread
over a workload's machines in proportion to what they may carry.
Assumptions: those of ``offers`` and ``program``. When not to use it: for one machine; ``choose.plan`` does that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.planner.fleet import shortage
from cerberus_plan.planner.fleet.carried import latency
from cerberus_plan.planner.fleet.choice import Allocation, Program, cost, levels
from cerberus_plan.planner.fleet.fleet import Fleet
from cerberus_plan.planner.fleet.fleet_plan import Assignment, FleetPlan, Served, Shortage
from cerberus_plan.planner.fleet.offers import Answer, Offer, Offers, distinct, offers, risk_of_missing
from cerberus_plan.planner.fleet.program import cheapest, roomiest
from cerberus_plan.planner.plan import Candidate

if TYPE_CHECKING:
    from cerberus_plan.planner.objectives.evidence import Evidence

# Wall-clock time for the integer program.
SECONDS = 20.0
_KEPT = 1.0 - 1e-9
# A machine that carries a rate so many times over is as good as one that carries it more often.
_PLENTY = 1e6


def plan_fleet(
    fleet: Fleet,
    *,
    pool: Executor | None = None,
    report: Callable[[int, int], None] | None = None,
    seconds: float = SECONDS,
) -> FleetPlan:
    """The plan of a fleet, or why its rates cannot be kept.

    Args:
        fleet: What is asked.
        pool: Where the plans of single machines are made; None for here.
        report: Called with the plans made and to make.
        seconds: Time for the integer program; where it runs out, the answer says how far from the best it may be.

    Raises:
        CannotAnswerError: No answer was found within the time.
    """
    offered = offers(fleet, pool, report)
    program = program_of(fleet, offered)
    search = cheapest if fleet.objective == "cost" else roomiest
    allocation = search(program, seconds=seconds)
    if allocation is None or levels(program, allocation).min() < _KEPT:
        missing = shortage.explain(fleet, program, offered, seconds=seconds)
        return _answer(fleet, offered, program, None, missing)
    return _answer(fleet, offered, program, allocation, None)


def program_of(fleet: Fleet, offered: Offers) -> Program:
    """The integer program of a fleet."""
    shape = len(fleet.types), len(fleet.demands)
    whole, part = np.zeros(shape), np.zeros(shape)
    for (i, w), answer in offered.items():
        for loads, offer in ((whole, answer.whole), (part, answer.part)):
            if offer is not None:
                loads[i, w] = min(offer.carried / fleet.demands[w].rate, _PLENTY)
    labels = {label: n for n, label in enumerate(dict.fromkeys(d.apart for d in fleet.demands if d.apart))}
    return Program(
        counts=tuple(kind.count for kind in fleet.types),
        prices=tuple(kind.price for kind in fleet.types),
        whole=whole,
        part=part,
        parts=fleet.parts,
        survive=tuple(demand.survive for demand in fleet.demands),
        least=tuple(demand.least_machines for demand in fleet.demands),
        groups=tuple(labels.get(d.apart, len(labels) + w) for w, d in enumerate(fleet.demands)),
        budget=fleet.budget,
    )


def _answer(
    fleet: Fleet, offered: Offers, program: Program, allocation: Allocation | None, missing: Shortage | None
) -> FleetPlan:
    found = () if allocation is None else tuple(_assignments(fleet, offered, allocation))
    reached = np.zeros(len(fleet.demands)) if allocation is None else levels(program, allocation)
    bound = None if allocation is None else allocation.bound - (fleet.objective == "headroom")
    return FleetPlan(
        fleet=fleet,
        assignments=found,
        served=() if allocation is None else tuple(_served(fleet, found, reached.tolist())),
        used=(0,) * len(fleet.types) if allocation is None else tuple(allocation.used.tolist()),
        cost=0.0 if allocation is None else cost(program, allocation),
        bound=bound,
        proven=allocation is not None and allocation.proven,
        shortage=missing,
        refused=tuple(_refused(fleet, offered)),
        evaluated=len(distinct(fleet)[1]),
        warnings=tuple(_warnings(fleet, offered, found)),
    )


def _assignments(fleet: Fleet, offered: Offers, allocation: Allocation) -> Iterator[Assignment]:
    """Who runs where, workload by workload, with the load that each machine is to carry."""
    for w, demand in enumerate(fleet.demands):
        rows: list[tuple[int, int, Offer, Evidence | None]] = []
        for i in range(len(fleet.types)):
            answer = offered.get((i, w), Answer())
            for count, offer in ((allocation.whole[i, w], answer.whole), (allocation.part[i, w], answer.part)):
                if count and offer is not None:
                    rows.append((i, int(count), offer, answer.evidence))
        total = math.fsum(count * offer.carried for _, count, offer, _ in rows)
        for i, count, offer, evidence in rows:
            load = demand.rate * offer.carried / total
            yield Assignment(
                kind=fleet.types[i],
                demand=demand,
                machines=count,
                parts=offer.parts,
                candidate=offer.candidate,
                counted_on=offer.counted_on,
                carried=offer.carried,
                limit=offer.limit,
                load=load,
                latency=latency(fleet.types[i].machine, demand.workload, offer.planned, load * offer.parts, evidence),
            )


def _served(fleet: Fleet, assignments: Sequence[Assignment], reached: Sequence[float]) -> Iterator[Served]:
    for demand, level in zip(fleet.demands, reached, strict=True):
        own = [one for one in assignments if one.demand is demand]
        used = [(one.machines, one.candidate) for one in own]
        yield Served(
            demand=demand,
            machines=sum(one.machines for one in own),
            throughput=math.fsum(n * candidate.throughput for n, candidate in used),
            low=math.fsum(n * candidate.low for n, candidate in used),
            high=math.fsum(n * candidate.high for n, candidate in used),
            counted_on=math.fsum(one.machines * one.counted_on for one in own),
            headroom=level - 1.0,
            risk=risk_of_missing(demand.rate, used),
            risk_after_loss=risk_of_missing(demand.rate, _after_loss(own, demand.survive)) if demand.survive else None,
        )


def _after_loss(own: Sequence[Assignment], lost: int) -> list[tuple[int, Candidate]]:
    """The machines left when those that do most are lost."""
    left = []
    for one in sorted(own, key=lambda one: -one.counted_on):
        gone = min(lost, one.machines)
        lost -= gone
        left.append((one.machines - gone, one.candidate))
    return left


def _refused(fleet: Fleet, offered: Offers) -> Iterator[tuple[str, str, str]]:
    for (i, w), answer in sorted(offered.items()):
        if answer.reason:
            yield fleet.types[i].name, fleet.demands[w].name, answer.reason


def _warnings(fleet: Fleet, offered: Offers, found: Sequence[Assignment]) -> Iterator[str]:
    """What the plans in use warn of, each once with those it is about; and what sharing assumes."""
    about: dict[str, list[str]] = {}
    for one in found:
        place = fleet.types.index(one.kind), fleet.demands.index(one.demand)
        for warning in offered[place].warnings:
            about.setdefault(warning, []).append(f"{one.demand.name} on {one.kind.name}")
    if any(one.parts > 1 for one in found):
        yield (
            "machines are shared: each part is planned as if its neighbours were copies of it; check two workloads "
            "that lean on memory or the hypervisor very differently with --mix"
        )
    for warning, pairs in about.items():
        yield f"{', '.join(dict.fromkeys(pairs))}: {warning}"
