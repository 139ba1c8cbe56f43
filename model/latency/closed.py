"""The response time in a closed loop: each worker has one client, who thinks and then asks again.

Models: m equal instances of k workers, N = m k requests in all, think time Z.
Equations: mean = N / X - Z, exactly (Little's law). Percentiles: an arrival finds at each station what a network of
one request less in its instance has there (arrival theorem, exact); a visit with q before it is q + 1 services (at c
servers q - c + 1 of them and its own hold), and the visits are taken as independent.
Exact for one queue alone; within 10 % of the simulator for one queue or group of servers beside delays. At several
queues who waits long at one waits less at the next, for all are somewhere: the tail is then overestimated.
Assumptions: exponential holds, first come first served.
When not to use it: for requests that come whether or not others are done: they queue without bound (``open_network``).
Source: Sevcik and Mitrani, Journal of the ACM 28 (1981); Lavenberg and Reiser (1980), for the arrival theorem.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cerberus_plan.model.latency.cluster import Cluster
from cerberus_plan.model.latency.latency import EXACT, FORMULA, Latency, latency_of
from cerberus_plan.model.latency.open_network import PROMISED
from cerberus_plan.model.latency.response import Stages
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.servers import Servers
from cerberus_plan.model.laws.shared_bandwidth import SharedBandwidth
from cerberus_plan.model.laws.station import Array, Station


def closed_latency(
    *,
    local: Sequence[Station],
    threads: int,
    instances: int = 1,
    shared: Sequence[Station] = (),
    think: float = 0.0,
) -> Latency:
    """Mean and percentiles of the response time, think time left out.

    Raises:
        InputError: A cycle that takes no time.
    """
    thinking = [Delay(think)] if think > 0.0 else []
    cluster = Cluster(local=[*thinking, *local], threads=threads, instances=instances, shared=shared)
    mean = threads * instances / cluster.capacity - think
    found = _visits(cluster, skip=len(thinking))
    visited = [s for s in (*local, *shared) if s.service_times(1)[0] > 0.0]
    if len(visited) == 1 and isinstance(visited[0], Delay):
        return latency_of(found, mean=mean, how=EXACT, validity="")
    return latency_of(found, mean=mean, how=FORMULA, validity=f"mean exact; {_validity(visited)}")


def _validity(visited: Sequence[Station]) -> str:
    if not all(isinstance(station, PROMISED) for station in visited):
        return "a lock slows with its waiters: percentiles are not promised; simulate them"
    if sum(not isinstance(station, Delay) for station in visited) > 1:
        return "several queues: percentiles are not promised, their tail is overestimated; simulate them"
    return "percentiles within 10 % of the simulator's"


def _visits(cluster: Cluster, *, skip: int) -> Stages:
    """The visits to all stations but the first ``skip``, the means of which are exact."""
    holds, stages, numbers = [], [], []
    residences = cluster.full.lengths[:, -1] / cluster.full.rates[-1]
    for station, residence, seen in list(zip(cluster.stations, residences, cluster.seen(), strict=True))[skip:]:
        hold, ahead = _visit(station, seen)
        mean = hold + float(ahead @ np.arange(ahead.size)) * _stage(station)
        # what the approximation of a load-dependent service misses is spread over hold and stages alike
        factor = float(residence) / mean if mean > 0.0 else 1.0
        holds.append(hold * factor)
        stages.append(_stage(station) * factor)
        numbers.append(ahead)
    return Stages(holds=tuple(holds), stages=tuple(stages), numbers=tuple(numbers))


def _stage(station: Station) -> float:
    """Time between two completions of a busy station."""
    alone = float(station.service_times(1)[0])
    return alone / _servers(station)


def _servers(station: Station) -> float:
    if isinstance(station, Servers):
        return float(station.count)
    return float(station.saturation) if isinstance(station, SharedBandwidth) else 1.0


def _visit(station: Station, seen: Array) -> tuple[float, Array]:
    """Mean hold, and the probability of 0, 1, ... completions of others before it."""
    alone = float(station.service_times(1)[0])
    if isinstance(station, Delay):
        return alone, np.ones(1)
    free = max(int(_servers(station)), 1)
    ahead = np.zeros(max(seen.size - free + 1, 1))
    ahead[0] = seen[:free].sum()
    ahead[1:] = seen[free:]
    return alone, ahead
