"""An indexed binary heap of a fixed set of timers: which fires next, and moving any of them.

Models: every timer is always in the heap; one that is not set is at infinity.
When not to use it: when most timers are never moved; a plain heap with stale entries is simpler then.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.kernel import kernel
from cerberus_plan.model.laws.station import Array

Whole = npt.NDArray[np.int64]


@kernel
def rise(keys: Array, timers: Whole, places: Whole, place: int) -> None:
    """Restore the order after the key at this place became smaller."""
    key, timer = keys[place], timers[place]
    while place > 0:
        parent = (place - 1) >> 1
        if keys[parent] <= key:
            break
        keys[place] = keys[parent]
        timers[place] = timers[parent]
        places[timers[place]] = place
        place = parent
    keys[place] = key
    timers[place] = timer
    places[timer] = place


@kernel
def sink(keys: Array, timers: Whole, places: Whole, place: int) -> None:
    """Restore the order after the key at this place became larger."""
    size = keys.size
    key, timer = keys[place], timers[place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        # below its equals: of timers at one time, who was set first fires first, or zero holds would never end
        if keys[child] > key:
            break
        keys[place] = keys[child]
        timers[place] = timers[child]
        places[timers[place]] = place
        place = child
    keys[place] = key
    timers[place] = timer
    places[timer] = place


@kernel
def move(keys: Array, timers: Whole, places: Whole, timer: int, key: float) -> None:
    """Set a timer to fire at ``key``."""
    place = places[timer]
    before = keys[place]
    keys[place] = key
    if key < before:
        rise(keys, timers, places, place)
    else:
        sink(keys, timers, places, place)
