"""How a benchmark loop is written: start together, note the clock, work, note the clock, leave together.

A loop is ``loop(frame, role, count, area) -> operations``: ``frame`` addresses the block below, ``role`` is
0, 1, ... among the workers of one batch, ``count`` is the number of operations (or, for deadline loops, the
operations between two looks at the clock), ``area`` addresses the memory of its case. The body calls
``start`` once, works, and calls ``finish`` once. Timing is inside compiled code: a call from Python costs
as much as the fast primitives.

Latency is measured by counting, throughput by a common deadline: with a count the last part of a contended
batch runs uncontended. The closing barrier keeps a worker that is done from disturbing those that are not.

Layout of the frame (64-bit words; each shared word has a 128-byte line pair of its own):
arrivals 0, generation 128, deadline 256, roles 384, duration 512 [ticks]; from 4096 on 512 bytes a role:
begin, end [ticks], operations, core before, core after, involuntary switches before, after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import int64, njit

from cerberus_plan.calibration.harness.atomics import (
    atomic_add,
    current_cpu,
    load,
    pause,
    store,
    system_call,
    ticks,
    ticks_begin,
    ticks_end,
)
from cerberus_plan.model.mended_cache import kept

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., int]")

ROLES_OFFSET = 384
DURATION_OFFSET = 512
RESULTS_OFFSET = 4096
RESULT_STRIDE = 512
RESULT_WORDS = 7
_SIGNATURE = (int64, int64, int64, int64)


def inlined(function: F) -> F:
    """A helper that compiled loops may call."""
    return cast("F", njit(nogil=True)(function))


def kernel(function: F) -> F:
    """A benchmark loop: compiled on first use, kept on disk, run without the interpreter lock."""
    return cast("F", kept(njit(nogil=True)(function)))


def compile_loop(loop: Any) -> None:
    """Compile (or load from the cache) before anything is timed."""
    loop.compile(_SIGNATURE)


def frame_size(roles: int) -> int:
    """Bytes that a frame for so many roles takes."""
    return RESULTS_OFFSET + RESULT_STRIDE * roles


@inlined
def _involuntary_switches(scratch: int) -> int:
    # getrusage(RUSAGE_THREAD = 1): two timevals and 14 longs, the last of which is ru_nivcsw.
    system_call(98, 1, scratch, 0, 0, 0, 0)
    return load(scratch + 136)


@inlined
def meet(frame: int) -> int:
    """Wait for all roles; the last one to come sets the deadline and lets all go."""
    generation = load(frame + 128)
    if atomic_add(frame, 1) == load(frame + 384) - 1:
        store(frame, 0)
        store(frame + 256, ticks() + load(frame + 512))
        store(frame + 128, generation + 1)
        return 0
    spins = 0
    while load(frame + 128) == generation:
        pause()
        spins += 1
        if spins > 1000:  # two roles may share a core, and the other one must get to run
            system_call(24, 0, 0, 0, 0, 0, 0)  # sched_yield
    return spins


@inlined
def start(frame: int, role: int) -> int:
    """Meet the other roles, note core and clock; returns the common deadline [ticks]."""
    result = frame + 4096 + 512 * role
    meet(frame)
    deadline = load(frame + 256)
    store(result + 40, _involuntary_switches(result + 128))
    store(result + 24, current_cpu())
    store(result, ticks_begin())
    return deadline


@inlined
def finish(frame: int, role: int, operations: int) -> int:
    """Note clock and core, then wait until every role is done; returns ``operations``."""
    end = ticks_end()
    result = frame + 4096 + 512 * role
    store(result + 8, end)
    store(result + 16, operations)
    store(result + 32, current_cpu())
    store(result + 48, _involuntary_switches(result + 128))
    meet(frame)
    return operations
