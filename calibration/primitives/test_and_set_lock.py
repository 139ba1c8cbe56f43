"""Test-and-set spinlock: whoever swaps first has it; unfair, all waiters fight for one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import atomic_exchange, load, pause, store, ticks
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.system_calls import spin
from cerberus_plan.calibration.primitives import lock_curves
from cerberus_plan.calibration.primitives.base import Primitive

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Results, Space
    from cerberus_plan.model.quantity import Quantity


@kernel
def test_and_set_lock_loop(frame: int, role: int, count: int, area: int) -> int:
    """Swap a one into the word until a zero comes back; hold; store zero; think."""
    hold, think, word = load(area), load(area + 8), area + 4096
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            while atomic_exchange(word, 1) != 0:
                pause()
            spin(hold)
            store(word, 0)
            spin(think)
        done += count
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    return lock_curves.cases(space, "test_and_set_lock", test_and_set_lock_loop)


def _derive(results: Results) -> dict[str, Quantity]:
    return lock_curves.polled_lock(results, "test_and_set_lock")


PRIMITIVE = Primitive(
    name="test_and_set_lock",
    description="test-and-set spinlock over hold times and threads",
    stresses="lock hand-over, waiters writing one line",
    feeds="service and hand-over of the test-and-set law",
    prepare=_prepare,
    derive=_derive,
)
