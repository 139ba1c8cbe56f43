"""The response time of requests that arrive at a cluster from outside, and the largest rate that keeps it.

Models: m equal instances, each fed a Poisson stream of its share of the rate and serving with k workers.
Equations: mean = (sum of numbers at stations) / rate + P(wait) v / (X(k) - a), v = (1 + c^2) / 2 with c^2 the
variability of completions (``variability``), as in the M/G/k queue. Percentiles: the visit to each station and the wait
for a worker are taken as independent parts (``response``); a visit is exponential of its mean, at stations of c
servers a hold and with some probability a wait.
Exact for M/M/1 and M/M/c, for tandems of first-come queues with unlimited workers; elsewhere within 10 % of the
simulator (tests/model/latency) for delays, queues and servers up to 95 % of the capacity, 75 % where instances share a
station or locks slow their service by up to three times; for steeper locks a formula without such a promise.
Assumptions: exponential holds, first come first served. Work at delays may vary less or more (``variability`` of the
cluster, gamma distributed): then as in the M/G/k queue, within 20 % of direct simulation of that.
When not to use it: for bursts of arrivals, or closed loops of clients (``closed``).
Source: Jackson (1957); Reich (1957) and Walrand (1988) for independent sojourns in tandem.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from cerberus_plan.model.digits import percent
from cerberus_plan.model.latency.chain import Chain, steady
from cerberus_plan.model.latency.cluster import Cluster, Operating
from cerberus_plan.model.latency.latency import EXACT, FORMULA, Latency, latency_of, never
from cerberus_plan.model.latency.response import LEAST_VARIABILITY, Sum
from cerberus_plan.model.laws.allocator_search import AllocatorSearch
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.servers import Servers
from cerberus_plan.model.laws.shared_bandwidth import SharedBandwidth
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.laws.test_and_set import TestAndSetLock
from cerberus_plan.model.laws.ticket_lock import TicketLock

# Stations for which percentiles are promised, and locks for which they are where all workers at one of them slow its
# service by no more than this factor; beyond it who waits long makes others wait longer still.
PROMISED = (Delay, Queue, Servers, SharedBandwidth)
GENTLE_LOCKS = (TicketLock, TestAndSetLock, AllocatorSearch)
GENTLE = 3.0
# Share of the capacity up to which they are, without and with stations that instances share.
PROMISED_LOAD, PROMISED_SHARED_LOAD = 0.95, 0.75
# Relative accuracy of a headroom; the slack that is aimed at is half of it, so that what is found keeps the limit.
_CLOSE = 1e-9
_AIM = _CLOSE / 2.0
# Steps that do not halve the bracket before it is halved; nearest to its ends that it is cut, as a share.
_PATIENCE, _INSIDE = 3, 1e-6


def response_time(cluster: Cluster, rate: float) -> Sum | None:
    """The response time at ``rate`` requests a second over all instances, None when the queue grows for ever."""
    if rate not in cluster.responses:
        arrivals = rate / cluster.instances
        found = cluster.at(arrivals)
        if found.chain is None:
            return None
        cluster.responses[rate] = _parts(cluster, found, found.chain, arrivals)
    return cluster.responses[rate]


def _parts(cluster: Cluster, found: Operating, chain: Chain, arrivals: float) -> Sum:
    residences = found.lengths @ chain.busy / arrivals
    varies = holds_vary(cluster)
    holds, chances, waits = [0.0], [chain.waits], [chain.wait * (1.0 + variability(found, varies)) / 2.0]
    for position, station in enumerate(cluster.stations):
        own = position < len(cluster.stations) - cluster.n_shared
        flow = arrivals if own else arrivals * cluster.instances
        hold, chance, wait = _visit(station, float(residences[position]), flow)
        holds.append(hold)
        chances.append(chance)
        waits.append(wait)
    parts = Sum(
        holds=np.array(holds),
        chances=np.array(chances),
        waits=np.array(waits),
        variability=np.array([1.0, *varies]),
    )
    return _no_less_than_pooled(cluster, parts, arrivals * cluster.instances)


def _no_less_than_pooled(cluster: Cluster, found: Sum, rate: float) -> Sum:
    """Waits no shorter than if all instances took their requests from one queue.

    Where the instances wait for one shared station their queues grow together, which the states taken as independent
    do not show; one queue for all never makes anybody wait longer in the mean.
    """
    if not cluster.n_shared or found.chances[0] == 0.0:
        return found
    pooled = steady(rate, cluster.pooled)
    if pooled is None:
        return found
    waiting = pooled.waits * pooled.wait
    missing = min(pooled.at_work / rate + waiting - found.mean, waiting)
    if missing <= 0.0:
        return found
    waits = found.waits.copy()
    waits[0] += missing / found.chances[0]
    return replace(found, waits=waits)


def holds_vary(cluster: Cluster) -> Array:
    """Squared coefficient of variation of the holds at each station: as said of work of its own, else exponential."""
    least = max(cluster.variability, LEAST_VARIABILITY)
    return np.array([least if isinstance(station, Delay) else 1.0 for station in cluster.stations])


def variability(found: Operating, varies: Array) -> float:
    """Squared coefficient of variation of the completions of an instance with all workers at work.

    Equation: sum of e_i^2 c_i, with e_i = L_i(k) - L_i(k - 1) the elasticity of the rate in the demand of station i and
    c_i the variability of its holds. Over n completions the mean hold strays by a variance of c_i / n of its
    square, and the rate by e_i^2 of that. One station: c, as in M/G/k; k workers at delays one after the other: that
    of their sum.
    """
    elasticity = found.lengths[:, -1] - found.lengths[:, -2]
    return float(elasticity**2 @ varies)


def _visit(station: Station, residence: float, flow: float) -> tuple[float, float, float]:
    """Mean hold, probability and mean of a wait at a station: several servers make waits rarer than holds."""
    if isinstance(station, Servers | SharedBandwidth):
        hold = float(station.service_times(1)[0])
        count = float(station.count if isinstance(station, Servers) else station.saturation)
        spare = count / hold - flow if hold > 0.0 else math.inf
        waited = residence - hold
        if waited > 0.0 and spare > 0.0:
            chance = min(waited * spare, 1.0)
            return hold, chance, waited / chance
    return residence, 0.0, 0.0


def open_latency(cluster: Cluster, rate: float) -> Latency:
    """Mean and percentiles at ``rate`` requests a second over all instances; all infinite when it is unstable."""
    found = response_time(cluster, rate)
    if found is None:
        return never(EXACT, unstable(cluster))
    return latency_of(found, how=how(cluster), validity=validity(cluster, rate))


def how(cluster: Cluster) -> str:
    """Exact for what is M/M/1 or M/M/k, a formula else."""
    kinds = {type(s) for s in cluster.stations if s.service_times(1)[0] > 0.0}
    alone = len([s for s in cluster.stations if s.service_times(1)[0] > 0.0]) == 1 and not cluster.n_shared
    exponential = cluster.variability == 1.0 or Delay not in kinds
    return EXACT if alone and exponential and kinds <= {Delay, Queue} else FORMULA


def validity(cluster: Cluster, rate: float) -> str:
    """What the percentiles hold for, empty where they are exact."""
    if cluster.collapses:
        return (
            f"metastable: with all workers busy it completes {cluster.capacity:.4g}/s, fewer than at its peak; "
            "a burst may take it over the peak for long, and percentiles do not hold then"
        )
    if how(cluster) == EXACT:
        return ""
    locks = [station for station in cluster.stations if not isinstance(station, PROMISED)]
    if not all(_gentle(station, cluster) for station in locks):
        return "a lock slows much with its waiters: percentiles are not promised; simulate them"
    most = PROMISED_SHARED_LOAD if cluster.n_shared or locks else PROMISED_LOAD
    if rate > most * cluster.capacity:
        return f"above {percent(most)} of the capacity percentiles are not promised; simulate them"
    return "percentiles within 10 % of the simulator's"


def _gentle(station: Station, cluster: Cluster) -> bool:
    """Whether a lock is an instance's own, of a kind that was judged, and slows little."""
    times = station.service_times(cluster.threads)
    own = any(station is each for each in cluster.stations[: len(cluster.stations) - cluster.n_shared])
    return own and isinstance(station, GENTLE_LOCKS) and bool(times[-1] <= GENTLE * times[0])


