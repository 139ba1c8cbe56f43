"""Reader-writer lock: readers overlap in the section, but everybody writes the lock's own line.

Equation: service_time(k) = line + hold (writes + (1 - writes) / k).
The line transfer is serial for readers and writers alike; a share ``writes`` of the holds is exclusive, the
others overlap with all present.
Assumptions: readers and writers mix in the mean (no phase-fair order); exponential holds. Exact for only
writers, and for only readers with a negligible line; in between the simulator measures the error.
When not to use it: for per-core reader locks (brlock, SRCU), where readers write private lines: use a delay.
Source: the line-bound mmap_sem of Boyd-Wickizer et al., An analysis of Linux scalability, OSDI (2010).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from model.laws.station import Parameter, Station


def service_time(lib: Any, customers: Any, hold: Any, line: Any, writes: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time per completion with ``customers`` present [s]."""
    return line + hold * (writes + (1 - writes) / customers)


@dataclass(frozen=True, slots=True)
class ReaderWriterLock(Station):
    """Sections of ``hold`` seconds, a share ``writes`` of them exclusive, each moving the lock line once."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = (
        "hold",
        "line",
        "writes",
    )
    bounds: ClassVar[dict[str, tuple[float, float]]] = {"writes": (0.0, 1.0)}
    hold: Parameter
    line: Parameter = field(kw_only=True)
    writes: Parameter = field(kw_only=True, default=0.0)
    name: str = field(default="reader-writer lock", kw_only=True)
