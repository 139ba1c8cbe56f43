"""The event heap: every thread on its own, through holds of any length, queues, messages, barriers.

Models: each thread thinks, then visits each station of its cycle. Who holds what, who waits where and in which order
is explicit. A hold has an amount of work of mean 1, and a current mean time for it; when the number present, the
instance's free cores, or anything else changes the mean, the work left is kept and its end is moved.
Structure: a timer fires; its thread or responder finishes something; that makes threads move and stations change;
both are worked off from two stacks, so each rule is written once.
Assumptions: first come first served everywhere; ties in time are resolved in a fixed order.
When not to use it: for memoryless networks; ``jump_chain`` is several times faster.
"""

from __future__ import annotations

import numpy as np

from cerberus_plan.model.kernel import copied, kernel
from cerberus_plan.model.simulation.description import FREE, READERS, SINGLE
from cerberus_plan.model.simulation.heap import at, sink
from cerberus_plan.model.simulation.holds import draw, schedule, set_timer, settle
from cerberus_plan.model.simulation.random import uniform
from cerberus_plan.model.simulation.rules import Handover
from cerberus_plan.model.simulation.world import (
    ALL,
    ALWAYS,
    AT_BARRIER,
    AWAITING,
    IN_SERVICE,
    LINE,
    N_AT_BARRIER,
    N_DIRTY,
    N_DONE,
    N_LEFT,
    N_MOVING,
    NEVER,
    NO_ONE,
    NOBODY,
    QUEUED,
    SERVING,
    STARTING,
    STOPPED,
    Records,
    World,
)

_STATE, _START, _ARRIVAL = int(Handover.STATE), int(Handover.START), int(Handover.ARRIVAL)
_RELEASE = int(Handover.RELEASE)


@copied
def _mark(world: World, s: int) -> None:
    if world.stations[at(s)]["dirty"] == 0:
        world.stations[at(s)]["dirty"] = 1
        world.dirty[world.counts[N_DIRTY]] = s
        world.counts[N_DIRTY] += 1


@copied
def _count(world: World, s: int, change: int) -> None:
    """Let one thread in or out, and keep the integrals."""
    station = world.stations[at(s)]
    now = world.clock[0]
    spent = now - station["last"]
    present = station["present"]
    station["area"] += present * spent
    if present > 0:
        station["busy"] += spent
    station["last"] = now
    station["present"] = present + change


@copied
def _use_core(world: World, i: int, needed: int) -> None:
    """Take or give back the thread's core, where cores are counted."""
    thread = world.threads[at(i)]
    instance = world.instances[at(thread["instance"])]
    if instance["cores"] > 0 and thread["on_core"] != needed:
        instance["on_core"] += needed - thread["on_core"]
        thread["on_core"] = needed
        instance["dirty"] = 1


@copied
def _move(world: World, i: int) -> None:
    world.moving[world.counts[N_MOVING]] = i
    world.counts[N_MOVING] += 1


@copied
def _begin(world: World, i: int, phase: int, work: float, mean: float) -> None:
    thread = world.threads[at(i)]
    thread["phase"] = phase
    thread["work"] = work
    thread["mean"] = mean
    thread["since"] = world.clock[0]
    schedule(world, i)


@copied
def _enter(world: World, i: int) -> int:
    """A thread arrives at its step's station; returns the station if it queues there, which is to be looked at next."""
    thread = world.threads[at(i)]
    step = world.steps[at(thread["step"])]
    s = step["station"]
    station = world.stations[at(s)]
    _count(world, s, 1)
    if station["kind"] == FREE:  # nobody queues at a delay: half of the events are spared the way through a queue
        station["in_service"] += 1
        _use_core(world, i, 0 if station["on_core"] == NEVER else 1)
        work = draw(station, world.shapes, world.rng)
        _begin(world, i, SERVING, work, world.times[at(station["times"])] * step["factor"])
        return NOBODY
    thread["phase"] = QUEUED
    thread["next"] = NOBODY
    if station["handover"] == _ARRIVAL and station["kind"] == SINGLE:
        thread["fixed"] = world.times[at(station["times"] + station["present"] - 1)]
    if station["kind"] == READERS:
        thread["writes"] = 1 if uniform(world.rng) <= station["writes"] else 0
    if station["head"] == NOBODY:
        station["head"] = i
    else:
        world.threads[at(station["tail"])]["next"] = i
    station["tail"] = i
    _use_core(world, i, 1 if station["on_core"] == ALWAYS else 0)
    return s


@copied
def _may_begin(world: World, s: int) -> bool:
    """Whether the first in the queue may go on."""
    station = world.stations[at(s)]
    i = station["head"]
    if i == NOBODY:
        return False
    if station["kind"] != READERS:
        return station["in_service"] < station["servers"]
    if station["line_busy"] == 1 or station["writer"] == 1:
        return False
    return world.threads[at(i)]["writes"] == 0 or station["in_service"] == 0


