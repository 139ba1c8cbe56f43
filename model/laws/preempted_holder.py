"""A preempted lock holder: what more threads than cores cost a lock, by how its waiters wait.

Models: n threads take turns of Q seconds on c cores. A holder loses its core with probability hold / Q, and has it back
after the others' turns, (n / c - 1) Q. The slice cancels:

    spinning   price = hold (n / c - 1) a cycle, for the whole instance: all its running threads spin meanwhile
    in order   turn = (n - c + 1) Q / (2 c) a cycle of the instance at least: a ticket lock goes to a waiter without a
               core, which gets one after half of the n - c threads that wait for one
    sleeping   price = waits x switch of core time: waiters leave their cores to others, the holder among them

A spin lock's throughput is 1 / max(1 / X + price, turn), X that of c threads at work; a sleeping lock adds its switches
to the work (``laws.run_queue``), and a wake-up to the hold when somebody waits.
Assumptions: slices are long against a cycle; cores are taken in turn; a spinning thread does not yield. A ticket lock
comes into that state at once, since somebody always waits when a slice ends, and does not leave it; measured on two
cores (docs/run-queue.md). Where few threads exceed many cores, or cores take turns in step, more than one cycle a turn
gets through: simulated, up to four times as many. A kernel does not preempt holders of its own spin locks; a hypervisor
does, unless waiters of the guest let go (pause-loop exits, paravirtual locks).
When not to use it: for locks that spin a little and then sleep take sleeping.
Source: lock holder preemption: Uhlig et al., Towards scalable multiprocessor virtual machines, VM (2004); spinning in
order: Friebel and Biemueller, How to deal with lock holder preemption, Xen Summit (2008); the sums are elementary.
"""

from __future__ import annotations

from typing import Any


def spinning(lib: Any, hold: Any, threads: Any, cores: Any) -> Any:
    """Seconds a cycle that an instance loses while a holder of a spin lock waits for a core."""
    return hold * lib.maximum(threads / cores - 1, 0)


def turn(lib: Any, slice_s: Any, threads: Any, cores: Any) -> Any:
    """Least seconds between two owners of a lock that is handed over in order, 0 with a core for each thread."""
    excess = lib.maximum(threads - cores, 0)
    return slice_s / cores * lib.minimum(excess, (excess + 1) / 2)


def sleeping(lib: Any, waits: Any, switch: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Core time of a cycle spent on going to sleep and being woken, ``waits`` times."""
    return waits * switch


def spinning_rate(lib: Any, rate: Any, price: Any, turn_s: Any) -> Any:
    """Cycles a second of an instance that does ``rate`` with its threads at work, at that price and turn [1/s]."""
    return 1 / lib.maximum(1 / rate + price, turn_s)