def unstable(cluster: Cluster) -> str:
    """Why there is no response time."""
    return f"unstable: no more than {cluster.capacity:.4g}/s are ever completed, so the queue grows for ever"


def headroom(cluster: Cluster, probability: float | None, seconds: float, factor: float = 1.0) -> float:
    """The largest rate over all instances at which the response time stays within ``seconds``.

    Args:
        cluster: The instances.
        probability: Share of the requests that must be done by then; None for their mean.
        seconds: The limit.
        factor: On all times of the cluster.
    """
    limit = seconds / factor

    def slack(rate: float) -> float:
        """Above 0 where the limit holds; nearly a straight line in the rate, for a wait of rate X(k) - a is one."""
        found = response_time(cluster, rate)
        if found is None:
            return -math.inf
        if probability is None:
            return limit / found.mean - 1.0
        return math.log((1.0 - probability) / max(found.tail(limit), 1e-12))

    return largest(slack, cluster.capacity, known=cluster.responses) / factor


def largest(slack: Callable[[float], float], capacity: float, known: Iterable[float] = ()) -> float:
    """The largest rate below the capacity whose slack is not negative, 0 where there is none.

    The slack falls with the rate. Rates at which it costs little are looked at first; then a curve through three points
    (inverse quadratic interpolation) or a line cuts the bracket, aimed a hair to the safe side, by halves where they
    do not help (Chandrupatla's rule).

    Args:
        slack: Falls with the rate.
        capacity: The rate that is not passed.
        known: Rates at which the slack costs little.
    """
    low, high = capacity * 1e-9, capacity * (1.0 - 1e-9)
    at_low, at_high = slack(low), slack(high)
    if at_low < 0.0:
        return 0.0
    if at_high >= 0.0:
        return capacity
    inside = sorted(rate for rate in known if low < rate < high)
    while inside:
        middle = inside[len(inside) // 2]
        value = slack(middle)
        if 0.0 <= value < _CLOSE:
            return middle
        if value >= 0.0:
            low, at_low, inside = middle, value, inside[len(inside) // 2 + 1 :]
        else:
            high, at_high, inside = middle, value, inside[: len(inside) // 2]
    return _cut(lambda rate: slack(rate) - _AIM, (low, at_low - _AIM), (high, at_high - _AIM))


def _cut(excess: Callable[[float], float], low: tuple[float, float], high: tuple[float, float]) -> float:
    """The last rate found at which the excess is not below its aim: within ``_CLOSE`` of where it changes its sign."""
    third: tuple[float, float] | None = None
    width, slow = high[0] - low[0], 0
    while high[0] - low[0] > _CLOSE * high[0]:
        rate = (low[0] + high[0]) / 2.0 if slow > 1 else _guess(low, high, third)
        value = excess(rate)
        if abs(value) <= _AIM:
            return rate
        if value > 0.0:
            third, low = low, (rate, value)
        else:
            third, high = high, (rate, value)
        slow = slow + 1 if slow < _PATIENCE and high[0] - low[0] > width / 2.0 else 0
        width = high[0] - low[0]
    return low[0]


def _guess(low: tuple[float, float], high: tuple[float, float], third: tuple[float, float] | None) -> float:
    """Where a curve through the ends and the point before, or else a line, is zero; well inside the bracket."""
    (a, fa), (b, fb) = low, high
    width = b - a
    share = fa / (fa - fb) if math.isfinite(fb) else 0.5
    if third is not None and math.isfinite(fb) and math.isfinite(third[1]):
        c, fc = third
        if fc not in {fa, fb}:
            curve = a * fb * fc / ((fa - fb) * (fa - fc)) + b * fa * fc / ((fb - fa) * (fb - fc))
            at = curve + c * fa * fb / ((fc - fa) * (fc - fb))
            if a < at < b:
                share = (at - a) / width
    return a + width * min(max(share, _INSIDE), 1.0 - _INSIDE)
