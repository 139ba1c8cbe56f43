"""Why a fleet cannot keep its rates: how much of them it can, which one lacks what, and what to add.

Models: the same integer program with other goals. ``level``: the largest share of all rates together. ``lacking``: the
smallest sum of what is missing, each as a share of its rate; a machine missing for spread counts as all rates.
``purchases``: the least spent on machines of one kind, for each kind, and of all kinds together.
Assumptions: machines to add cost what those of their kind cost.
When not to use it: where the rates can be kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.planner.fleet.choice import ROUNDING, Program, cost, levels
from cerberus_plan.planner.fleet.fleet import Fleet
from cerberus_plan.planner.fleet.fleet_plan import Lacking, Purchase, Shortage
from cerberus_plan.planner.fleet.offers import Offers
from cerberus_plan.planner.fleet.program import cheapest, most_level
from cerberus_plan.planner.fleet.solve import Goal, enough, solve

# Kinds of machines that are tried alone, the cheapest for what they carry first.
_MOST_KINDS = 8
_MOST_BOUGHT = 1e6


def explain(fleet: Fleet, program: Program, offers: Offers, *, seconds: float) -> Shortage:
    """What is missing, and what would help."""
    free = replace(program, budget=None)
    if program.budget is not None:
        least = cheapest(free, seconds=seconds)
        if least is not None:
            over = cost(program, least) - program.budget
            return Shortage(level=_level(program, seconds), lacking=(), purchases=(), over_budget=over)
    return Shortage(
        level=_level(program, seconds),
        lacking=tuple(_lacking(fleet, free, offers, seconds)),
        purchases=tuple(_purchases(fleet, free, seconds)),
    )


def _level(program: Program, seconds: float) -> float:
    """Share of every rate that can be kept together; 0 where a workload has no place at all."""
    goal = Goal(aim="level", level=(0.0, most_level(program)), most_cost=program.budget)
    try:
        found = solve(program, goal, seconds=seconds)
    except CannotAnswerError:
        return 0.0
    return 0.0 if found is None else float(levels(program, found.allocation).min())


def _lacking(fleet: Fleet, program: Program, offers: Offers, seconds: float) -> Iterator[Lacking]:
    found = solve(program, Goal(aim="short", level=(1.0, 1.0)), seconds=seconds)
    if found is None:
        raise CannotAnswerError("the integer program for what is missing has no answer; report this")
    # what the machines of the answer carry, not what the solver says they lack: that may be a millionth of the rate off
    missing = np.maximum(1.0 - levels(program, found.allocation), 0.0)
    for w, demand in enumerate(fleet.demands):
        machines = int(found.lack[w])
        if missing[w] > ROUNDING or machines:
            reason = "" if program.whole[:, w].any() or program.part[:, w].any() else _refusal(offers, w)
            spread = machines if demand.least_machines > 1 else 0
            yield Lacking(demand=demand, rate=float(missing[w]) * demand.rate, machines=spread, reason=reason)


def _refusal(offers: Offers, w: int) -> str:
    """Why no machine can run a workload: the first reason given."""
    reasons = [answer.reason for (_, other), answer in sorted(offers.items()) if other == w and answer.reason]
    return reasons[0] if reasons else "no machine may run it"


def _purchases(fleet: Fleet, program: Program, seconds: float) -> Iterator[Purchase]:
    """What to add of each kind alone, and of all kinds where that is cheaper, the cheapest first."""
    if not program.whole.any(axis=0).all():
        return
    kinds = _promising(program)
    if not kinds:
        return
    found = [_bought(fleet, program, (i,), seconds / len(kinds)) for i in kinds]
    if len(kinds) > 1 and min(program.prices) > 0.0:
        found.insert(0, _bought(fleet, program, tuple(kinds), seconds))
    seen: list[Purchase] = []
    for one in sorted((one for one in found if one is not None), key=lambda one: one.price):
        if one not in seen:
            seen.append(one)
    yield from seen


def _promising(program: Program) -> Sequence[int]:
    """Kinds that carry most for their price; of which millions would be needed, none."""
    worth = program.whole.max(axis=1) / np.maximum(program.prices, 1e-9 * (max(program.prices) or 1.0))
    ranked = [int(i) for i in np.argsort(-worth, kind="stable") if 0.0 < enough(program, int(i)) <= _MOST_BOUGHT]
    return ranked[:_MOST_KINDS]


def _bought(fleet: Fleet, program: Program, kinds: tuple[int, ...], seconds: float) -> Purchase | None:
    """The fewest machines of these kinds that are missing; None when they cannot help, or no answer was found."""
    # a kind without a price is bought by the machine
    prices = program.prices if len(kinds) > 1 else (1.0,) * len(program.prices)
    try:
        found = solve(replace(program, prices=prices), Goal(aim="buy", level=(1.0, 1.0), buy=kinds), seconds=seconds)
    except CannotAnswerError:
        return None
    if found is None:
        return None
    return Purchase(machines=tuple((fleet.types[i], int(found.extra[i])) for i in kinds if found.extra[i]))
