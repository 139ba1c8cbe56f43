"""Threads that take turns on cores, slice by slice: the judge of what a preempted lock holder costs.

Models: instances of n threads each on c cores with one run queue; each instance has a lock. A thread computes, takes
the lock, holds it, and so on. A core takes the next of the queue when its thread's slice is over or its thread sleeps.
Waiters spin, and whoever runs may get the lock; or spin in the order of their arrival (a ticket lock), whether they run
or not; or sleep: the release wakes the first, which tries again when it runs (a mutex, others may be quicker).
Assumptions: exponential times; slices of one length, or with ``vary`` each between 1 - vary and 1 + vary of it; a
switch takes no time.
When not to use it: for cores shared evenly at every moment; ``simulate`` with ``Rules(cores=...)`` is quicker.
Source: none of ``model.laws``: it knows turns and locks only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.kernel import inlined, kernel
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.simulation.random import Generator, exponential, generator, uniform

Whole = npt.NDArray[np.int64]
WAITING = ("spinning", "in order", "sleeping")
_SPINNING, _IN_ORDER, _SLEEPING = range(3)
_COMPUTING, _HOLDING, _WAITS, _ARRIVES = range(4)
_NOBODY = -1
_OWNER, _WAITERS, _WAIT_HEAD = range(3)
_QUEUED, _QUEUE_HEAD = range(2)
_COMPUTE, _HOLD, _SLICE, _VARY = range(4)
# The present time, and that of the next event.
_NOW, _THEN = range(2)


class _State(NamedTuple):
    """Threads, cores, the run queue, each lock's line of waiters (rings) and owner, mean times, and the clock."""

    phase: Whole
    left: Array
    core: Whole
    running: Whole
    ends: Array
    queue: Whole
    line: Whole
    locks: Whole
    counts: Whole
    times: Array
    clock: Array
    rng: Generator


def simulate_slices(
    *,
    threads: int,
    cores: int,
    instances: int = 1,
    compute: float,
    hold: float,
    slice_s: float,
    waiting: str = "spinning",
    vary: float = 0.2,
    slices: int = 20_000,
    seed: int = 0,
) -> float:
    """Cycles per second of all instances together.

    Args:
        threads: Threads of each instance.
        cores: Cores they share.
        instances: Instances, each with a lock of its own.
        compute: Mean time of a cycle outside the lock [s].
        hold: Mean time in it [s].
        slice_s: Length of a turn [s].
        waiting: "spinning", "in order" or "sleeping".
        vary: Share by which slices differ.
        slices: Turns of each core to simulate.
        seed: Any whole number; equal seeds give equal bits.

    Raises:
        InputError: An impossible number, or another way of waiting.
    """
    if waiting not in WAITING:
        raise InputError(f"waiting = {waiting!r} must be one of {', '.join(map(repr, WAITING))}")
    if min(threads, cores, instances, slices) < 1 or not (min(compute, hold, vary) >= 0.0 < slice_s) or vary >= 1.0:
        raise InputError(
            "threads, cores, instances and slices must be at least 1, times positive, vary from 0 to below 1"
        )
    if compute + hold <= 0.0:
        raise InputError("compute and hold are both 0; a cycle must take time")
    total = instances * threads
    state = _State(
        phase=np.full(total, _ARRIVES),
        left=np.zeros(total),
        core=np.full(total, _NOBODY),
        running=np.full(cores, _NOBODY),
        ends=np.zeros(cores),
        queue=np.arange(total),
        line=np.zeros((instances, threads), dtype=np.int64),
        locks=np.tile(np.array([_NOBODY, 0, 0]), (instances, 1)),
        counts=np.array([total, 0]),
        times=np.array([compute, hold, slice_s, vary]),
        clock=np.zeros(2),
        rng=generator(seed),
    )
    end = slices * slice_s
    done = _run(state, WAITING.index(waiting), end)
    return float(done / end)


@inlined
def _push(ring: Whole, counts: Whole, head: int, size: int, i: int) -> None:
    ring[(counts[head] + counts[size]) % ring.size] = i
    counts[size] += 1


@inlined
def _pop(ring: Whole, counts: Whole, head: int, size: int) -> int:
    i = ring[counts[head]]
    counts[head] = (counts[head] + 1) % ring.size
    counts[size] -= 1
    return i


@inlined
def _lock_of(state: _State, i: int) -> int:
    """Threads of one instance are as many apart as there are instances: no instance starts first."""
    return i % state.locks.shape[0]


