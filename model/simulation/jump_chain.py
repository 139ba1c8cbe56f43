"""The fast path: a memoryless network as a jump chain.

Models: the state is how many threads are where. With every hold exponential, the next completion anywhere comes
after an exponential time at the total rate, and belongs to a station with probability proportional to its rate.
Stations' rates sit in a binary tree of sums, so that an event costs O(log stations), whatever the number of threads.
At shared stations a ring keeps whose turn it is: the first ``servers`` of it are in service, each as likely to be
next.
Assumptions: exponential holds; rates follow the number present; one demand for all at shared stations.
When not to use it: for anything else; see ``events``.
Source: Gillespie, Journal of Computational Physics 22 (1976), with a tree for the choice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.kernel import copied, kernel
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.simulation.description import SERVERS, Description
from cerberus_plan.model.simulation.layout import Layout
from cerberus_plan.model.simulation.random import Generator, exponential, uniform

Whole = npt.NDArray[np.int64]
# Rows of ``Chain.station`` and of ``Chain.measured``, columns are stations.
_OFFSET, _NEXT, _OWNER, _SERVERS, _PRESENT, _HEAD = range(6)
_LAST, _AREA, _BUSY = range(3)
# An owner that means: shared by all instances.
_EVERYBODY = -1


class Chain(NamedTuple):
    """State of a run.

    Attributes:
        rates: Completions per second with 0, 1, ... present, one station after the other.
        station: Offset in rates, next station, owner, servers, present, ring head: shape (6, stations).
        measured: Time of last change, integral of present, and of being busy: shape (3, stations).
        ring: Instances of the threads at each shared station in order of arrival: shape (shared, power of 2).
        first: First station of each instance.
        tree: Sums of rates; leaf of station s at tree.size // 2 + s.
        done: Cycles completed by each instance.
        clock: Time [s]: shape (1,).
        rng: Random number generator.
    """

    rates: Array
    station: Whole
    measured: Array
    ring: Whole
    first: Whole
    tree: Array
    done: Whole
    clock: Array
    rng: Generator


def chain(layout: Layout, rng: Generator) -> Chain:
    """All threads at the beginning of their cycles."""
    n_stations, n_local = len(layout.descriptions), layout.n_local
    station = np.zeros((6, n_stations), dtype=np.int64)
    station[_OWNER] = layout.owner
    station[_NEXT] = layout.next_station
    station[_SERVERS] = [d.servers for d in layout.descriptions]
    tables = [_rates(d, int(most)) for d, most in zip(layout.descriptions, layout.most, strict=True)]
    tables[n_local:] = [table / layout.factors[0] for table in tables[n_local:]]
    station[_OFFSET] = np.concatenate([[0], np.cumsum([t.size for t in tables])[:-1]])
    leaves = 1 << max(n_stations - 1, 1).bit_length()
    slots = 1 << layout.threads.sum().item().bit_length()
    state = Chain(
        rates=np.concatenate(tables),
        station=station,
        measured=np.zeros((3, n_stations)),
        ring=np.zeros((max(n_stations - n_local, 1), slots), dtype=np.int64),
        first=layout.first,
        tree=np.zeros(2 * leaves),
        done=np.zeros(layout.threads.size, dtype=np.int64),
        clock=np.zeros(1),
        rng=rng,
    )
    _populate(state, n_local, layout.threads)
    return state


def _rates(description: Description, most: int) -> Array:
    """Completions per second with 0..most present."""
    present = np.arange(1.0, most + 1.0)
    if description.times.size == 1 and description.kind <= SERVERS:
        rates = np.minimum(present, description.servers) / description.times[0]
    else:
        rates = 1.0 / description.times[:most]
    return np.concatenate([[0.0], rates])


@copied
def _set_rate(state: Chain, s: int) -> None:
    """Bring the sums above one station up to date."""
    tree = state.tree
    node = tree.size // 2 + s
    tree[node] = state.rates[state.station[_OFFSET, s] + state.station[_PRESENT, s]]
    while node > 1:
        node >>= 1
        tree[node] = tree[2 * node] + tree[2 * node + 1]


@copied
def _change(state: Chain, s: int, step: int) -> None:
    """Let one thread in (step = 1) or out (step = -1) and keep the integrals."""
    measured, station, now = state.measured, state.station, state.clock[0]
    spent = now - measured[_LAST, s]
    present = station[_PRESENT, s]
    measured[_AREA, s] += present * spent
    if present > 0:
        measured[_BUSY, s] += spent
    measured[_LAST, s] = now
    station[_PRESENT, s] = present + step
    _set_rate(state, s)


@copied
def _arrive(state: Chain, n_local: int, v: int, s: int) -> None:
    if s >= n_local:
        ring = state.ring
        slot = state.station[_HEAD, s] + state.station[_PRESENT, s]
        ring[s - n_local, slot & (ring.shape[1] - 1)] = v
    _change(state, s, 1)


@kernel
def _populate(state: Chain, n_local: int, threads: Whole) -> None:
    """Every thread at the start of its instance's cycle."""
    for v in range(threads.size):
        for _ in range(threads[v]):
            _arrive(state, n_local, v, state.first[v])


@copied
def _take(state: Chain, n_local: int, s: int) -> int:
    """Whose thread leaves the shared station: one of those in service, each as likely."""
    ring, station = state.ring, state.station
    row, mask = s - n_local, ring.shape[1] - 1
    head = station[_HEAD, s]
    in_service = min(station[_SERVERS, s], station[_PRESENT, s])
    place = head
    if in_service > 1:
        # uniform() may be 1: the last place then
        place = head + min(int(uniform(state.rng) * in_service), in_service - 1)
    v = ring[row, place & mask]
    ring[row, place & mask] = ring[row, head & mask]
    station[_HEAD, s] = (head + 1) & mask
    return v


@copied
def _choose(tree: Array, point: float) -> int:
    """The leaf that holds a point of [0, total]; never one without rate, whatever the rounding."""
    node, leaves = 1, tree.size // 2
    while node < leaves:
        node *= 2
        left = tree[node]
        if point >= left and tree[node + 1] > 0.0:
            point -= left
            node += 1
    return node - leaves


@kernel
def advance(state: Chain, n_local: int, completions: int) -> int:
    """Run until so many more cycles are complete; returns the number of events."""
    tree, station, done = state.tree, state.station, state.done
    events = 0
    left = completions
    while left > 0:
        events += 1
        total = tree[1]
        state.clock[0] += exponential(state.rng) / total
        s = _choose(tree, uniform(state.rng) * total)
        v = station[_OWNER, s]
        if v == _EVERYBODY:
            v = _take(state, n_local, s)
        after = station[_NEXT, s]
        if after < 0:
            after = state.first[v]
            done[v] += 1
            left -= 1
        _change(state, s, -1)
        _arrive(state, n_local, v, after)
    for s in range(station.shape[1]):
        _change(state, s, 0)
    return events
