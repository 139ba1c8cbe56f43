"""Time of a load over what is loaded from: a chase along a random cycle through 8 KiB up to several caches.

Every line holds the address of the next, in an order that visits all of them once, so no load can start before the last
one has come back and no prefetcher can guess. The memory is in large pages where the system grants them.
A hit of the last-level cache is timed at a 32nd of the largest size, a miss at the largest, three quarters of which no
cache holds; ``last_cache`` reads the cache's size from the sizes between them. Plans use that size, of which each core
at the cache has a part, and what a miss costs more than a hit:

    memory_miss: from 64 B / memory_bandwidth_core (misses overlap) to memory_latency - l3_latency (one after the other)

When not to use it: for private caches, whose size and latency are in the samples but in no plan: no split changes them.
Source: McVoy and Staelin, lmbench: portable tools for performance analysis, USENIX (1996).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.arrays import own_memory
from cerberus_plan.calibration.harness.atomics import load, store
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.primitives.base import Primitive, Results
from cerberus_plan.calibration.primitives.last_cache import cache_size
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cerberus_plan.calibration.primitives.base import Space

#: Smallest and largest memory that is chased through [B]; both powers of two.
_SMALLEST, _LARGEST = 2**13, 2**30
#: Multiple of the last-level cache that is reached, and where the system tells none.
_TIMES_CACHE = 4
_UNKNOWN_CACHE = 32 * 2**20
#: All of it together takes no more than this of the memory that is available.
_MOST_MEMORY = 0.25
#: The largest size over one that the last-level cache holds and smaller caches do not.
_INSIDE = 32
#: Bootstrap draws that are fitted.
_DRAWS = 40
_STEM = "memory_latency"


@inlined
def _scattered(line: int, bits: int) -> int:
    """Another number of so many bits for each: shifts and odd factors can be undone, so none is hit twice."""
    mask = (1 << bits) - 1
    line ^= line >> ((bits + 1) // 2)
    line = (line * 2654435769) & mask
    line ^= line >> ((bits + 1) // 2)
    line = (line * 2246822519) & mask
    return line ^ (line >> ((bits + 1) // 2))


@inlined
def _cycle(area: int, size: int) -> int:
    """First line of a cycle through all lines of our memory, made when it is asked for first."""
    if load(area) == 0:
        base = own_memory(area, size)
        lines, bits = size // 64, 0
        while (1 << bits) < lines:
            bits += 1
        for i in range(lines):
            store(base + 64 * _scattered(i, bits), base + 64 * _scattered((i + 1) % lines, bits))
        store(area + 24, base)
    return load(area + 24)


@kernel
def chase_loop(frame: int, role: int, count: int, area: int) -> int:
    """Go on along the cycle; what fits in the cache is brought there first."""
    size = load(area + 16)
    place = _cycle(area, size)
    base = load(area)
    for line in range(load(area + 40) // 64):
        load(base + 64 * line)
    start(frame, role)
    for _ in range(count):
        place = load(place)
    finish(frame, role, count)
    store(area + 24, place)
    return count


def sizes_of(cache_bytes: int, most_bytes: float) -> list[int]:
    """Powers of two up to four caches; all together within what may be taken."""
    top = min(_TIMES_CACHE * cache_bytes, _LARGEST, most_bytes / 2)
    found, size = [], _SMALLEST
    while size <= top:
        found.append(size)
        size *= 2
    return found


def _prepare(space: Space) -> list[Case]:
    from cerberus_plan.calibration.host.spare_memory import spare_bytes
    from cerberus_plan.calibration.host.topology import last_level_bytes

    cache = last_level_bytes(space.cpus[0]) or _UNKNOWN_CACHE
    sizes = sizes_of(cache, _MOST_MEMORY * spare_bytes())
    if not sizes or sizes[-1] < cache:
        raise OSError(f"too little memory is free to go beyond the last-level cache of {cache // 2**20} MiB")
    return [
        Case(
            name=f"{_STEM}.{size}",
            loop=chase_loop,
            seats=space.seats(1),
            area=space.area_of([0, 0, size, 0, 0, min(size, cache)]),
            count=256,
        )
        for size in sizes
    ]


def _quantity(samples: NDArray[np.float64], unit: str, source: str) -> Quantity:
    low, high = (float(bound) for bound in np.quantile(samples[1:], [0.05, 0.95]))
    value = float(samples[0])
    return Quantity(
        value=value,
        unit=unit,
        low=min(value, low),
        high=max(value, high),
        provenance=Provenance.DERIVED,
        source=source,
    )


def _derive(results: Results) -> dict[str, Quantity]:
    found = {size: results.estimate(f"{_STEM}.{size}") for size in results.counts(_STEM)}
    known = {size: estimate for size, estimate in found.items() if estimate is not None}
    sizes = [size for size in sorted(known) if _INSIDE * size >= max(known)]
    if not sizes:
        return {}
    seconds = np.stack([np.concatenate([[known[s].value], known[s].replicates[:_DRAWS]]) for s in sizes])
    caches = [cache_size(np.array(sizes, dtype=float), draw) for draw in seconds.T]
    if caches[0] is None:
        return {}
    told = [f"{size / 2**20:.3g} MiB" for size in (sizes[0], sizes[-1])]
    chase = "chase along a random cycle"
    return {
        "l3_bytes": _quantity(
            np.array([size for size in caches if size is not None]), "B", f"{chase} of {told[0]} to {told[1]}"
        ),
        "l3_latency": _quantity(seconds[0], "s", f"{chase} of {told[0]}"),
        "memory_latency": _quantity(seconds[-1], "s", f"{chase} of {told[1]}"),
    }


PRIMITIVE = Primitive(
    name="memory_latency",
    description="one load after the other along random cycles of rising size",
    stresses="caches and memory, one line at a time",
    feeds="l3_bytes, and with memory_bandwidth_core what a miss costs: memory_miss",
    prepare=_prepare,
    derive=_derive,
    nothing="too few batches, or nothing rises with the size",
)
