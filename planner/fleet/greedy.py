"""An answer without a search over all workloads at once: for when the integer program does not end in time.

Models: for the least cost, one workload after the other, the dearest first, takes its cheapest machines of those that
are left. For the most headroom, every machine that is left goes to the workload whose level is lowest then, the one
that lifts it most.
Where even the machines of one workload take too long to choose, it takes those that carry most for their price.
Assumptions: whole machines only.
When not to use it: for a proof; an answer may exist where this finds none.
Source: list scheduling, Graham, Bell System Technical Journal 45 (1966), is the second in its simplest form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.planner.fleet.choice import ROUNDING, Allocation, Counts, Program, alone, cost, levels
from cerberus_plan.planner.fleet.solve import Goal, solve


def one_by_one(program: Program, floors: Sequence[float], *, seconds: float) -> Allocation | None:
    """Every rate kept, one workload after the other; None where one of them finds too little left.

    Args:
        program: The program.
        floors: What each workload costs at least; their sum bounds the answer.
        seconds: Time for all of them.
    """
    count = len(program.survive)
    left, whole = np.array(program.counts), np.zeros(program.whole.shape, dtype=np.int64)
    for w in np.argsort(-np.array(floors), kind="stable").tolist():
        rest = replace(alone(program, w), counts=tuple(left.tolist()), part=np.zeros((left.size, 1)), parts=1)
        try:
            found = solve(rest, Goal(aim="cost", level=(1.0, 1.0)), seconds=seconds / count)
            taken = None if found is None else found.allocation
        except CannotAnswerError:
            taken = by_price(rest)
        if taken is None:
            return None
        whole[:, w] = taken.whole[:, 0]
        left -= whole[:, w]
    found_all = _allocation(whole, bound=float(sum(floors)))
    over = program.budget is not None and cost(program, found_all) > program.budget * (1.0 + ROUNDING)
    return None if over else found_all


def by_price(program: Program) -> Allocation | None:
    """Machines for one workload, those that carry most for their price first, and then without those not needed.

    None where all of them are not enough.
    """
    whole = np.zeros(program.whole.shape, dtype=np.int64)
    loads = program.whole[:, 0]
    able = np.flatnonzero(loads > 0.0)
    order = able[np.argsort(np.array(program.prices)[able] / loads[able], kind="stable")].tolist()
    machines = [i for i in order for _ in range(program.counts[i])]
    for i in machines:
        if _kept(program, whole):
            break
        whole[i, 0] += 1
    if not _kept(program, whole):
        return None
    for i in reversed(order):
        while whole[i, 0]:
            whole[i, 0] -= 1
            if not _kept(program, whole):
                whole[i, 0] += 1
                break
    return _allocation(whole, bound=0.0)


def _kept(program: Program, whole: Counts) -> bool:
    """Whether the rate and the spread of a sole workload are kept."""
    reached = levels(program, _allocation(whole, bound=0.0))[0]
    return bool(reached >= 1.0 - ROUNDING and whole.sum() >= program.least[0])


def level_by_level(program: Program, start: Allocation | None = None) -> Allocation:
    """Machines handed out one by one to the workload that is lowest.

    Args:
        program: The program.
        start: Who has machines already; nobody without it.
    """
    whole = np.zeros(program.whole.shape, dtype=np.int64) if start is None else start.whole.copy()
    found = _allocation(whole, bound=np.inf)
    while (chosen := _lift(program, found)) is not None:
        i, w = chosen
        whole[i, w] += 1
        found = _allocation(whole, bound=np.inf)
    return found


def _lift(program: Program, found: Allocation) -> tuple[int, int] | None:
    """The machine that lifts the lowest workload most, and that workload; None when none is left or affordable."""
    reached = levels(program, found)
    lacking = found.whole.sum(axis=0) < np.array(program.least)
    # a workload below its spread has no level yet; of equal ones that with fewest machines
    w = int(np.lexsort((found.whole.sum(axis=0), np.where(lacking, 0.0, reached)))[0])
    left = np.array(program.counts) - found.used
    if program.budget is not None:
        left[np.array(program.prices) > program.budget * (1.0 + ROUNDING) - cost(program, found)] = 0
    worth = np.where(left > 0, program.whole[:, w], 0.0)
    i = int(np.argmax(worth))
    return (i, w) if worth[i] > 0.0 else None


def _allocation(whole: Counts, *, bound: float) -> Allocation:
    nothing = np.zeros_like(whole)
    return Allocation(whole=whole, part=nothing, shared=nothing.sum(axis=1), bound=bound, proven=False)
