"""A cgroup (version 2) with a cpuset for each instance, where we may make them; all are removed at the end.

Affinity is set in any case; a cgroup adds what affinity cannot: programs that set their own affinity stay inside, and
memory comes from the instance's node.
When not to use it: without write access to a cgroup file system with the cpuset controller; ``open_cpusets`` then
gives None, and the caller says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cerberus_plan.calibration.programs.observe.guard import is_gone, own_mark
from cerberus_plan.model.cpu_list import cpu_list

# A cgroup can be removed once the kernel has let go of its last process.
_PATIENCE_S = 2.0
_PREFIX = "cerberus-verify-"


class Cpusets:
    """The cgroup of this verification, which holds one of each instance while a split runs."""

    def __init__(self, base: Path) -> None:
        self._base = base

    @contextmanager
    def for_split(self, places: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Iterator[list[Path]]:
        """Cgroups for instances with these CPUs and memory nodes, removed at the end with all that runs in them."""
        made: list[Path] = []
        try:
            for i, (cpus, nodes) in enumerate(places):
                group = self._base / f"instance-{i}"
                group.mkdir()
                made.append(group)
                (group / "cpuset.cpus").write_text(cpu_list(cpus))
                (group / "cpuset.mems").write_text(cpu_list(nodes))
            yield made
        finally:
            for group in made:
                _remove(group)


@contextmanager
def open_cpusets(mounts: Path = Path("/proc/mounts")) -> Iterator[Cpusets | None]:
    """Cpusets where they can be made, else None."""
    base = _base(mounts)
    try:
        yield None if base is None else Cpusets(base)
    finally:
        if base is not None:
            _remove(base)


def _base(mounts: Path) -> Path | None:
    """A new cgroup whose children may have cpusets."""
    for line in mounts.read_text().splitlines():
        _, where, kind, *_ = line.split(" ")
        root = Path(where)
        base = root / f"{_PREFIX}{own_mark()}"
        if kind != "cgroup2":
            continue
        _remove_abandoned(root)
        try:
            if "cpuset" not in (root / "cgroup.subtree_control").read_text().split():
                continue
            base.mkdir()
        except OSError:  # not ours to write to
            continue
        try:
            (base / "cgroup.subtree_control").write_text("+cpuset")
        except OSError:
            _remove(base)
            continue
        return base
    return None


def _remove_abandoned(root: Path) -> None:
    """Remove the cgroups of verifications that were killed, with all that still runs in them."""
    for left in root.glob(f"{_PREFIX}*"):
        if is_gone(left.name.removeprefix(_PREFIX)):
            with suppress(OSError):  # another user's, or just being removed by another run
                for inner in left.glob("instance-*"):
                    _remove(inner)
                _remove(left)


def enter(group: Path, pid: int) -> None:
    """Move a process into a cgroup; one that has already ended is left alone."""
    with suppress(ProcessLookupError):
        (group / "cgroup.procs").write_text(str(pid))


def _remove(group: Path) -> None:
    """End what is left in a cgroup and remove it; the kernel may need a moment after the last process."""
    with suppress(OSError):  # kernels before 5.14 have no such file, and nothing is left in the usual case
        (group / "cgroup.kill").write_text("1")
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