@copied
def _begin_first(world: World, s: int) -> None:
    """The first in the queue starts its hold, or moves the line of a reader-writer lock."""
    station = world.stations[at(s)]
    i = station["head"]
    thread = world.threads[at(i)]
    station["head"] = thread["next"]
    factor = world.steps[at(thread["step"])]["factor"]
    work = draw(station, world.shapes, world.rng)
    phase, mean = SERVING, world.times[at(station["times"])]
    station["in_service"] += 1
    if station["on_core"] == IN_SERVICE:
        _use_core(world, i, 1)
    if station["kind"] == SINGLE:
        station["owner"] = i
        if station["handover"] == _ARRIVAL:
            mean = thread["fixed"]
        elif station["handover"] == _RELEASE:
            work = work * mean + draw(station, world.shapes, world.rng) * station["extra"]
            mean = 1.0
            station["extra"] = 0.0
        else:
            mean = world.times[at(station["times"] + station["present"] - 1)]
    elif station["kind"] == READERS:
        phase, mean = LINE, station["line"]
        station["line_busy"] = 1
        station["writer"] = thread["writes"]
    _begin(world, i, phase, work, mean * factor)


@copied
def _look_at(world: World, s: int) -> None:
    """Let in who may, and let a lock's hold follow the number present."""
    station = world.stations[at(s)]
    station["dirty"] = 0
    begun = False
    while _may_begin(world, s):
        _begin_first(world, s)
        begun = True
    i = station["owner"]
    if not begun and station["kind"] == SINGLE and station["handover"] == _STATE and i != NOBODY:
        thread = world.threads[at(i)]
        mean = world.times[at(station["times"] + station["present"] - 1)] * world.steps[at(thread["step"])]["factor"]
        if mean != thread["mean"]:
            settle(world, i, world.instances[at(thread["instance"])]["speed"])
            thread["mean"] = mean
            schedule(world, i)


@copied
def _leave(world: World, s: int, i: int) -> None:
    """A thread goes: its server or lock is free."""
    station = world.stations[at(s)]
    if station["kind"] == SINGLE:
        if station["handover"] == _RELEASE and station["present"] > 1:
            first = station["times"]
            station["extra"] = max(world.times[at(first + station["present"] - 1)] - world.times[first], 0.0)
        station["owner"] = NOBODY
    if station["kind"] == READERS and world.threads[at(i)]["writes"] == 1:
        station["writer"] = 0
    station["in_service"] -= 1
    _count(world, s, -1)


@copied
def _send(world: World, i: int, step: Records) -> None:
    """Ask the responder of one or of every other instance, and wait."""
    thread = world.threads[at(i)]
    n_instances = world.instances.size
    thread["phase"] = AWAITING
    _use_core(world, i, 0)
    first, count = 1, n_instances - 1
    if step["messages"] != ALL:
        first, count = 1 + min(int(uniform(world.rng) * (n_instances - 1)), n_instances - 2), 1
    thread["awaiting"] = count
    for away in range(first, first + count):
        v = (thread["instance"] + away) % n_instances
        instance = world.instances[at(v)]
        slot = (instance["head"] + instance["waiting"]) & (world.requests.shape[1] - 1)
        world.requests[v, slot] = i
        instance["waiting"] += 1
        if instance["responding"] == NOBODY:
            _respond(world, v)


@copied
def _respond(world: World, v: int) -> None:
    """The responder takes its next request, or its core goes back to the threads."""
    instance = world.instances[at(v)]
    instance["responding"] = NOBODY
    instance["dirty"] = 1
    key = np.inf
    if instance["waiting"] > 0:
        i = world.requests[v, instance["head"]]
        instance["head"] = (instance["head"] + 1) & (world.requests.shape[1] - 1)
        instance["waiting"] -= 1
        instance["responding"] = i
        step = world.steps[at(world.threads[at(i)]["step"])]
        key = world.clock[0] + step["demand"] * draw(world.stations[at(step["station"])], world.shapes, world.rng)
    set_timer(world, world.threads.size + v, key)


@copied
def _reply(world: World, v: int) -> tuple[int, bool]:
    """The responder is done with a request; whose it was, and whether that was the last reply awaited."""
    i = world.instances[at(v)]["responding"]
    thread = world.threads[at(i)]
    thread["awaiting"] -= 1
    _respond(world, v)
    return i, thread["awaiting"] == 0


