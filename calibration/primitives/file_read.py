"""Open a file, read its first ten bytes, close it: here, and through the process that owns the file.

A hundred files in turn, as in section 7.2 of the OS clustering paper. The owner polls a mailbox on another core,
does the three calls and answers: the nearest relative of a remote read in a clustered file system. Cold reads drop
the files from the page cache first (not when quick).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import load, store
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.harness.system_calls import close, drop_cache, open_file, read, wait_for
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly
from cerberus_plan.calibration.primitives.file_create import PATH_BYTES

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space

_FILES = 100
_BYTES = 4096


@inlined
def _read_beginning(path: int, target: int) -> int:
    descriptor = open_file(path, 0)
    read(descriptor, target, 10)
    return close(descriptor)


@kernel
def file_read_loop(frame: int, role: int, count: int, area: int) -> int:
    """Read the beginning of one file after the other."""
    target = area + 512 * 100
    start(frame, role)
    for i in range(count):
        _read_beginning(area + 512 * (i % 100), target)
    return finish(frame, role, count)


@kernel
def file_read_cold_loop(frame: int, role: int, count: int, area: int) -> int:
    """The same for files that were dropped from the cache just before; at most once each."""
    target = area + 512 * 100
    files = min(count, 100)
    for i in range(files):
        descriptor = open_file(area + 512 * i, 0)
        drop_cache(descriptor)
        close(descriptor)
    start(frame, role)
    for i in range(files):
        _read_beginning(area + 512 * i, target)
    return finish(frame, role, files)


@kernel
def file_read_owner_loop(frame: int, role: int, count: int, area: int) -> int:
    """Role 0 asks, role 1 owns the files, reads and answers; mailboxes lie behind the paths."""
    target, request, answer = area + 512 * 100, area + 512 * 100 + 128, area + 512 * 100 + 256
    if role == 0:
        store(request, 0)
        store(answer, 0)
    start(frame, role)
    for i in range(count):
        if role == 0:
            store(request, i + 1)
            wait_for(answer, i + 1)
            load(target)
        else:
            wait_for(request, i + 1)
            _read_beginning(area + 512 * (i % 100), target)
            store(answer, i + 1)
    return finish(frame, role, count)


def _files(space: Space) -> int:
    folder = space.scratch / "read"
    folder.mkdir(exist_ok=True)
    area = space.area(PATH_BYTES * _FILES + 4096)
    for i in range(_FILES):
        path = folder / f"file-{i}"
        path.write_bytes(bytes(range(256)) * (_BYTES // 256))
        space.memory.write_text(area + PATH_BYTES * i, str(path))
    return area


def _prepare(space: Space) -> list[Case]:
    area = _files(space)
    alone = space.seats(1, process=True)
    cases = [Case(name="file_read.warm", loop=file_read_loop, seats=alone, area=area)]
    if pair := space.pair(process=True):
        cases.append(Case(name="file_read.owner", loop=file_read_owner_loop, seats=pair, area=area))
    if not space.quick:
        cold = Case(
            name="file_read.cold",
            loop=file_read_cold_loop,
            seats=alone,
            area=area,
            count=_FILES,
            blocking=True,
            every=2,
        )
        cases.append(cold)
    return cases


PRIMITIVE = Primitive(
    name="file_read",
    description="read the beginning of a file, here and through its owner",
    stresses="path lookup, page cache, polled messages",
    feeds="cost of a local and a remote file call",
    prepare=_prepare,
    derive=directly(
        Direct(name="file_read", cases=("file_read.warm",), note="open, read 10 bytes, close, 100 cached files"),
        Direct(
            name="file_read_owner",
            cases=("file_read.owner",),
            note="the same done by a process on another core that polls a mailbox",
        ),
        Direct(
            name="file_read_cold",
            cases=("file_read.cold",),
            note="open, read 10 bytes, close after dropping the files from the page cache",
            quantile=MEDIAN,
        ),
    ),
)
