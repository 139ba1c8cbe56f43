"""Shared bandwidth: a resource that all present divide evenly, and that few of them cannot use up alone.

Equation: service_time(k) = demand / min(k, saturation). One customer alone takes ``demand``, limited by itself (a
core's outstanding misses); from ``saturation`` customers on, which need not be a whole number, together they complete
``saturation / demand`` a second and no more. It is the roofline's bound with its knee at ``saturation``.
Assumptions: processor sharing, so any distribution of the demand gives the same answer; no customer is favoured; more
customers than saturate it do not lower the total (row conflicts in memory may take some per cent of it).
When not to use it: for servers of which each serves one customer at a time (``servers``).
Source: Williams, Waterman, Patterson, Roofline, CACM 52 (2009); processor sharing of Baskett, Chandy, Muntz, Palacios
(1975), type 2 centre, with a rate that depends on the number present.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field


def service_time(lib: Any, customers: Any, demand: Any, saturation: Any) -> Any:
    """Time per completion with ``customers`` present [s]."""
    return demand / lib.minimum(customers, saturation)


class SharedBandwidth(Station, kw_only=False):
    """Transfers of ``demand`` seconds a cycle when alone; ``saturation`` customers at a time use all there is."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = ("demand", "saturation")
    bounds: ClassVar[dict[str, tuple[float, float]]] = {"saturation": (1.0, math.inf)}
    pure_numbers: ClassVar[frozenset[str]] = frozenset({"saturation"})
    demand: Parameter
    saturation: Parameter = field(kw_only=True)
    name: str = field(default="shared bandwidth", kw_only=True)
