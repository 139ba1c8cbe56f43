"""Memory bandwidth: what the cores in use can move together, and the time of a cycle that is memory's.

Equations: n threads on parts of c cores, filled one after the other, reach min(all, ceil(n / c) part) bytes a second,
with a NUMA node's cores as such a part and the cores of one last-level cache as another; one thread alone reaches
``core``. A cycle that moves B bytes spends B / core of its time at a station that
``capacity / core`` threads saturate (``laws.shared_bandwidth``), so throughput x B never exceeds the capacity. Its time
in the program, measured alone, holds that part already: max(compute - B / core, 0) is left, and a cycle lasts B / core
at least.
Assumptions: a thread's memory is on its own node; all threads move as much; a core's outstanding misses bound what it
reaches alone. The knee between both is sharp: waiting before saturation comes from threads that happen to coincide.
When not to use it: for latency-bound programs that move few bytes; for memory that is remote by mistake.
Source: the roofline's bound, Williams, Waterman, Patterson, CACM 52 (2009); streams as in McCalpin's STREAM (1995).
"""

from __future__ import annotations

from typing import Any


def capacity(lib: Any, threads: Any, total: Any, part: Any, cores_per_part: Any) -> Any:
    """Bytes a second that ``threads`` busy threads can move together, ``part`` by each part of the machine."""
    parts = lib.ceil(threads / cores_per_part)
    return lib.minimum(total, parts * part)


def saturation(lib: Any, together: Any, core: Any) -> Any:
    """Cores that use up what is there together, at least one."""
    return lib.maximum(together / core, 1)


def computing_left(lib: Any, compute: Any, memory: Any) -> Any:
    """Time in the program that is not memory's [s]."""
    return lib.maximum(compute - memory, 0)
