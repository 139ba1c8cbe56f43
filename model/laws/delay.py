"""Delay: time that everybody spends without queueing (computing, thinking, waiting for a remote reply).

Equation: service_time(k) = demand / k, an infinite server.
Assumptions: customers do not disturb each other; any distribution of the delay gives the same answer.
When not to use it: whenever the resource is finite; see ``servers``.
Source: Baskett, Chandy, Muntz, Palacios (1975), type 3 centre.
"""

from __future__ import annotations

from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field


def service_time(lib: Any, customers: Any, demand: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time per completion with ``customers`` present [s]."""
    return demand / customers


class Delay(Station, kw_only=False):
    """Everybody is served at once; ``demand`` is the time each spends here a cycle [s]."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = ("demand",)

    demand: Parameter
    name: str = field(default="think", kw_only=True)
