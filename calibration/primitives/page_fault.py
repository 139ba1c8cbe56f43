"""Minor page faults of anonymous memory: map, touch each page once, unmap; by threads and by processes.

Threads share one address space and its locks, processes do not: the gap between them is what splitting the
address space wins. Two shapes of the loop are timed, because the code around kernel calls moves their cost by up to
25 % for no known cause; the interval holds both. Maps of 64 pages measure faults, maps of one page add mmap and
munmap to each. Threads that contend sleep on the lock, so their cost is a median over batches, not a low quantile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import load, ticks, touch
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.harness.system_calls import map_private, unmap
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly, scaling

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Space

PAGES = 64


@kernel
def page_fault_loop(frame: int, role: int, count: int, area: int) -> int:
    """Map, touch and unmap as many pages as the area's first word says."""
    pages = load(area)
    size = pages * 4096
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            base = map_private(size)
            for page in range(pages):
                touch(base + 4096 * page)
            unmap(base, size)
        done += count * pages
    return finish(frame, role, done)


@kernel
def page_fault_unrolled_loop(frame: int, role: int, count: int, area: int) -> int:
    """The same, eight pages a step and from the far end."""
    pages = load(area)
    size = pages * 4096
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            base = map_private(size)
            end = base + size
            while end > base:
                for step in range(8):
                    end -= 4096
                    touch(end + step)
            unmap(base, size)
        done += count * pages
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    many, one = space.area_of([PAGES]), space.area_of([1])
    return [
        *scaling(space, "page_fault", page_fault_loop, area=many, count=1),
        *scaling(space, "page_fault.unrolled", page_fault_unrolled_loop, area=many, count=1),
        *scaling(space, "page_fault.single", page_fault_loop, area=one, count=4),
    ]


PRIMITIVE = Primitive(
    name="page_fault",
    description="minor faults of anonymous memory by threads and by processes",
    stresses="address-space lock, page tables, page allocator",
    feeds="page fault cost and its serial part",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="page_fault_alone",
            cases=("page_fault.threads.1", "page_fault.unrolled.threads.1"),
            note="anonymous page, maps of 64 pages, mapping included, one thread",
        ),
        Direct(
            name="page_fault_two_threads",
            cases=("page_fault.threads.2", "page_fault.unrolled.threads.2"),
            note="the same by two threads of one process, per fault of both together",
            quantile=MEDIAN,
        ),
        Direct(
            name="page_fault_two_processes",
            cases=("page_fault.processes.2", "page_fault.unrolled.processes.2"),
            note="the same by two processes, per fault of both together",
        ),
        Direct(
            name="page_fault_single_alone",
            cases=("page_fault.single.threads.1",),
            note="map, touch and unmap one page, one thread",
        ),
        Direct(
            name="page_fault_single_two_threads",
            cases=("page_fault.single.threads.2",),
            note="the same by two threads of one process, per page of both together",
            quantile=MEDIAN,
        ),
        Direct(
            name="page_fault_single_two_processes",
            cases=("page_fault.single.processes.2",),
            note="the same by two processes, per page of both together",
        ),
    ),
)
