"""Write a fresh file of 1 MiB in blocks of 64 KiB and unlink it, each worker in a directory of its own.

What is timed is the page cache and the reservation of blocks in memory; the file is gone before it is written to
the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import ticks
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.system_calls import close, open_file, unlink, write
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly, scaling
from cerberus_plan.calibration.primitives.file_create import MOST_ROLES, role_paths

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Space

_BLOCK_BYTES = 65536


@kernel
def file_write_loop(frame: int, role: int, count: int, area: int) -> int:
    """Write and remove the role's file; the blocks come from behind the paths."""
    path = area + 512 * role
    block = area + 512 * 128
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            descriptor = open_file(path, 0o301)
            if descriptor < 0:
                break
            for _ in range(16):
                write(descriptor, block, 65536)
            close(descriptor)
            unlink(path)
            done += 1
    return finish(frame, role, done)


def _prepare(space: Space) -> list[Case]:
    area = role_paths(space, "write", own_directories=True, extra_bytes=_BLOCK_BYTES)
    cases = scaling(space, "file_write", file_write_loop, area=area, count=1, threads=not space.quick)
    return [case for case in cases if len(case.seats) <= MOST_ROLES]


PRIMITIVE = Primitive(
    name="file_write",
    description="write and unlink a file of 1 MiB in own directories",
    stresses="page cache, block reservation of one file system",
    feeds="block allocation per megabyte and its serial part",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="file_write_alone",
            cases=("file_write.processes.1",),
            note="1 MiB written to a new file and removed, one process, per MiB",
        ),
        Direct(
            name="file_write_two_processes",
            cases=("file_write.processes.2",),
            note="the same by two processes, per MiB of both together",
        ),
    ),
)
