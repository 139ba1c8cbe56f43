"""Compare and swap: alone on a private line, and as the retry loop of several threads on one word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import compare_and_swap, load, pause, ticks
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space

_BLOCK = 64


@kernel
def compare_and_swap_loop(frame: int, role: int, count: int, area: int) -> int:
    """Increase the shared word by compare and swap, trying again until it succeeds."""
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            seen = load(area)
            while compare_and_swap(area, seen, seen + 1) != seen:
                pause()
                seen = load(area)
        done += count
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    return [
        Case(
            name=f"compare_and_swap.{n}",
            loop=compare_and_swap_loop,
            seats=space.seats(n),
            area=space.area(),
            deadline=True,
            count=_BLOCK,
        )
        for n in space.counts
    ]


PRIMITIVE = Primitive(
    name="compare_and_swap",
    description="compare and swap on a private and a shared word",
    stresses="cache coherence, failed attempts",
    feeds="service time of lock-free updates (page-table entries in OS clustering)",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="compare_and_swap_private",
            cases=("compare_and_swap.1",),
            note="load and compare-and-swap, one thread",
        ),
        Direct(
            name="compare_and_swap_shared",
            cases=("compare_and_swap.2",),
            note="the same, two threads on one word with retries, per success of both together",
        ),
    ),
)
