"""Several equal servers behind one queue: cores, disks, memory channels.

Equation: service_time(k) = demand / min(k, count).
Assumptions: any server can serve any customer; exponential holds.
When not to use it: when customers are bound to one server (then use several single servers).
Source: Lazowska, Zahorjan, Graham, Sevcik, Quantitative System Performance (1984), chapter 8.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field


def service_time(lib: Any, customers: Any, demand: Any, count: Any) -> Any:
    """Time per completion with ``customers`` present [s]."""
    return demand / lib.minimum(customers, count)


class Servers(Station, kw_only=False):
    """``count`` servers, each busy ``demand`` seconds for a customer's cycle."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = (
        "demand",
        "count",
    )
    pure_numbers: ClassVar[frozenset[str]] = frozenset({"count"})
    bounds: ClassVar[dict[str, tuple[float, float]]] = {"count": (1.0, math.inf)}
    demand: Parameter
    count: Parameter
    name: str = field(default="servers", kw_only=True)
