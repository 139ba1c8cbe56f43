"""Atomic addition: on private lines, on one line shared by all, on two words of one line.

Throughput to a common deadline. The shared cost is per operation of all threads together, that is the time the
line itself needs for one operation: a pure service time. False sharing must cost more than private lines; if
it does not, the loop does not measure what it claims.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import atomic_add, load, ticks
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Seat
    from cerberus_plan.calibration.primitives.base import Space

#: Operations between two looks at the clock: the look costs about 10 ns, an operation 2 to 100 ns.
_BLOCK = 128
_WORDS_OFFSET = 4096


@kernel
def atomic_add_loop(frame: int, role: int, count: int, area: int) -> int:
    """Add to the word of this role; the first word of the area is the distance between roles [bytes]."""
    word = area + 4096 + load(area) * role
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            atomic_add(word, 1)
        done += count
    return finish(frame, role, done)


def _case(space: Space, name: str, seats: tuple[Seat, ...], stride_bytes: int) -> Case:
    size = _WORDS_OFFSET + max(stride_bytes, 8) * len(seats)
    area = space.area_of([stride_bytes], size_bytes=size)
    return Case(name=name, loop=atomic_add_loop, seats=seats, area=area, deadline=True, count=_BLOCK)


def _prepare(space: Space) -> list[Case]:
    cases = [_case(space, "atomic_add.private.1", space.seats(1), 128)]
    for n in space.counts[1:]:
        cases.append(_case(space, f"atomic_add.shared.{n}", space.seats(n), 0))
        if not space.quick:
            cases.append(_case(space, f"atomic_add.private.{n}", space.seats(n), 128))
    if pair := space.pair():
        cases.append(_case(space, "atomic_add.false_sharing", pair, 8))
        cases.append(_case(space, "atomic_add.next_line", pair, 64))
    return cases


PRIMITIVE = Primitive(
    name="atomic_add",
    description="atomic add on private and shared cache lines",
    stresses="cache coherence",
    feeds="service time of a shared counter or lock word",
    prepare=_prepare,
    derive=directly(
        Direct(name="atomic_add_private", cases=("atomic_add.private.1",), note="lock add, one thread, own line"),
        Direct(
            name="atomic_add_shared",
            cases=("atomic_add.shared.2",),
            note="lock add, two threads on one word, time per operation of both together",
        ),
        Direct(
            name="atomic_add_false_sharing",
            cases=("atomic_add.false_sharing",),
            note="lock add, two threads on two words of one line, per operation of both together",
        ),
        Direct(
            name="atomic_add_next_line",
            cases=("atomic_add.next_line",),
            note="lock add, two threads on neighbouring lines, per operation of both together",
        ),
    ),
)