@inlined
def _take(state: _State, i: int) -> None:
    """The lock is the thread's."""
    state.locks[_lock_of(state, i), _OWNER] = i
    state.phase[i] = _HOLDING
    state.left[i] = state.times[_HOLD] * exponential(state.rng)


@inlined
def _leave_core(state: _State, core: int) -> None:
    i = state.running[core]
    if i != _NOBODY:
        state.core[i] = _NOBODY
        state.running[core] = _NOBODY


@inlined
def _arrive(state: _State, i: int, waiting: int) -> None:
    """A running thread wants the lock."""
    v = _lock_of(state, i)
    if state.locks[v, _OWNER] == _NOBODY:
        _take(state, i)
        return
    state.phase[i] = _WAITS
    if waiting != _SPINNING:
        _push(state.line[v], state.locks[v], _WAIT_HEAD, _WAITERS, i)
    if waiting == _SLEEPING:
        _leave_core(state, state.core[i])


@inlined
def _running_spinner(state: _State, v: int) -> int:
    """One of the running threads that spin at the lock, each as likely; nobody when there is none."""
    found, seen = _NOBODY, 0
    for core in range(state.running.size):
        i = state.running[core]
        if i != _NOBODY and state.phase[i] == _WAITS and _lock_of(state, i) == v:
            seen += 1
            if uniform(state.rng) * seen <= 1.0:
                found = i
    return found


@inlined
def _release(state: _State, v: int, waiting: int) -> None:
    """The lock is free: for the next in line, for a running spinner by chance, or a sleeper is woken to try."""
    lock = state.locks[v]
    lock[_OWNER] = _NOBODY
    if waiting == _SPINNING:
        found = _running_spinner(state, v)
        if found != _NOBODY:
            _take(state, found)
    elif lock[_WAITERS] > 0:
        i = _pop(state.line[v], lock, _WAIT_HEAD, _WAITERS)
        if waiting == _IN_ORDER:
            _take(state, i)
        else:
            state.phase[i] = _ARRIVES
            _push(state.queue, state.counts, _QUEUE_HEAD, _QUEUED, i)


@inlined
def _dispatch(state: _State, core: int, waiting: int) -> None:
    """A free core takes the next of the queue, which may find the lock free, or go back to sleep."""
    while state.running[core] == _NOBODY and state.counts[_QUEUED] > 0:
        i = _pop(state.queue, state.counts, _QUEUE_HEAD, _QUEUED)
        state.running[core] = i
        state.core[i] = core
        varied = 1.0 + state.times[_VARY] * (2.0 * uniform(state.rng) - 1.0)
        state.ends[core] = state.clock[_NOW] + state.times[_SLICE] * varied
        free = state.locks[_lock_of(state, i), _OWNER] == _NOBODY
        spins = state.phase[i] == _WAITS and waiting == _SPINNING and free
        if state.phase[i] == _ARRIVES or spins:
            _arrive(state, i, waiting)


@inlined
def _next_core(state: _State) -> int:
    """The core whose thread finishes something, or whose slice ends, before all others; when is left in the clock."""
    first, then = 0, np.inf
    for core in range(state.running.size):
        i = state.running[core]
        if i == _NOBODY:
            continue
        at = state.ends[core]
        if state.phase[i] != _WAITS:
            at = min(at, state.clock[_NOW] + state.left[i])
        if at < then:
            first, then = core, at
    state.clock[_THEN] = then
    return first


@inlined
def _pass_time(state: _State) -> None:
    """Working threads go on with their work until the next event."""
    spent = state.clock[_THEN] - state.clock[_NOW]
    for core in range(state.running.size):
        i = state.running[core]
        if i != _NOBODY and state.phase[i] != _WAITS:
            state.left[i] = max(state.left[i] - spent, 0.0)
    state.clock[_NOW] = state.clock[_THEN]


@kernel
def _run(state: _State, waiting: int, end: float) -> int:
    """Cycles until ``end``."""
    done = 0
    while True:
        for core in range(state.running.size):
            _dispatch(state, core, waiting)
        core = _next_core(state)
        if state.clock[_THEN] >= end:
            return done
        _pass_time(state)
        i = state.running[core]
        if state.clock[_NOW] >= state.ends[core]:
            _leave_core(state, core)
            _push(state.queue, state.counts, _QUEUE_HEAD, _QUEUED, i)
        elif state.phase[i] == _HOLDING:
            done += 1
            state.phase[i] = _COMPUTING
            state.left[i] = state.times[_COMPUTE] * exponential(state.rng)
            _release(state, _lock_of(state, i), waiting)
        else:
            _arrive(state, i, waiting)
