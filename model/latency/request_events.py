"""The loop of the simulation of requests: who is where, and when each request arrived.

Models: a jump chain (exponential holds and arrivals) in which every worker, and the request it serves, has a name, so
that response times are recorded one by one. Queues are rings in order of arrival; of the first ``servers`` of a ring
each is as likely to be the next to leave.
When not to use it: directly; ``simulated`` builds it. For throughput alone ``simulation.jump_chain`` is quicker.
Source: Gillespie, Journal of Computational Physics 22 (1976).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.kernel import copied, kernel
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.simulation.random import Generator, exponential, uniform

Whole = npt.NDArray[np.int64]
_PRESENT, _HEAD, _SERVERS = range(3)
_FREE, _WAITING, _FIRST = range(3)
NOBODY = -1


class Requests(NamedTuple):
    """State of a run.

    Attributes:
        rates: Completions a second by station and number present: shape (stations, most + 1).
        station: Present, head of the ring, servers: shape (3, stations).
        ring: Workers at each station in order of arrival: shape (stations, power of 2).
        step: Position in its cycle of each worker.
        born: When the request of each worker arrived [s].
        instance: Free workers, requests waiting for one, head of those: shape (3, instances).
        free: Free workers of each instance: shape (instances, workers).
        waiting: Arrival times of waiting requests: shape (instances, power of 2).
        clock: Time, and the rate of arrivals, 0 for a closed network: shape (2,).
        times: Response times found, in order of completion.
        rng: Random number generator.
    """

    rates: Array
    station: Whole
    ring: Whole
    step: Whole
    born: Array
    instance: Whole
    free: Whole
    waiting: Array
    clock: Array
    times: Array
    rng: Generator


@copied
def _place(state: Requests, n_local: int, worker: int) -> int:
    """The station of a worker's present step."""
    v = worker // state.free.shape[1]
    step = state.step[worker]
    return v * n_local + step if step < n_local else (state.instance.shape[1] - 1) * n_local + step


@copied
def _enter(state: Requests, s: int, worker: int) -> None:
    slot = state.station[_HEAD, s] + state.station[_PRESENT, s]
    state.ring[s, slot & (state.ring.shape[1] - 1)] = worker
    state.station[_PRESENT, s] += 1


@copied
def _leave(state: Requests, s: int) -> int:
    """Who leaves the station: one of those in service, each as likely."""
    head, mask = state.station[_HEAD, s], state.ring.shape[1] - 1
    in_service = min(state.station[_SERVERS, s], state.station[_PRESENT, s])
    place = head
    if in_service > 1:
        place = head + min(int(uniform(state.rng) * in_service), in_service - 1)
    worker = state.ring[s, place & mask]
    # those before it move up by one, in order
    while place > head:
        state.ring[s, place & mask] = state.ring[s, (place - 1) & mask]
        place -= 1
    state.station[_HEAD, s] = (head + 1) & mask
    state.station[_PRESENT, s] -= 1
    return worker


@copied
def _start(state: Requests, n_local: int, v: int, born: float) -> None:
    """A free worker of the instance takes a request."""
    state.instance[_FREE, v] -= 1
    worker = state.free[v, state.instance[_FREE, v]]
    state.step[worker] = 0
    state.born[worker] = born
    s = _place(state, n_local, worker)
    _enter(state, s, worker)


@copied
def _arrive(state: Requests, n_local: int) -> bool:
    """A request comes to one of the instances; False when no more can wait there."""
    n = state.instance.shape[1]
    v = min(int(uniform(state.rng) * n), n - 1)
    if state.instance[_FREE, v] > 0:
        _start(state, n_local, v, state.clock[0])
        return True
    size = state.waiting.shape[1]
    if state.instance[_WAITING, v] == size:
        return False
    state.waiting[v, (state.instance[_FIRST, v] + state.instance[_WAITING, v]) & (size - 1)] = state.clock[0]
    state.instance[_WAITING, v] += 1
    return True


@copied
def _finish(state: Requests, n_local: int, worker: int) -> None:
    """The worker takes the first request that waits, if any; in a closed network it begins again."""
    v = worker // state.free.shape[1]
    state.free[v, state.instance[_FREE, v]] = worker
    state.instance[_FREE, v] += 1
    if state.clock[1] == 0.0:
        _start(state, n_local, v, state.clock[0])
    elif state.instance[_WAITING, v] > 0:
        born = state.waiting[v, state.instance[_FIRST, v]]
        state.instance[_FIRST, v] = (state.instance[_FIRST, v] + 1) & (state.waiting.shape[1] - 1)
        state.instance[_WAITING, v] -= 1
        _start(state, n_local, v, born)


@copied
def _choose(state: Requests, point: float) -> int:
    """The station that a point of the total rate falls into; never one without rate, whatever the rounding."""
    chosen = NOBODY
    for s in range(state.station.shape[1]):
        rate = state.rates[s, state.station[_PRESENT, s]]
        if rate > 0.0:
            chosen = s
            point -= rate
            if point <= 0.0:
                break
    return chosen


@copied
def _total(state: Requests) -> float:
    """Rate of all events."""
    total = state.clock[1]
    for s in range(state.station.shape[1]):
        total += state.rates[s, state.station[_PRESENT, s]]
    return total


@copied
def _begin(state: Requests, n_local: int) -> None:
    """In a closed network everybody starts at once."""
    if state.clock[1] == 0.0:
        for v in range(state.instance.shape[1]):
            for _ in range(state.free.shape[1]):
                _start(state, n_local, v, 0.0)


@kernel
def run(state: Requests, n_local: int, n_shared: int, thinks: int) -> int:
    """Fill the response times; returns how many were found before too many requests waited.

    Args:
        state: The state.
        n_local: Stations of each instance.
        n_shared: Stations of all.
        thinks: 1 when the first station of a cycle is the client's think time, which is no part of the response.
    """
    done = 0
    _begin(state, n_local)
    while done < state.times.size:
        total = _total(state)
        state.clock[0] += exponential(state.rng) / total
        point = uniform(state.rng) * total - state.clock[1]
        if point <= 0.0 and state.clock[1] > 0.0:
            if not _arrive(state, n_local):
                return done
            continue
        worker = _leave(state, _choose(state, point))
        state.step[worker] += 1
        if state.step[worker] == thinks:
            state.born[worker] = state.clock[0]
        if state.step[worker] == n_local + n_shared:
            state.times[done] = state.clock[0] - state.born[worker]
            done += 1
            _finish(state, n_local, worker)
        else:
            _enter(state, _place(state, n_local, worker), worker)
    return done
