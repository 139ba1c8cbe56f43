"""A message of one cache line there and back between two processes: polled, and woken through eventfd and futex.

Polling costs a core and two line transfers; waking costs system calls and, across cores, an interrupt and the exit from
idle, which is dear inside a VM. A futex waiter that has not yet gone to sleep answers at polling speed, so that
quantity has two modes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import load, load_word, store, store_word, system_call
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.harness.system_calls import read, wait_for, write
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Seat
    from cerberus_plan.calibration.primitives.base import Space


@inlined
def _fill(box: int, value: int) -> int:
    """Write the payload, then the number that makes it valid."""
    for word in range(1, 8):
        store(box + 8 * word, value)
    store(box, value)
    return value


@inlined
def _drain(box: int) -> int:
    total = 0
    for word in range(1, 8):
        total += load(box + 8 * word)
    return total


@kernel
def message_polled_loop(frame: int, role: int, count: int, area: int) -> int:
    """Two mailboxes of one line each, both polled."""
    mine, other = area + 128 * (1 + role), area + 128 * (2 - role)
    store(other, 0)
    start(frame, role)
    for i in range(1, count + 1):
        if role == 0:
            _fill(other, i)
        wait_for(mine, i)
        _drain(mine)
        if role == 1:
            _fill(other, i)
    return finish(frame, role, count)


@kernel
def message_eventfd_loop(frame: int, role: int, count: int, area: int) -> int:
    """Words of the area: event counter of role 0, of role 1; the payload goes through shared memory."""
    mine, other = load(area + 8 * role), load(area + 8 * (1 - role))
    scratch, box = area + 256 + 128 * role, area + 1024
    start(frame, role)
    for i in range(1, count + 1):
        if role == 0:
            _fill(box, i)
            store(scratch, 1)
            write(other, scratch, 8)
            read(mine, scratch, 8)
        else:
            read(mine, scratch, 8)
            _drain(box)
            store(scratch, 1)
            write(other, scratch, 8)
    return finish(frame, role, count)


@inlined
def _futex_wait(word: int, value: int) -> int:
    while load_word(word) != value:
        system_call(202, word, 0, value - 1, 0, 0, 0)  # FUTEX_WAIT, shared between processes
    return value


@inlined
def _futex_wake(word: int, value: int) -> int:
    store_word(word, value)
    return system_call(202, word, 1, 1, 0, 0, 0)  # FUTEX_WAKE


@kernel
def message_futex_loop(frame: int, role: int, count: int, area: int) -> int:
    """Two futex words, each counting the messages to its role."""
    mine, other = area + 128 * role, area + 128 * (1 - role)
    store_word(other, 0)
    start(frame, role)
    for i in range(1, count + 1):
        if role == 0:
            _futex_wake(other, i)
        _futex_wait(mine, i)
        if role == 1:
            _futex_wake(other, i)
    return finish(frame, role, count)


def _eventfd_case(space: Space, name: str, seats: tuple[Seat, ...]) -> Case:
    first, second = os.eventfd(0), os.eventfd(0)
    space.adopt(first, second)
    area = space.area_of([first, second])
    return Case(name=name, loop=message_eventfd_loop, seats=seats, area=area, count=8, blocking=True)


def _prepare(space: Space) -> list[Case]:
    same = space.pair(process=True, same_core=True)
    cases = [_eventfd_case(space, "message.woken_same_core", same)]
    if pair := space.pair(process=True):
        cases.append(Case(name="message.polled", loop=message_polled_loop, seats=pair, area=space.area()))
        cases.append(_eventfd_case(space, "message.woken", pair))
        cases.append(
            Case(name="message.futex", loop=message_futex_loop, seats=pair, area=space.area(), count=8, blocking=True)
        )
    return cases


PRIMITIVE = Primitive(
    name="message",
    description="message there and back between two processes, polled and woken",
    stresses="line transfer; wake-up, inter-processor interrupt, idle exit",
    feeds="message round trip",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="message_round_trip_polled",
            cases=("message.polled",),
            note="one line each way through shared memory, both sides polling",
        ),
        Direct(
            name="message_round_trip_woken",
            cases=("message.woken",),
            note="shared memory and eventfd, two processes on two cores",
            quantile=MEDIAN,
        ),
        Direct(
            name="message_round_trip_woken_same_core",
            cases=("message.woken_same_core",),
            note="shared memory and eventfd, two processes on one core",
            quantile=MEDIAN,
        ),
        Direct(
            name="message_round_trip_futex",
            cases=("message.futex",),
            note="futex wake and wait, two processes on two cores",
            quantile=MEDIAN,
        ),
    ),
)
