"""Ticket spinlock: the hand-over slows with every waiter, so throughput collapses.

Equation: service_time(k) = hold + handover (k - 1) / 2. All k - 1 waiters spin on one line; on release the line
goes to each in turn, and the next owner gets it, in the mean, after half of them.
Assumptions: exponential holds; what counts is the present number of waiters; the line goes round in no
particular order.
When not to use it: for locks whose waiters spin on private lines (``queue_lock``) or sleep; with more spinning
threads than cores (a descheduled next owner stalls everybody, measured 90 to 180 times slower).
Source: Boyd-Wickizer, Kaashoek, Morris, Zeldovich, Non-scalable locks are dangerous, Linux Symposium (2012).
"""

from __future__ import annotations

from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field


def service_time(lib: Any, customers: Any, hold: Any, handover: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time per completion with ``customers`` present [s]."""
    return hold + handover * (customers - 1) / 2


class TicketLock(Station, kw_only=False):
    """A lock held for ``hold`` seconds a cycle; every waiter adds ``handover / 2`` seconds."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = (
        "hold",
        "handover",
    )

    hold: Parameter
    handover: Parameter = field(kw_only=True)
    name: str = field(default="ticket lock", kw_only=True)
