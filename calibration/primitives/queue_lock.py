"""Queue lock (MCS): each waiter polls a line of its own, so passing the lock on costs the same for any queue.

Source: Mellor-Crummey and Scott, Algorithms for scalable synchronization, ACM TOCS 9(1), 1991.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import atomic_exchange, compare_and_swap, load, store, ticks
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.harness.system_calls import spin, wait_for
from cerberus_plan.calibration.primitives import lock_curves
from cerberus_plan.calibration.primitives.base import Primitive

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Results, Space
    from cerberus_plan.model.quantity import Quantity


@inlined
def _acquire(tail: int, node: int) -> int:
    """Join the queue with ``node``: word 0 names the next node, word 1 says whether we must wait."""
    store(node, 0)
    store(node + 8, 1)
    before = atomic_exchange(tail, node)
    if before != 0:
        store(before, node)
        wait_for(node + 8, 0)
    return before


@inlined
def _release(tail: int, node: int) -> int:
    following = load(node)
    if following == 0:
        if compare_and_swap(tail, node, 0) == node:
            return 0
        while following == 0:  # somebody joined but has not written its name yet
            following = load(node)
    store(following + 8, 0)
    return following


@kernel
def queue_lock_loop(frame: int, role: int, count: int, area: int) -> int:
    """Join the queue, wait on our own line, hold, wake the next; think."""
    hold, think, tail = load(area), load(area + 8), area + 4096
    node = tail + 128 + 128 * role
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            _acquire(tail, node)
            spin(hold)
            _release(tail, node)
            spin(think)
        done += count
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    return lock_curves.cases(space, "queue_lock", queue_lock_loop)


def _derive(results: Results) -> dict[str, Quantity]:
    return lock_curves.queued_lock(results, "queue_lock")


PRIMITIVE = Primitive(
    name="queue_lock",
    description="queue (MCS) lock over hold times and threads",
    stresses="lock hand-over without shared polling",
    feeds="service and hand-over of the queue lock law",
    prepare=_prepare,
    derive=_derive,
)
