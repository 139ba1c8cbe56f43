"""The run queue: how long a thread keeps its core while another wants it, and what sleeping and being woken cost.

    time_slice      two threads that only run, on one core: time that one runs between two turns of the other
    thread_switch   two threads on one core wake each other in turn by futex: half of a round trip
    wake_up         two threads on two cores wake each other: from before the wake until the woken one runs

Running time alone counts for a slice: a gap in a thread's clock, without the other having run, is somebody else's.
Before each wake the waker computes for `_ASLEEP_S`, so that the other one really sleeps and its core may be idle.
Of wake-ups the quick batches count: the others met somebody on that core.
Assumptions: the time stamp counter is one for all cores (the barrier's deadline needs that too).
When not to use it: for slices beside threads that sleep: the scheduler gives those their core earlier.
Source: sched(7), futex(2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import load, pause, store, system_call, ticks
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.clock import ticks_per_second
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly
from cerberus_plan.calibration.primitives.message import message_futex_loop

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space

# A gap in a running thread's clock from which it had lost its core.
_GAP_S = 50e-6
# Longer than a thread takes to fall asleep.
_ASLEEP_S = 30e-6
# Some turns of each, on kernels that tick 250 times a second.
_BATCH_S = 20e-3


@inlined
def _took(frame: int, role: int, time: int) -> int:
    """Count ``time`` instead of what passed from start to finish."""
    result = frame + 4096 + 512 * role
    store(result + 8, load(result) + time)
    return time


@kernel
def time_slice_loop(frame: int, role: int, count: int, area: int) -> int:
    """Words of the area: gap [ticks], role that ran last, whether role 0 is done. Counts turns of role 0."""
    store(area + 128, role)
    store(area + 256, 0)
    start(frame, role)
    running, turns, last = 0, -1, ticks()  # the first turn is begun anywhere in a slice
    while load(area + 256) == 0:
        now = ticks()
        if now - last < load(area) and turns >= 0:
            running += now - last
        last = now
        if load(area + 128) != role:
            store(area + 128, role)
            turns += 1
            if turns == count:
                if role == 0:
                    store(area + 256, 1)
                turns = 0 if role else count
            if turns == 0:
                running = 0
    finish(frame, role, count)
    if role == 0:
        _took(frame, role, running)
    return count


@inlined
def _wake(word: int, value: int) -> int:
    store(word, value)
    return system_call(202, word, 1, 1, 0, 0, 0)  # FUTEX_WAKE


@kernel
def wake_up_loop(frame: int, role: int, count: int, area: int) -> int:
    """Words of the area: sleep [ticks]; then for each role its futex, and when its waker woke it [ticks]."""
    mine, other = area + 128 * (1 + role), area + 128 * (2 - role)
    store(other, 0)
    start(frame, role)
    total = 0
    for i in range(1, count + 1):
        if role == 0:
            _compute(load(area))
            store(other + 8, ticks())
            _wake(other, i)
        while load(mine) != i:
            system_call(202, mine, 0, i - 1, 0, 0, 0)  # FUTEX_WAIT
        total += ticks() - load(mine + 8)
        if role == 1:
            _compute(load(area))
            store(other + 8, ticks())
            _wake(other, i)
    finish(frame, role, count)
    _took(frame, role, total)
    return count


@inlined
def _compute(time: int) -> int:
    end = ticks() + time
    while ticks() < end:
        pause()
    return time


def _prepare(space: Space) -> list[Case]:
    same = space.pair(same_core=True)
    rate = ticks_per_second()
    cases = [
        Case(
            name="run_queue.slice", loop=time_slice_loop, seats=same, area=space.area_of([int(_GAP_S * rate)]), count=2,
            blocking=True, batch_s=_BATCH_S,
        ),
        Case(name="run_queue.switch", loop=message_futex_loop, seats=same, area=space.area(), count=8, blocking=True),
    ]  # fmt: skip
    if pair := space.pair():
        area = space.area_of([int(_ASLEEP_S * rate)])
        cases.append(
            Case(
                name="run_queue.wake_up", loop=wake_up_loop, seats=pair, area=area, count=8, blocking=True, probe=False
            )
        )
    return cases


PRIMITIVE = Primitive(
    name="run_queue",
    description="turns of two threads on one core; falling asleep and being woken",
    stresses="the kernel's scheduler, inter-processor interrupt, idle exit",
    feeds="time slice, switch and wake-up of more threads than cores",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="time_slice",
            cases=("run_queue.slice",),
            note="running time between two turns of another thread on the core",
            quantile=MEDIAN,
        ),
        Direct(
            name="thread_switch",
            cases=("run_queue.switch",),
            note="futex wake and wait of two threads on one core, half of a round trip",
            quantile=MEDIAN,
            factor=0.5,
        ),
        Direct(
            name="wake_up",
            cases=("run_queue.wake_up",),
            note="from before a futex wake until the sleeping thread runs on another core",
        ),
    ),
)
