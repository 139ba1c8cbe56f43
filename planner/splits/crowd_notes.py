"""What a plan with more threads than cores rests on, and what spinning would cost it.

Models: nothing of its own; it puts the laws of ``preempted_holder`` into sentences for the plan's candidates.
Equation: an instance at ``rate`` cycles a second loses 1 - 1 / (1 + rate x price) of them to a price a cycle.
Assumptions: a turn takes the machine's ``time_slice``, where that was not measured ``SLICE`` (docs/run-queue.md: a
slice of the fair scheduler is shorter, but ends with a tick, and most kernels tick 250 times a second).
When not to use it: for plans with a core for each thread; then it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cerberus_plan.model.digits import percent
from cerberus_plan.model.laws import preempted_holder
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints
from cerberus_plan.planner.splits.crowd import KERNEL_SPIN_LOCKS, PROCESS_LOCK, spinning_locks
from cerberus_plan.planner.splits.network_of import structure_of

SLICE = 4e-3
# A loss worth a sentence.
_TOLD = 0.005


def crowd_notes(
    machine: Machine,
    workload: Workload,
    constraints: Constraints,
    *,
    ranked: Sequence[Candidate],
    best: Candidate,
    systems: Sequence[System],
) -> Iterator[str]:
    """The warnings that ``overcommit`` asks for, none without it.

    Args:
        machine: The machine planned for.
        workload: The workload planned.
        constraints: What was respected.
        ranked: All candidates, fastest first.
        best: The recommended one.
        systems: The systems planned with.
    """
    if constraints.overcommit <= 1.0:
        return
    single = [system.name for system in systems if not system.overcommits]
    if single:
        yield f"overcommit is not modelled for {', '.join(single)}: no more threads than cores there"
    over = next((c for c in (best, *ranked) if c.overcommit > 1.0 and c.split[0] > 1), None)
    if best.overcommit > 1.0:
        yield (
            f"the recommended split has {best.overcommit:.3g} threads a core: all instances share the cores, and no "
            "run with more threads than cores stands behind it; run it before relying on it"
        )
    if over is not None:
        system = next(system for system in systems if system.name == over.system)
        yield from _spinning(machine, workload, constraints, over, system)


def _spinning(
    machine: Machine, workload: Workload, constraints: Constraints, over: Candidate, system: System
) -> Iterator[str]:
    """What the locks of the fastest split with more threads than cores cost it where waiters spin."""
    spun = spinning_locks(system, machine, workload)
    structure = structure_of(machine, workload, system, vms=over.vms, threads=over.split[0])
    holds = {s.name: float(s.service_times(1)[0]) for s in structure.local}
    where = f"{over.vms} x {over.split[0]} on {constraints.usable} cores"
    threads, cores = sum(over.split), constraints.usable
    rate = over.throughput / workload.units_per_cycle / over.vms
    if PROCESS_LOCK in holds:
        price, lost = _price(holds[PROCESS_LOCK], rate, threads, cores, paid=PROCESS_LOCK in spun)
        slice_s = machine.quantities["time_slice"].value if "time_slice" in machine.quantities else SLICE
        turn = float(preempted_holder.turn(np, slice_s, over.split[0], cores / over.vms))
        in_order = f"one that spins in order (ticket, MCS) does at most {1 / turn:,.0f} cycles a second in each"
        if PROCESS_LOCK in spun:
            cost = f"{workload.name} spins: with {where} preempted holders cost {price:.2g} s a cycle, {percent(lost)}"
            yield f"{cost}; {in_order}"
        else:
            yield (
                f"waiters of {workload.name}'s own lock are taken to sleep: if they spin, {where} loses another "
                f"{percent(lost)} to preempted holders ({price:.2g} s a cycle); {in_order}"
            )
    guests = sum(hold for name, hold in holds.items() if name in KERNEL_SPIN_LOCKS)
    if system.virtualised and guests > 0.0:
        exits = not KERNEL_SPIN_LOCKS & spun
        price, lost = _price(guests, rate, threads, cores, paid=not exits)
        if exits and lost >= _TOLD:
            yield (
                "guests are taken to give up a core on which they spin (pause-loop exits, paravirtual locks); without, "
                f"{where} loses another {percent(lost)} to preempted holders"
            )
        elif not exits:
            cost = f"with {where} that costs {price:.2g} s a cycle, {percent(lost)}"
            yield f"guests spin on while a holder has no core: {cost}"


def _price(hold: float, rate: float, threads: int, cores: int, *, paid: bool) -> tuple[float, float]:
    """Seconds a cycle lost to preempted holders, and the share of throughput; in ``rate`` already when paid."""
    price = float(preempted_holder.spinning(np, hold, threads, cores))
    return price, rate * price if paid else rate * price / (1.0 + rate * price)
