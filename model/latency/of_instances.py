"""Response times and headroom of clusters given as instances, as ``solve`` takes them.

Models: ``closed`` without a rate, ``open_network`` with one. When not to use it: for instances that differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypedDict

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.closed import closed_latency
from cerberus_plan.model.latency.cluster import Cluster
from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.model.latency.open_network import headroom as largest_rate
from cerberus_plan.model.latency.open_network import open_latency
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.network import Instance, check_instances, check_stations
from cerberus_plan.model.objective import Slo

# Beyond it a mean says nothing: one request in thousands takes most of the time.
MOST_VARIABILITY = 1000.0


class _Parts(TypedDict):
    local: tuple[Station, ...]
    threads: int
    instances: int
    shared: tuple[Station, ...]


def latency(
    *,
    instances: Sequence[Instance],
    shared: Iterable[Station] = (),
    rate: float | None = None,
    think: float = 0.0,
    variability: float = 1.0,
) -> Latency:
    """Mean and percentiles of the response time of one cycle.

    Args:
        instances: Equal OS instances; their threads are the workers.
        shared: Stations visited by all.
        rate: Cycles a second that arrive from outside, over all instances; None for a closed loop in which each
            thread has one client.
        think: Seconds such a client thinks between two cycles.
        variability: Squared coefficient of variation of the work at delays: 1 for exponential, 0 for fixed holds; with
            a rate only.

    Raises:
        InputError: No instance, instances that differ, a rate that is not positive, think time with a rate.
    """
    parts = _parts(instances, shared)
    if not (0.0 <= think < math.inf):
        raise InputError(f"think = {think!r} must be a finite time of at least 0")
    if not 0.0 <= variability <= MOST_VARIABILITY:
        raise InputError(f"variability = {variability!r} must be between 0 (fixed) and {MOST_VARIABILITY:g}")
    if rate is None:
        if variability != 1.0:
            raise InputError("variability is for requests from outside; give a rate, or leave it out")
        return closed_latency(**parts, think=think)
    if not 0.0 < rate < math.inf:
        raise InputError(f"rate = {rate!r} must be a positive number of cycles a second")
    if think:
        raise InputError("think time belongs to a closed loop; leave out the rate, or the think time")
    return open_latency(Cluster(**parts, variability=variability), rate)


def headroom(*, instances: Sequence[Instance], shared: Iterable[Station] = (), slo: str | None = None) -> float:
    """The largest rate of cycles that arrive from outside at which a limit such as ``"p99=10ms"`` holds.

    Without a limit: the rate from which on queues grow for ever.

    Raises:
        InputError: No instance, instances that differ, or a limit that is none.
    """
    cluster = Cluster(**_parts(instances, shared))
    if slo is None:
        return cluster.capacity
    limit = Slo.parse(slo, "slo")
    return largest_rate(cluster, limit.share, limit.seconds)


def _parts(instances: Sequence[Instance], shared: Iterable[Station]) -> _Parts:
    chosen = check_instances(instances)
    first = chosen[0]
    if any(instance != first for instance in chosen):
        raise InputError("response times are of equal instances; these differ: simulate them, or ask for each alone")
    factor = first.shared_factor
    common = tuple(station.stretched(factor) for station in check_stations(shared))
    return {"local": first.stations, "threads": first.threads, "instances": len(chosen), "shared": common}
