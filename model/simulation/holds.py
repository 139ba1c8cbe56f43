"""Holds: how long one is, the timer at its end, and what is left of it when its speed changes.

Models: a hold is an amount of work of mean 1 times its current mean time, done at the speed of its instance; its timer
stands at the end that follows, and a change settles what was done before.
Assumptions: a timer that fires stays at the top of the heap until its event is over.
When not to use it: for memoryless holds; ``jump_chain`` needs no timers.
"""

from __future__ import annotations

import numpy as np

from cerberus_plan.model.kernel import copied, kernel
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.simulation.heap import at, move
from cerberus_plan.model.simulation.random import Generator, exponential, uniform
from cerberus_plan.model.simulation.world import Records, World


@kernel
def draw(station: Records, shapes: Array, rng: Generator) -> float:
    """How long the next hold is, relative to its mean."""
    count = station["n_shapes"]
    if count == 0:
        return exponential(rng)
    if count == 1:
        return shapes[station["shape"]]
    return shapes[station["shape"] + min(int(uniform(rng) * count), count - 1)]


@copied
def set_timer(world: World, timer: int, key: float) -> None:
    """Set a timer; the firing one stays at the top and is moved once, at the end of its event."""
    if timer == world.timers[0]:
        world.clock[1] = key
    else:
        move(world.keys, world.timers, world.places, timer, key)


@copied
def schedule(world: World, i: int) -> None:
    """Set the thread's timer to the end of its hold at the present speed."""
    thread = world.threads[at(i)]
    speed = world.instances[at(thread["instance"])]["speed"]
    left = thread["work"] * thread["mean"]
    if left <= 0.0:
        key = world.clock[0]
    elif speed == 1.0:
        key = world.clock[0] + left  # without a division, for most
    elif speed > 0.0:
        key = world.clock[0] + left / speed
    else:
        key = np.inf
    set_timer(world, i, key)


@copied
def settle(world: World, i: int, speed: float) -> None:
    """Take what was done since the last change from the work left."""
    thread = world.threads[at(i)]
    now = world.clock[0]
    if thread["mean"] > 0.0:
        thread["work"] = max(thread["work"] - (now - thread["since"]) * speed / thread["mean"], 0.0)
    thread["since"] = now
