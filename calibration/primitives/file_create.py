"""Create, close and unlink an empty file: all workers in one directory, or each in a directory of its own.

Where: the temporary folder (TMPDIR), whose file system is named in the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import ticks
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.system_calls import close, open_file, unlink
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly, scaling

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Space

#: Bytes for the path of one role.
PATH_BYTES = 512
#: Larger machines are measured on so many cores: paths lie in a table of fixed size.
MOST_ROLES = 128


@kernel
def file_create_loop(frame: int, role: int, count: int, area: int) -> int:
    """Create and remove the file whose path is the role's."""
    path = area + 512 * role
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            descriptor = open_file(path, 0o301)
            if descriptor < 0:  # reported by the operations staying at zero
                break
            close(descriptor)
            unlink(path)
            done += 1
    return finish(frame, role, done)


def role_paths(space: Space, stem: str, *, own_directories: bool, extra_bytes: int = 0) -> int:
    """Address of a table of paths, one a role, in one directory or each in its own, then ``extra_bytes``.

    The directories are made, the files are not.
    """
    area = space.area(PATH_BYTES * MOST_ROLES + extra_bytes)
    for role in range(min(max(space.counts), MOST_ROLES)):
        folder = space.scratch / (f"{stem}-{role}" if own_directories else stem)
        folder.mkdir(exist_ok=True)
        space.memory.write_text(area + PATH_BYTES * role, str(folder / f"file-{role}"))
    return area


def _prepare(space: Space) -> list[Case]:
    one = role_paths(space, "create-one", own_directories=False)
    own = role_paths(space, "create-own", own_directories=True)
    cases = scaling(space, "file_create.one_directory", file_create_loop, area=one, count=1, threads=not space.quick)
    cases += scaling(space, "file_create.own_directories", file_create_loop, area=own, count=1, threads=not space.quick)
    return [case for case in cases if len(case.seats) <= MOST_ROLES]


PRIMITIVE = Primitive(
    name="file_create",
    description="create, close and unlink a file in one directory and in several",
    stresses="directory lock, file system journal and inode tables",
    feeds="cost of file creation and its serial part",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="file_create_alone",
            cases=("file_create.one_directory.processes.1",),
            note="create, close, unlink an empty file, one process",
        ),
        Direct(
            name="file_create_one_directory",
            cases=("file_create.one_directory.processes.2",),
            note="the same by two processes in one directory, per file of both together",
        ),
        Direct(
            name="file_create_own_directories",
            cases=("file_create.own_directories.processes.2",),
            note="the same by two processes in directories of their own, per file of both together",
        ),
    ),
)
