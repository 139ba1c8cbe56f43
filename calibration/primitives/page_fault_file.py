"""Minor page faults of a file in memory: all roles map the same file and touch its pages.

The kernel maps several neighbouring pages at one fault (fault-around), so the cost is per page touched, not per
entry into the kernel.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import load, ticks, touch
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.harness.system_calls import map_file, unmap
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly, scaling

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Space

PAGES = 64


@kernel
def page_fault_file_loop(frame: int, role: int, count: int, area: int) -> int:
    """Map, touch and unmap the file; words of the area: descriptor, pages."""
    descriptor, pages = load(area), load(area + 8)
    size = pages * 4096
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            base = map_file(descriptor, size)
            for page in range(pages):
                touch(base + 4096 * page)
            unmap(base, size)
        done += count * pages
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    descriptor = os.memfd_create("cerberus-plan")
    space.adopt(descriptor)
    os.write(descriptor, bytes(PAGES * 4096))
    area = space.area_of([descriptor, PAGES])
    return scaling(space, "page_fault_file", page_fault_file_loop, area=area, count=1)


PRIMITIVE = Primitive(
    name="page_fault_file",
    description="minor faults of a shared file in memory by threads and by processes",
    stresses="address-space lock, page cache",
    feeds="page fault cost of mapped files and its serial part",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="page_fault_file_alone",
            cases=("page_fault_file.threads.1",),
            note="page of a file in memory, maps of 64 pages, one thread",
        ),
        Direct(
            name="page_fault_file_two_threads",
            cases=("page_fault_file.threads.2",),
            note="the same by two threads of one process, per page of both together",
            quantile=MEDIAN,
        ),
        Direct(
            name="page_fault_file_two_processes",
            cases=("page_fault_file.processes.2",),
            note="the same by two processes, per page of both together",
        ),
    ),
)
