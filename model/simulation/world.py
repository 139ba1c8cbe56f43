"""A cluster as records, for the event-driven simulation: threads, steps, stations, instances and their timers.

Models: nothing by itself; the names of the fields are the vocabulary of ``events``.
When not to use it: directly; ``simulate`` builds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.simulation.description import SINGLE
from cerberus_plan.model.simulation.layout import Layout
from cerberus_plan.model.simulation.random import Generator
from cerberus_plan.model.simulation.rules import Handover, Message, Rules

Records = npt.NDArray[Any]
Whole = npt.NDArray[np.int64]
NOBODY = -1
# What a thread does: in a hold, moving a lock's line, in a queue, or waiting for replies, others, its start, for ever.
SERVING, LINE, QUEUED, AWAITING, AT_BARRIER, STARTING, STOPPED = range(7)
# To whom a step's message goes.
NO_ONE, ONE, ALL = range(3)
# Who needs a core at a station: nobody, everybody, or those in service.
NEVER, ALWAYS, IN_SERVICE = range(3)

_THREAD = np.dtype(
    [(name, "i8") for name in ("instance", "step", "phase", "next", "awaiting", "done", "writes", "on_core")]
    + [(name, "f8") for name in ("work", "mean", "since", "fixed")]
)
_STEP = np.dtype(
    [(name, "i8") for name in ("station", "next", "messages", "keeps", "frees_from", "frees_to")]
    + [("demand", "f8"), ("factor", "f8")]
)
_STATION = np.dtype(
    [(name, "i8") for name in ("kind", "servers", "times", "handover", "shape", "n_shapes", "on_core")]
    + [(name, "i8") for name in ("present", "in_service", "owner", "head", "tail", "dirty", "line_busy", "writer")]
    + [(name, "f8") for name in ("line", "writes", "extra", "last", "area", "busy")]
)
_INSTANCE = np.dtype(
    [(name, "i8") for name in ("first", "cores", "on_core", "dirty", "done", "responding", "head", "waiting")]
    + [("speed", "f8")]
)


class World(NamedTuple):
    """State of an event-driven run.

    Attributes:
        threads: Records of all threads, instance after instance.
        steps: Records of the steps of every instance's cycle.
        stations: Records of the stations.
        instances: Records of the instances.
        times: Mean holds of all stations, one after the other [s].
        shapes: Samples of holds relative to their mean.
        freed: Stations that steps free at their end.
        requests: Ring of waiting requests at each instance's responder (threads): shape (instances, power of 2).
        keys: When timers fire, in heap order [s]; one timer a thread, then one a responder.
        timers: The timers in heap order.
        places: Where each timer is in the heap.
        moving: Stack of threads that enter their next step now.
        dirty: Stack of stations to look at now.
        counts: Sizes of the two stacks, threads at the barrier, threads not stopped, cycles done: shape (5,).
        clock: Time, and what the firing timer is set to next [s]: shape (2,).
        goal: Cycles between barriers and cycles a thread does, 0 for no end; 1 if cores are counted: shape (3,).
        rng: Random number generator.
    """

    threads: Records
    steps: Records
    stations: Records
    instances: Records
    times: Array
    shapes: Array
    freed: Whole
    requests: Whole
    keys: Array
    timers: Whole
    places: Whole
    moving: Whole
    dirty: Whole
    counts: Whole
    clock: Array
    goal: Whole
    rng: Generator


N_MOVING, N_DIRTY, N_AT_BARRIER, N_LEFT, N_DONE = range(5)


def world(
    layout: Layout, rules: Rules, rng: Generator, *, cycles: int = 0, starts: Sequence[float] | None = None
) -> World:
    """All threads about to start, each instance at its own time.

    Args:
        layout: The numbered network.
        rules: Behaviour.
        rng: Random number generator.
        cycles: Cycles each thread does before it stops; 0 for no end.
        starts: When each instance starts [s]; default: all at 0.
    """
    n_threads, n_instances = int(layout.threads.sum()), layout.threads.size
    begin = np.zeros(n_instances) if starts is None else np.asarray(starts, dtype=np.float64)
    threads = _threads(layout)
    keys = np.concatenate([begin[threads["instance"]], np.full(n_instances, np.inf)])
    order = np.argsort(keys, kind="stable")
    stations, times, shapes = _stations(layout, rules)
    steps, freed, first = _steps(layout, rules)
    instances = np.zeros(n_instances, dtype=_INSTANCE)
    instances["first"], instances["cores"], instances["speed"] = first, rules.cores_of(n_instances), 1.0
    instances["responding"] = NOBODY
    places = np.empty_like(order)
    places[order] = np.arange(order.size)
    return World(
        threads=threads,
        steps=steps,
        stations=stations,
        instances=instances,
        times=times,
        shapes=shapes,
        freed=freed,
        requests=np.zeros((n_instances, 1 << n_threads.bit_length()), dtype=np.int64),
        keys=keys[order],
        timers=order,
        places=places,
        moving=np.zeros(n_threads + 1, dtype=np.int64),
        dirty=np.zeros(stations.size + 1, dtype=np.int64),
        counts=np.array([0, 0, 0, n_threads, 0]),
        clock=np.zeros(2),
        goal=np.array([rules.barrier or 0, cycles, rules.cores is not None]),
        rng=rng,
    )


def _threads(layout: Layout) -> Records:
    threads = np.zeros(int(layout.threads.sum()), dtype=_THREAD)
    threads["instance"] = np.repeat(np.arange(layout.threads.size), layout.threads)
    threads["phase"] = STARTING
    return threads


def _stations(layout: Layout, rules: Rules) -> tuple[Records, Array, Array]:
    stations = np.zeros(len(layout.descriptions), dtype=_STATION)
    times, shapes = [d.times for d in layout.descriptions], [rules.shape_at(name) for name in layout.names]
    stations["kind"] = [d.kind for d in layout.descriptions]
    stations["servers"] = [d.servers for d in layout.descriptions]
    stations["line"] = [d.line for d in layout.descriptions]
    stations["writes"] = [d.writes for d in layout.descriptions]
    stations["times"] = np.cumsum([0, *(t.size for t in times)])[:-1]
    stations["shape"] = np.cumsum([0, *(s.size for s in shapes)])[:-1]
    stations["n_shapes"] = [s.size for s in shapes]
    stations["handover"] = Handover[rules.handover.upper()]
    stations["on_core"] = [_on_core(rules, name) for name in layout.names]
    stations["owner"] = stations["head"] = stations["tail"] = NOBODY
    return stations, np.concatenate(times), np.concatenate([*shapes, np.ones(1)])


def _on_core(rules: Rules, name: str) -> int:
    if name in rules.off_core:
        return NEVER
    return IN_SERVICE if name in rules.sleeping else ALWAYS


def _steps(layout: Layout, rules: Rules) -> tuple[Records, Whole, list[int]]:
    """Steps of all instances, the stations they free, and each instance's first step."""
    rows: list[tuple[Any, ...]] = []
    freed: list[int] = []
    first: list[int] = []
    messages = {message.station: message for message in rules.messages}
    named = set(rules.holds) if isinstance(rules.holds, Mapping) else set()
    _check_names(
        layout, named | {*messages, *rules.held_until, *rules.held_until.values(), *rules.off_core, *rules.sleeping}
    )
    for v, factor in enumerate(layout.factors):
        cycle = [*np.flatnonzero(layout.owner == v), *range(layout.n_local, len(layout.names))]
        first.append(len(rows))
        for place, s in enumerate(cycle):
            name = layout.names[s]
            start = len(freed)
            freed += [t for t in cycle[:place] if rules.held_until.get(layout.names[t]) == name]
            message = messages.get(name)
            to = _receivers(message, len(layout.factors))
            keeps = _keeps(layout, rules, cycle, place)
            after = first[-1] if place + 1 == len(cycle) else len(rows) + 1
            demand = 0.0 if message is None else message.demand
            own_factor = factor if layout.owner[s] == NOBODY else 1.0
            rows.append((s, after, to, keeps, start, len(freed), demand, own_factor))
    return np.array(rows, dtype=_STEP), np.array([*freed, NOBODY], dtype=np.int64), first


def _receivers(message: Message | None, instances: int) -> int:
    """Who gets a step's message: nobody where there is none to get it."""
    if message is None or instances == 1:
        return NO_ONE
    return ONE if message.to == "one" else ALL


def _keeps(layout: Layout, rules: Rules, cycle: list[int], place: int) -> bool:
    """Whether the step's station stays held at its end.

    Raises:
        InputError: It is not a lock, or what ends it does not come later in the cycle.
    """
    name = layout.names[cycle[place]]
    until = rules.held_until.get(name)
    if until is None:
        return False
    if layout.descriptions[cycle[place]].kind != SINGLE:
        raise InputError(f"held_until: {name!r} is not a lock or single server")
    if until not in [layout.names[s] for s in cycle[place + 1 :]]:
        raise InputError(f"held_until: {until!r} does not come after {name!r} in the cycle")
    return True


def _check_names(layout: Layout, names: set[str]) -> None:
    for name in sorted(names):
        if name not in layout.names:
            known = ", ".join(sorted(set(layout.names)))
            raise InputError(f"no station that takes time is called {name!r}; there are: {known}")
