"""Response times by simulation: the judge of the formulas, and the answer beyond their validity.

Models: the networks of ``open_network`` and ``closed`` with every request followed on its own; exponential holds and
arrivals, first come first served (readers of a lock together).
Equation: 99 % intervals from the spread over 20 batches, each of which has its own mean and percentiles.
Assumptions: the run is longer than the slowest change of the system: a lock that collapses once an hour is seen
collapsed, or not at all. More than ``MOST_WAITING`` waiting requests at one instance are reported as unstable.
When not to use it: where the formula is promised; it is ten thousand times faster.
Source: Law, Simulation Modeling and Analysis (2015), for batch means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.latency import PERCENTILES, SIMULATED, Latency, never
from cerberus_plan.model.latency.request_events import Requests, run
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.simulation.description import FREE, READERS, describe
from cerberus_plan.model.simulation.random import generator
from cerberus_plan.model.student import student_t

MOST_WAITING = 1 << 17
FEWEST_REQUESTS = 2000
_BATCHES = 20
# Share of the run dropped at its start.
_WARM_UP = 0.1


def simulate_latency(
    *,
    local: Sequence[Station],
    threads: int,
    instances: int = 1,
    shared: Sequence[Station] = (),
    rate: float | None = None,
    think: float = 0.0,
    requests: int = 400_000,
    seed: int = 0,
) -> Latency:
    """Mean and percentiles of the response time, with 99 % intervals.

    Args:
        local: Stations of each instance.
        threads: Workers of each instance.
        instances: Number of instances.
        shared: Stations of all.
        rate: Requests a second over all instances; None for a closed loop of one client a worker.
        think: Seconds a client of a closed loop thinks before its next request.
        requests: Requests followed, at least 2000.
        seed: Equal seeds give equal numbers.

    Raises:
        InputError: Too few requests, a rate that is not positive, or a cycle that takes no time.
    """
    if requests < FEWEST_REQUESTS:
        raise InputError(f"requests = {requests} must be at least {FEWEST_REQUESTS}")
    if rate is not None and not 0.0 < rate < math.inf:
        raise InputError(f"rate = {rate!r} must be a positive number of requests a second")
    thinking = [Delay(think)] if think > 0.0 else []
    state, n_local, n_shared = _state([*thinking, *local], list(shared), (threads, instances), rate or 0.0, requests)
    state.rng[:] = generator(seed)
    with np.errstate(over="ignore"):
        found = run(state, n_local, n_shared, len(thinking))
    if found < requests:
        return never(SIMULATED, f"unstable: {MOST_WAITING} requests waited at one instance after {found} were done")
    return _measured(state.times)


def _state(
    local: list[Station], shared: list[Station], sizes: tuple[int, int], rate: float, requests: int
) -> tuple[Requests, int, int]:
    """The state before the first arrival, and the stations that take time: of each instance, and of all."""
    threads, instances = sizes
    most = threads * instances
    local, shared = _taking_time(local, threads), _taking_time(shared, most)
    if not local and not shared:
        raise InputError("the cycle takes no time; give the instance a station with a positive demand")
    described = [describe(s, threads) for s in local] * instances + [describe(s, most) for s in shared]
    rates = np.zeros((len(described), most + 1))
    for row, law in zip(rates, [*local * instances, *shared], strict=True):
        row[1:] = 1.0 / law.service_times(most)
    station = np.zeros((3, len(described)), dtype=np.int64)
    station[2] = [most if d.kind in {FREE, READERS} else d.servers for d in described]
    pool = np.zeros((3, instances), dtype=np.int64)
    pool[0] = threads
    state = Requests(
        rates=rates,
        station=station,
        ring=np.zeros((len(described), 1 << most.bit_length()), dtype=np.int64),
        step=np.zeros(most, dtype=np.int64),
        born=np.zeros(most),
        instance=pool,
        free=np.arange(most).reshape(instances, threads),
        waiting=np.zeros((instances, MOST_WAITING if rate else 1)),
        clock=np.array([0.0, rate]),
        times=np.zeros(requests),
        rng=generator(0),
    )
    return state, len(local), len(shared)


def _taking_time(stations: Sequence[Station], most: int) -> list[Station]:
    return [s for s in stations if s.service_times(most).min() > 0.0]


def _measured(times: Array) -> Latency:
    """Mean and percentiles of what is left after the warm-up, and their intervals."""
    kept = times[int(times.size * _WARM_UP) :]
    batches = kept[: kept.size // _BATCHES * _BATCHES].reshape(_BATCHES, -1)
    each = np.vstack([batches.mean(axis=1), np.quantile(batches, list(PERCENTILES.values()), axis=1)])
    wide = student_t(0.99, _BATCHES - 1) * each.std(axis=1, ddof=1) / math.sqrt(_BATCHES)
    values = [float(kept.mean()), *np.quantile(kept, list(PERCENTILES.values())).tolist()]
    mean, p50, p95, p99 = values
    return Latency(
        mean=mean,
        p50=p50,
        p95=p95,
        p99=p99,
        how=SIMULATED,
        validity=f"99 % intervals of {kept.size} requests",
        low=tuple(max(v - w, 0.0) for v, w in zip(values, wide.tolist(), strict=True)),
        high=tuple(v + w for v, w in zip(values, wide.tolist(), strict=True)),
    )
