"""The integer program of a fleet: how many machines of each type each workload gets.

Models: x[i,w] machines of type i wholly for workload w, s[i] machines of type i cut into q parts, h[i,w] of those
parts for w. With r[i,w] and p[i,w] the load that a machine or a part may carry, as a share of w's rate:

    sum_w x[i,w] + s[i] <= n[i]                                  machines there are
    sum_w h[i,w] <= q s[i],  sum_{w in g} h[i,w] <= s[i]         parts; those of a group g never meet on a machine
    sum_i r x + p h >= t                                         rates: t = 1 for the least cost, else largest
    sum_i x + h >= m[w]                                          spread

A workload is a group of its own unless it carries a label. The second line is enough for every placing: parts are laid
on the s machines one after the other, group by group, and a group of at most s parts meets no machine twice
(McNaughton's wrap-around rule).
Survival: after losing the k machines that do most, the rest must reach t. The sum of the k largest is
min over a of (k a + sum (r - a)+), and the minimum is at one of the r or at 0, so: for some a among them

    sum_i x min(r, a) + h min(p, a) >= t + k a

which of them is a choice of the program (``matrix``). Exact, for any k.
Ties: among the cheapest the one with most headroom, and the other way; then whatever the solver finds.
Floors: no workload costs less than it would alone, with all machines to choose from and parts at their share of the
price; these sums, found first, bring the bound of the whole close to its answer. Where the search does not end in time,
an answer without it (``greedy``) is taken if it is better.
Assumptions: load is spread in proportion to what machines can carry. Rates are compared within 1e-9.
When not to use it: for workloads that need machines of one kind only; that is a division.
Source: McNaughton, Management Science 6 (1959); Bertsimas and Sim, Operations Research 52 (2004), for the sum of the
largest; solved by HiGHS through scipy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.planner.fleet.choice import ROUNDING, Allocation, Program, alone, cost, levels
from cerberus_plan.planner.fleet.greedy import level_by_level, one_by_one
from cerberus_plan.planner.fleet.solve import Goal, solve

# Shares of the time: for all workloads one after the other, alone and with what is left, for the search, and for ties.
_EACH, _SEARCH, _TIES = 0.15, 0.5, 0.2


def cheapest(program: Program, *, seconds: float) -> Allocation | None:
    """The least cost that keeps every rate, and of those the most headroom; None when nothing keeps them.

    Raises:
        CannotAnswerError: No answer was found within the time.
    """
    each = each_alone(program, seconds=_EACH * seconds)
    if each is None:
        return None
    first = together(program, each)
    if first is None:
        floors = tuple(0.0 if one is None else max(one.bound, 0.0) * (1.0 - 1e-7) for one in each)
        goal = Goal(aim="cost", level=(1.0, 1.0), most_cost=program.budget, floors=floors)
        found = _searched(program, goal, lambda: one_by_one(program, floors, seconds=_EACH * seconds), seconds=seconds)
        if found is None:
            return None
        first = found
    spent = cost(program, first) * (1.0 + ROUNDING)
    roomier = Goal(aim="level", level=(1.0, most_level(program)), most_cost=spent)
    return _second(program, first, roomier, seconds=_TIES * seconds)


def roomiest(program: Program, *, seconds: float) -> Allocation | None:
    """The highest common level of all rates, and of those the least cost; None when not every workload has a place.

    Raises:
        CannotAnswerError: No answer was found within the time.
    """
    goal = Goal(aim="level", level=(0.0, most_level(program)), most_cost=program.budget)
    first = _searched(program, goal, lambda: _spread(program), seconds=seconds)
    if first is None:
        return None
    reached = float(levels(program, first).min()) * (1.0 - ROUNDING)
    cheaper = Goal(aim="cost", level=(reached, reached), most_cost=program.budget)
    return _second(program, first, cheaper, seconds=_TIES * seconds)


def _spread(program: Program) -> Allocation | None:
    """Machines handed out one by one; None where a workload is not spread as it must be."""
    found = level_by_level(program)
    return found if (found.whole.sum(axis=0) >= np.array(program.least)).all() else None


def _searched(
    program: Program, goal: Goal, without: Callable[[], Allocation | None], *, seconds: float
) -> Allocation | None:
    """The best by a goal; where the search does not end, the better of what it found and of an answer without it.

    Raises:
        CannotAnswerError: Neither has an answer.
    """
    try:
        found = solve(program, goal, seconds=_SEARCH * seconds)
    except CannotAnswerError:
        other = without()
        if other is None:
            raise
        bound = goal.level[1] if goal.aim == "level" else float(sum(goal.floors))
        return replace(other, bound=bound)
    if found is None:
        return None
    first = found.allocation
    other = None if first.proven else without()
    if other is None or not _better(program, other, first, goal):
        return first
    return replace(other, bound=first.bound)


def _better(program: Program, other: Allocation, first: Allocation, goal: Goal) -> bool:
    """Whether the other is better by the goal alone."""
    if goal.aim == "cost":
        return cost(program, other) < cost(program, first)
    return float(levels(program, other).min()) > float(levels(program, first).min())


def _second(program: Program, first: Allocation, goal: Goal, *, seconds: float) -> Allocation:
    """The best by another goal among the best by the first; the first where the search finds no better in time."""
    try:
        found = solve(program, goal, seconds=seconds)
    except CannotAnswerError:
        return first
    if found is None or not _no_worse(program, found.allocation, first):
        return first
    return replace(found.allocation, bound=first.bound, proven=first.proven)


def _no_worse(program: Program, other: Allocation, first: Allocation) -> bool:
    """Costs as much and has more headroom, or has as much and costs less."""
    dearer = cost(program, other) - cost(program, first)
    roomier = float(levels(program, other).min() - levels(program, first).min())
    return dearer <= ROUNDING * cost(program, first) and roomier >= -ROUNDING


def each_alone(program: Program, *, seconds: float) -> list[Allocation | None] | None:
    """The cheapest machines of each workload alone, a part at its share of the price.

    None stands for a workload whose search did not end in time; all is None when one cannot be kept even so.
    """
    count = len(program.survive)
    found: list[Allocation | None] = []
    for w in range(count):
        try:
            least = solve(alone(program, w), Goal(aim="cost alone", level=(1.0, 1.0)), seconds=seconds / count)
        except CannotAnswerError:
            found.append(None)
            continue
        if least is None:
            return None
        found.append(least.allocation)
    return found


def together(program: Program, each: Sequence[Allocation | None]) -> Allocation | None:
    """What each workload would take alone, where there is enough for all: nothing is cheaper. None elsewhere."""
    taken = [one for one in each if one is not None and one.proven and not one.part.any()]
    if len(taken) < len(each):
        return None
    whole = np.hstack([one.whole for one in taken])
    spent = float(whole.sum(axis=1) @ program.prices)
    if (whole.sum(axis=1) > program.counts).any() or (program.budget is not None and spent > program.budget):
        return None
    nothing = np.zeros_like(whole)
    return Allocation(whole=whole, part=nothing, shared=nothing.sum(axis=1), bound=spent, proven=True)


def most_level(program: Program) -> float:
    """A level that cannot be passed: that of the workload that reaches least with every machine to itself."""
    each = np.maximum(program.whole, program.part)
    return float((np.array(program.counts) @ each).min())
