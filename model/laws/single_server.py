"""Single server: one customer is served, the others wait and cost nothing.

Equation: service_time(k) = demand.
Assumptions: exponential holds (or processor sharing); the server is never idle while somebody waits.
When not to use it: for spinning waiters that slow the holder down (``ticket_lock``, ``test_and_set``).
Source: Baskett, Chandy, Muntz, Palacios (1975), type 1 centre.
"""

from __future__ import annotations

from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field


def service_time(lib: Any, customers: Any, demand: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time per completion with ``customers`` present [s]."""
    return demand + 0 * customers


class Queue(Station, kw_only=False):
    """One server that each customer needs for ``demand`` seconds a cycle."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = ("demand",)

    demand: Parameter
    name: str = field(default="queue", kw_only=True)