@copied
def _go_on(world: World, i: int) -> int:
    """The step is over: to the next one, or a cycle is done; returns the thread if it enters its next step now."""
    thread = world.threads[at(i)]
    instance = world.instances[at(thread["instance"])]
    thread["step"] = world.steps[at(thread["step"])]["next"]
    if thread["step"] != instance["first"]:
        return i
    mover = NOBODY
    thread["done"] += 1
    instance["done"] += 1
    world.counts[N_DONE] += 1
    if thread["done"] == world.goal[1]:
        thread["phase"] = STOPPED
        world.counts[N_LEFT] -= 1
        _use_core(world, i, 0)
    elif world.goal[0] > 0 and thread["done"] % world.goal[0] == 0:
        thread["phase"] = AT_BARRIER
        world.counts[N_AT_BARRIER] += 1
        _use_core(world, i, 0)
    else:
        mover = i
    if world.counts[N_AT_BARRIER] > 0 and world.counts[N_AT_BARRIER] == world.counts[N_LEFT]:
        world.counts[N_AT_BARRIER] = 0
        for j in range(world.threads.size):
            if world.threads[at(j)]["phase"] == AT_BARRIER:
                _move(world, j)
    return mover


@copied
def _finish(world: World, i: int) -> tuple[bool, int]:
    """The thread's timer fired; whether its step is over, and the station to look at after all freed ones."""
    thread = world.threads[at(i)]
    if thread["phase"] == STARTING:
        thread["step"] = world.instances[at(thread["instance"])]["first"]
        _move(world, i)
        return False, NOBODY
    step = world.steps[at(thread["step"])]
    s = step["station"]
    station = world.stations[at(s)]
    if thread["phase"] == LINE:
        station["line_busy"] = 0
        _begin(world, i, SERVING, draw(station, world.shapes, world.rng), world.times[at(station["times"])])
        return False, s
    left = NOBODY
    if step["keeps"] == 1:
        station["owner"] = NOBODY
    else:
        _leave(world, s, i)
        left = s if station["kind"] != FREE else NOBODY  # nobody waits at a delay
    for place in range(step["frees_from"], step["frees_to"]):
        _leave(world, world.freed[place], i)
        _mark(world, world.freed[place])
    if step["messages"] != NO_ONE:
        _send(world, i, step)
        return False, left
    return True, left


@copied
def _work_off(world: World, left: int, mover: int) -> None:
    """Look at all changed stations, ``left`` the last of them, then let all movers in, ``mover`` first."""
    counts = world.counts
    while True:
        # freed stations first: who waited there goes before who arrives now
        if counts[N_DIRTY] > 0:
            counts[N_DIRTY] -= 1
            s = world.dirty[at(counts[N_DIRTY])]
        elif left != NOBODY:
            s, left = left, NOBODY
        else:
            if mover == NOBODY:
                if counts[N_MOVING] == 0:
                    break
                counts[N_MOVING] -= 1
                mover = world.moving[at(counts[N_MOVING])]
            s = _enter(world, mover)
            mover = NOBODY
        if s != NOBODY:
            _look_at(world, s)


@copied
def _share_cores(world: World) -> None:
    """New speeds of instances whose threads or responder took or gave back a core."""
    for v in range(world.instances.size):
        instance = world.instances[at(v)]
        if instance["dirty"] == 0 or instance["cores"] == 0:
            continue
        instance["dirty"] = 0
        free = instance["cores"] - (1 if instance["responding"] != NOBODY else 0)
        speed = min(1.0, free / max(instance["on_core"], 1))
        before = instance["speed"]
        if speed == before:
            continue
        for i in range(world.threads.size):
            thread = world.threads[at(i)]
            if thread["instance"] == v and (thread["phase"] == SERVING or thread["phase"] == LINE):
                settle(world, i, before)
        instance["speed"] = speed
        for i in range(world.threads.size):
            thread = world.threads[at(i)]
            if thread["instance"] == v and (thread["phase"] == SERVING or thread["phase"] == LINE):
                schedule(world, i)


@kernel
def advance(world: World, completions: int) -> int:
    """Run until so many more cycles are complete or all threads have stopped; returns the number of events."""
    counts, n_threads = world.counts, world.threads.size
    counted = world.goal[2] == 1
    goal = counts[N_DONE] + completions
    events = 0
    while counts[N_DONE] < goal and counts[N_LEFT] > 0:
        events += 1
        firing = world.timers[0]
        world.clock[0] = world.keys[0]
        world.clock[1] = np.inf
        i, left = firing, NOBODY
        if firing < n_threads:
            over, left = _finish(world, i)
        else:
            i, over = _reply(world, firing - n_threads)
        mover = _go_on(world, i) if over else NOBODY
        _work_off(world, left, mover)
        if counted:
            _share_cores(world)
        world.keys[0] = world.clock[1]
        # a bare 0 would be compiled as a case of its own
        sink(world.keys, world.timers, world.places, int(np.int64(0)))
    for s in range(world.stations.size):
        _count(world, s, 0)
    return events
