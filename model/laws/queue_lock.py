"""Queue lock (MCS, CLH): each waiter spins on its own line, so the hand-over is constant.

Equation: service_time(k) = hold + handover min(k - 1, 1). Throughput saturates, it does not collapse.
Assumptions: exponential holds; one line transfer for each contended hand-over.
When not to use it: with more spinning threads than cores (first-come first-served spinning stalls).
Source: Mellor-Crummey, Scott, ACM Transactions on Computer Systems 9 (1991).
"""

from __future__ import annotations

from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field


def service_time(lib: Any, customers: Any, hold: Any, handover: Any) -> Any:
    """Time per completion with ``customers`` present [s]."""
    return hold + handover * lib.minimum(customers - 1, 1)


class QueueLock(Station, kw_only=False):
    """A lock held for ``hold`` seconds a cycle; passing it to a waiter costs ``handover`` seconds."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = (
        "hold",
        "handover",
    )

    hold: Parameter
    handover: Parameter = field(kw_only=True)
    name: str = field(default="queue lock", kw_only=True)
