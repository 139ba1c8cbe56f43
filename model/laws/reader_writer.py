"""Reader-writer lock: readers overlap in the section, but everybody writes the lock's own line, in order of arrival.

Equations, with T = line + hold and a share w of writers:

    p(k)            = (hold + line k + sqrt((hold - line k)^2 + 4 line hold)) / (2 k)     only readers
    a(k), b(k)      = w + (1 - w) / k,   w + (1 - w) p(k) / T
    service_time(k) = w T + (1 - w) p(k) - w hold log(a(k) b(k)) / 2

p(k) is k readers who overlap in their sections but pass the line one at a time (approximate mean value analysis of a
server and a delay). The logarithm is what writers break: between two writers there is a run of readers, who wait for
the slowest of them. A run has a geometric length, and the expected longest of its exponential sections, a harmonic
number, averages to log(1 / w) / (1 - w): for a negligible line the lock saturates at hold w (1 + log(1 / w)).
Assumptions: first come first served, exponential holds. Exact for only writers and for only readers with a
negligible line; elsewhere within 8 % of the simulated lock (docs/where-the-model-bends.md). With few writers, the
rate may fall by up to 5 % from its highest where the simulated one stays.
When not to use it: for per-core reader locks (brlock, SRCU), where readers write private lines: use a delay; for
locks that prefer readers or writers.
Source: the line-bound mmap_sem of Boyd-Wickizer et al., An analysis of Linux scalability, OSDI (2010); the run of
readers derived here and judged by the simulator.
"""

from __future__ import annotations

from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field


def service_time(lib: Any, customers: Any, hold: Any, line: Any, writes: Any) -> Any:
    """Time per completion with ``customers`` present [s]."""
    alone = line + hold
    apart = hold - line * customers
    readers = (hold + line * customers + lib.sqrt(apart * apart + 4 * line * hold)) / (2 * customers)
    instant = 1 * (alone == 0)  # nothing takes time: then the ratio below is 1, not 0 / 0
    counted = writes + (1 - writes) / customers
    spent = writes + (1 - writes) * (readers + instant) / (alone + instant)
    return writes * alone + (1 - writes) * readers - writes * hold * lib.log(counted * spent) / 2


class ReaderWriterLock(Station, kw_only=False):
    """Sections of ``hold`` seconds, a share ``writes`` of them exclusive, each moving the lock line once."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = (
        "hold",
        "line",
        "writes",
    )
    pure_numbers: ClassVar[frozenset[str]] = frozenset({"writes"})
    bounds: ClassVar[dict[str, tuple[float, float]]] = {"writes": (0.0, 1.0)}
    hold: Parameter
    line: Parameter = field(kw_only=True)
    writes: Parameter = field(kw_only=True, default=0.0)
    name: str = field(default="reader-writer lock", kw_only=True)
