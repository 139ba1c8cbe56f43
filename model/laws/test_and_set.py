"""Test-and-set lock: every waiter writes the line, and the release must win it from all of them.

Equation: service_time(k) = hold + handover (k - 1).
Assumptions: no back-off; each of the k - 1 waiters' atomic operations is served before the release.
When not to use it: with exponential back-off (nearly constant: use ``queue_lock`` with a measured hand-over).
Source: Anderson, The performance of spin lock alternatives, IEEE TPDS 1 (1990), section III.
"""

from __future__ import annotations

from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field


def service_time(lib: Any, customers: Any, hold: Any, handover: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time per completion with ``customers`` present [s]."""
    return hold + handover * (customers - 1)


class TestAndSetLock(Station, kw_only=False):
    """A lock held for ``hold`` seconds a cycle; every waiter adds ``handover`` seconds to the release."""

    __test__ = False  # a model class whose name pytest would take for a test

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = (
        "hold",
        "handover",
    )

    hold: Parameter
    handover: Parameter = field(kw_only=True)
    name: str = field(default="test-and-set lock", kw_only=True)
