"""Asks the solver for the best point of a fleet's integer program, and believes only what its sums say.

Rates are summed again from the whole numbers of the answer; one that a solver's tolerance left below its level is asked
for again, a millionth higher. When not to use it: without a goal; ``program`` has those that people ask for.
Source: see ``planner.integer_program``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record
from cerberus_plan.planner.fleet.choice import ROUNDING, Allocation, Counts, Program, levels
from cerberus_plan.planner.fleet.matrix import Variables, rows_of, spent, spent_on, variables_of
from cerberus_plan.planner.integer_program import solve_integer_program

# What a solver's tolerance may be wrong by is put right by asking for so much more.
_STRICTER = 1e-6
_ATTEMPTS = 4
_OPTIMAL, _INFEASIBLE = 0, 2


class Goal(Record):
    """What is wanted of a program.

    Attributes:
        aim: ``cost``, the least; ``cost alone``, a part at its share of a machine's price; ``level``, the highest;
            ``buy``, the least spent on machines beyond the counts; ``short``, the smallest sum of what rates lack.
        level: Smallest and largest common level of the rates.
        most_cost: Most that may be spent, None for no bound.
        buy: Types of which machines may be bought.
        floors: What no workload costs less than; empty where it is not known.
    """

    aim: str
    level: tuple[float, float]
    most_cost: float | None = None
    buy: tuple[int, ...] = ()
    floors: tuple[float, ...] = ()


class Found(Record):
    """A point of the program, with the machines that were bought or are missing."""

    allocation: Allocation
    extra: Counts
    lack: Counts


def solve(program: Program, goal: Goal, *, seconds: float) -> Found | None:
    """The best point; None when there is none.

    Raises:
        CannotAnswerError: No point was found within the time.
    """
    at = variables_of(program)
    stricter = np.ones(len(program.survive))
    for _ in range(_ATTEMPTS):
        found = _attempt(program, goal, at, stricter, seconds=seconds)
        if found is None:
            return None
        missed = levels(program, found.allocation) < goal.level[0] * (1.0 - ROUNDING)
        if goal.aim == "short" or not missed.any():  # what is short may miss its level; by how much, its sums say
            return found
        stricter[missed] += _STRICTER
    raise CannotAnswerError("the integer program's answer misses a rate by rounding; change a rate by a thousandth")


def _nothing_better(goal: Goal) -> float:
    """What the solver's objective is certainly not below: nothing is spent, or the highest level reached."""
    return -goal.level[1] if goal.aim == "level" else 0.0


def _attempt(program: Program, goal: Goal, at: Variables, stricter: Array, *, seconds: float) -> Found | None:
    from scipy.optimize import Bounds

    # prices of one size keep the solver's tolerances meaningful
    scale = max(program.prices) or 1.0
    scaled = replace(program, prices=tuple(price / scale for price in program.prices))
    rows = rows_of(
        scaled,
        at,
        stricter=stricter,
        most_level=goal.level[1] * float(stricter.max()),
        most_machines=_most(program, goal),
    )
    if goal.most_cost is not None:
        rows.add(list(spent(scaled, at)), high=goal.most_cost / scale)
    for w, floor in enumerate(goal.floors):
        rows.add(list(spent_on(scaled, at, w)), low=floor / scale)
    done = solve_integer_program(
        _objective(scaled, goal, at),
        rows.constraint(),
        integrality=_integers(at),
        bounds=Bounds(*_bounds(program, goal, at)),
        seconds=seconds,
    )
    if done.status == _INFEASIBLE:
        return None
    if done.x is None:
        raise CannotAnswerError(
            f"no answer was found within {seconds:g} s ({done.message}); "
            "allow more --seconds, or fewer kinds of machines"
        )
    bound = _nothing_better(goal) if done.mip_dual_bound is None else float(done.mip_dual_bound)
    bound *= -1.0 if goal.aim == "level" else scale
    return _read(program, at, done.x, bound=bound, proven=done.status == _OPTIMAL)


def _read(program: Program, at: Variables, x: Array, *, bound: float, proven: bool) -> Found:
    """The point as counts; a variable that does not exist is zero, and cases of a workload add up."""
    values = np.append(x, 0.0)
    counts = np.rint(values).astype(np.int64)
    members = at.owner[:, None] == np.arange(len(program.survive))
    allocation = Allocation(
        whole=counts[at.whole] @ members,
        part=counts[at.part] @ members,
        shared=counts[at.shared],
        bound=bound,
        proven=proven,
    )
    return Found(allocation=allocation, extra=counts[at.extra], lack=counts[at.lack])


def _objective(program: Program, goal: Goal, at: Variables) -> Array:
    weights = np.zeros(at.total + 1)  # the last for variables that do not exist
    if goal.aim == "short":
        weights[at.short] = 1.0
        weights[at.lack] = float(len(program.survive))
    elif goal.aim == "buy":
        weights[at.extra] = program.prices
    elif goal.aim == "level":
        weights[at.level] = -1.0
    else:
        alone = goal.aim == "cost alone"
        pairs = (pair for w in range(len(program.survive)) for pair in spent_on(program, at, w))
        for place, price in pairs if alone else spent(program, at):
            weights[place] += price
    return weights[:-1]


def _integers(at: Variables) -> Counts:
    """1 for whole numbers."""
    found = np.ones(at.total + 1, dtype=np.int64)
    for real in (at.short, at.reached, at.level):
        found[real] = 0
    return found[:-1]


def _most(program: Program, goal: Goal) -> Array:
    """Machines of each type, with those that may be bought."""
    found = np.array(program.counts, dtype=np.float64)
    for i in goal.buy:
        found[i] += enough(program, i)
    return found


def _bounds(program: Program, goal: Goal, at: Variables) -> tuple[Array, Array]:
    """Smallest and largest value of each variable."""
    low, high = np.zeros(at.total + 1), np.full(at.total + 1, np.inf)
    most = _most(program, goal)
    for i, count in enumerate(most):
        for places in (at.whole[i], at.part[i], at.shared[i]):
            high[places] = count
    high[at.extra] = most - program.counts
    high[at.chosen] = 1.0
    if goal.aim != "short":
        high[at.short] = 0.0
        high[at.lack] = 0.0
        if goal.level[0] > 0.0:
            high[at.chosen[at.threshold == 0.0]] = 0.0  # where everything is lost, no level is reached
    low[at.level], high[at.level] = goal.level
    return low[:-1], high[:-1]


def enough(program: Program, i: int) -> float:
    """Machines of a type that are enough for all workloads that it can carry."""
    loads = program.whole[i]
    lost, least = np.array(program.survive), np.array(program.least)
    needed = np.where(loads > 0.0, np.maximum(np.ceil(1.0 / np.where(loads > 0.0, loads, 1.0)) + lost, least), 0.0)
    return float(needed.sum())
