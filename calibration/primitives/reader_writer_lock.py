"""Reader-writer spinlock: readers exclude nobody, yet each writes the shared counter twice.

The time per read section of all readers together, without any work inside, is what the counter's cache line
needs: the serial part of an address-space lock that is only ever taken for reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import atomic_add, compare_and_swap, load, pause, store, ticks
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.harness.system_calls import spin, wait_for
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly
from cerberus_plan.calibration.primitives.lock_curves import THINK

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space

_BLOCK = 16
_HOLD = 256


@inlined
def _read(readers: int, writer: int, hold: int) -> int:
    while True:
        wait_for(writer, 0)
        atomic_add(readers, 1)
        if load(writer) == 0:
            break
        atomic_add(readers, -1)
    spin(hold)
    return atomic_add(readers, -1)


@inlined
def _write(readers: int, writer: int, hold: int) -> int:
    while compare_and_swap(writer, 0, 1) != 0:
        pause()
    wait_for(readers, 0)
    spin(hold)
    store(writer, 0)
    return 0


@kernel
def reader_writer_lock_loop(frame: int, role: int, count: int, area: int) -> int:
    """Read sections, every ``share``-th a write section (0: none); words of the area: hold, think, share."""
    hold, think, share = load(area), load(area + 8), load(area + 16)
    readers, writer = area + 4096, area + 4096 + 128
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for i in range(count):
            if share != 0 and (done + i) % share == 0:
                _write(readers, writer, hold)
            else:
                _read(readers, writer, hold)
            spin(think)
        done += count
    return finish(frame, role, done)


def _case(space: Space, name: str, n: int, words: list[int]) -> Case:
    area = space.area_of(words, size_bytes=8192)
    return Case(name=name, loop=reader_writer_lock_loop, seats=space.seats(n), area=area, deadline=True, count=_BLOCK)


def _prepare(space: Space) -> list[Case]:
    cases = []
    for n in space.counts:
        cases.append(_case(space, f"reader_writer_lock.empty.{n}", n, [0, 0, 0]))
        cases.append(_case(space, f"reader_writer_lock.writes_16.{n}", n, [_HOLD, THINK, 16]))
    return cases


PRIMITIVE = Primitive(
    name="reader_writer_lock",
    description="reader-writer spinlock, empty read sections and one write in 16",
    stresses="the shared line that readers write",
    feeds="line time of the reader-writer law",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="reader_writer_lock_uncontended",
            cases=("reader_writer_lock.empty.1",),
            note="empty read section, one thread",
        ),
        Direct(
            name="reader_writer_lock_line",
            cases=("reader_writer_lock.empty.2",),
            note="empty read sections, two threads, per section of both together",
        ),
        Direct(
            name="reader_writer_lock_mixed",
            cases=("reader_writer_lock.writes_16.2",),
            note="sections of 256 iterations, one in 16 a write, two threads, per section of both together",
        ),
    ),
)
