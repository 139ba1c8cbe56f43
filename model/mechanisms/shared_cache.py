"""The last-level cache: what each of the threads at it has of it, and what the others' presence costs a program.

Equations: n threads fill groups of c cores one after the other, n / groups at each cache of C bytes, so a thread has

    share = C / (n / groups),    groups = min(ceil(n / c), groups of the machine)

Of what a thread goes to the cache for (``cache_bytes`` a cycle, spread evenly over ``working_set_bytes`` W) the part
max(0, 1 - share / W) comes from memory. A program that was measured alone at the cache has max(0, 1 - C / W) in its
``memory_bytes`` already; the rest is added to them, and each line of it takes ``memory_miss`` longer.
Assumptions: every thread has a working set of its own, uses it evenly, and takes an even share of the cache; a miss
costs between its part of the bandwidth and the whole latency, whatever the program overlaps.
When not to use it: for data that the threads of an instance share, which is held once a cache; for a working set with
a hot part, whose misses set in later.
Source: even references hit in C / W of cases whatever is replaced: the independent reference model, King, IFIP (1971);
caches shared by threads: Chandra, Guo, Kim, Solihin, HPCA (2005).
"""

from __future__ import annotations

from typing import Any


def share(lib: Any, threads: Any, cores: Any, cores_per_cache: Any, capacity: Any) -> Any:
    """Bytes of a last-level cache that each of ``threads`` busy threads of the machine has."""
    groups = lib.minimum(lib.ceil(threads / cores_per_cache), lib.maximum(cores / cores_per_cache, 1))
    return capacity / lib.maximum(threads / groups, 1)


def missing(lib: Any, working_set: Any, held: Any) -> Any:
    """Part of the accesses that ``held`` bytes of cache do not answer."""
    return lib.maximum(working_set - held, 0) / lib.maximum(lib.maximum(working_set, held), 1)
