"""Block allocation in one file system: allocators collide, and each searches longer for a free block.

Equation: service_time(k) = base + search (1 - exp(-((k - 1) / width)^2)). With few allocators each finds a free
block at once; around ``width`` of them the searches start to collide; beyond, every allocation pays the full search.
Assumptions: the work of a cycle is served one at a time; all allocators write private directories of one file
system; the bitmaps stay in memory.
When not to use it: for file systems that give each directory or core its own allocation group (XFS, ext4 with
delayed allocation): use ``single_server`` with a short hold.
Source: shape fitted to the published fall of dbench on ext3 (peak at 4 to 6 cores, dramatic from 6 to 12, flat
afterwards), OS clustering, EuroSys 2011, section 7.3; the ext3 reservation patches of 2004 show the same collision.
"""

from __future__ import annotations

from typing import Any, ClassVar

from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import field

# Smallest width allowed [customers]: the law divides by it.
_NARROWEST = 1e-3


def service_time(lib: Any, customers: Any, base: Any, search: Any, width: Any) -> Any:
    """Time per completion with ``customers`` present [s]."""
    return base + search * (1 - lib.exp(-(((customers - 1) / width) ** 2)))


class AllocatorSearch(Station, kw_only=False):
    """Allocations of ``base`` seconds a cycle that grow by up to ``search`` seconds around ``width`` allocators."""

    law = staticmethod(service_time)
    parameter_names: ClassVar[tuple[str, ...]] = ("base", "search", "width")
    pure_numbers: ClassVar[frozenset[str]] = frozenset({"width"})
    bounds: ClassVar[dict[str, tuple[float, float]]] = {"width": (_NARROWEST, float("inf"))}

    base: Parameter
    search: Parameter = field(kw_only=True)
    width: Parameter = field(kw_only=True)
    name: str = field(default="block allocation", kw_only=True)
