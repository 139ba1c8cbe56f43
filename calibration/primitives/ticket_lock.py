"""Ticket spinlock: first come, first served, all waiters poll one word; collapses with waiters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import atomic_add, load, store, ticks
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.system_calls import spin, wait_for
from cerberus_plan.calibration.primitives import lock_curves
from cerberus_plan.calibration.primitives.base import Primitive

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Results, Space
    from cerberus_plan.model.quantity import Quantity


@kernel
def ticket_lock_loop(frame: int, role: int, count: int, area: int) -> int:
    """Draw a ticket, wait for it, hold, call the next; think."""
    hold, think, tickets, serving = load(area), load(area + 8), area + 4096, area + 4096 + 128
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            mine = atomic_add(tickets, 1)
            wait_for(serving, mine)
            spin(hold)
            store(serving, mine + 1)
            spin(think)
        done += count
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    return lock_curves.cases(space, "ticket_lock", ticket_lock_loop)


def _derive(results: Results) -> dict[str, Quantity]:
    return lock_curves.polled_lock(results, "ticket_lock")


PRIMITIVE = Primitive(
    name="ticket_lock",
    description="ticket spinlock over hold times and threads",
    stresses="lock hand-over, waiters polling one line",
    feeds="service and hand-over of the ticket lock law",
    prepare=_prepare,
    derive=_derive,
)
