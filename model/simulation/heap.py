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


# An index that is known not to be negative: numba otherwise looks whether it counts from the end, at every access.
at = np.uintp


@kernel
def rise(keys: Array, timers: Whole, places: Whole, place: int) -> None:
    """Restore the order after the key at this place became smaller."""
    key, timer = keys[at(place)], timers[at(place)]
    while place > 0:
        parent = (place - 1) >> 1
        if keys[at(parent)] <= key:
            break
        keys[at(place)] = keys[at(parent)]
        timers[at(place)] = timers[at(parent)]
        places[at(timers[at(place)])] = place
        place = parent
    keys[at(place)] = key
    timers[at(place)] = timer
    places[at(timer)] = place


@kernel
def sink(keys: Array, timers: Whole, places: Whole, place: int) -> None:
    """Restore the order after the key at this place became larger."""
    size = keys.size
    key, timer = keys[at(place)], timers[at(place)]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and keys[at(child + 1)] < keys[at(child)]:
            child += 1
        # below its equals: of timers at one time, who was set first fires first, or zero holds would never end
        if keys[at(child)] > key:
            break
        keys[at(place)] = keys[at(child)]
        timers[at(place)] = timers[at(child)]
        places[at(timers[at(place)])] = place
        place = child
    keys[at(place)] = key
    timers[at(place)] = timer
    places[at(timer)] = place


@kernel
def move(keys: Array, timers: Whole, places: Whole, timer: int, key: float) -> None:
    """Set a timer to fire at ``key``."""
    place = places[at(timer)]
    before = keys[at(place)]
    keys[at(place)] = key
    if key < before:
        rise(keys, timers, places, place)
    else:
        sink(keys, timers, places, place)
