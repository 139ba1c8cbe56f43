"""mmap and munmap of memory that is never touched: the address-space lock taken for writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import ticks
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.harness.system_calls import map_private, unmap
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly, scaling

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Space

_SIZE = 64 * 4096


@kernel
def mmap_munmap_loop(frame: int, role: int, count: int, area: int) -> int:  # noqa: ARG001 - a loop's signature
    """Map and unmap 64 pages without touching them."""
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            unmap(map_private(_SIZE), _SIZE)
        done += count
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    return scaling(space, "mmap_munmap", mmap_munmap_loop, area=0, count=4)


PRIMITIVE = Primitive(
    name="mmap_munmap",
    description="mmap and munmap without touching, by threads and by processes",
    stresses="address-space lock held for writing",
    feeds="cost of address-space calls and its serial part",
    prepare=_prepare,
    derive=directly(
        Direct(name="mmap_munmap_alone", cases=("mmap_munmap.threads.1",), note="mmap and munmap, one thread"),
        Direct(
            name="mmap_munmap_two_threads",
            cases=("mmap_munmap.threads.2",),
            note="the same by two threads of one process, per pair of calls of both together",
            quantile=MEDIAN,
        ),
        Direct(
            name="mmap_munmap_two_processes",
            cases=("mmap_munmap.processes.2",),
            note="the same by two processes, per pair of calls of both together",
        ),
    ),
)
