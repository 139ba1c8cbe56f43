"""What a unit of work asks of memory and of the last-level cache, from the events that perf counts.

    memory_bytes   64 B for each miss of the last-level cache: LLC-load-misses and LLC-store-misses, or cache-misses
    cache_bytes    64 B for each access to it: LLC-loads and LLC-stores, or cache-references

Assumptions: the events mean what their names say on the processor that counted. They seldom do: LLC-* leave out what
prefetchers fetch, which for a stream is nearly all; cache-misses are those of the last level on Intel and of the second
level on AMD. So where both are known the truth is between them, and where one is known it is doubted by the factor that
the other would tell.
When not to use it: for counts of several cores, which hold misses that the program has not alone; for a machine whose
memory controllers can be counted (their bytes hold written lines twice).
Source: perf-list(1); Intel SDM volume 3, LONGEST_LAT_CACHE; AMD processor programming references, core events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.hardware import LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cerberus_plan.calibration.programs.demand import Demand

# operation -> (events of the last level, the event that means it on some processors)
_EVENTS = {
    "memory_bytes": (("LLC-load-misses", "LLC-store-misses"), "cache-misses"),
    "cache_bytes": (("LLC-loads", "LLC-stores"), "cache-references"),
}
# Prefetches that LLC-* leave out; misses of the second level that the third answers.
_UNSEEN, _ANSWERED = 4.0, 4.0


def memory_traffic(demand: Demand) -> dict[str, Quantity]:
    """Operations by name, for what was counted above zero."""
    found = {}
    for operation, (exact, loose) in _EVENTS.items():
        quantity = _bytes(demand.counters, exact, loose)
        if quantity is not None:
            found[operation] = quantity
    return found


def _bytes(counters: Mapping[str, float], exact: Sequence[str], loose: str) -> Quantity | None:
    lines = sum(counters.get(event, 0.0) for event in exact)
    other = counters.get(loose, 0.0)
    if lines > 0.0 and other > 0.0:
        low, high = sorted((lines, other))
        value = (low * high) ** 0.5
    elif lines > 0.0:
        low, value, high = lines, lines, lines * _UNSEEN
    elif other > 0.0:
        low, value, high = other / _ANSWERED, other, other
    else:
        return None
    told = [event for event in (*exact, loose) if counters.get(event)]
    return Quantity(
        value=value * LINE_BYTES,
        unit="B",
        low=low * LINE_BYTES,
        high=high * LINE_BYTES,
        provenance=Provenance.DERIVED,
        source=f"{LINE_BYTES} B for each of {', '.join(told)}",
    )
