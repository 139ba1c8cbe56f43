"""How much processor time a container may use, which is often less than the CPUs it sees.

cgroup v2: ``cpu.max`` holds "quota period" in microseconds or "max"; v1: ``cpu.cfs_quota_us`` (-1 for none) and
``cpu.cfs_period_us``. Every level up to the root limits the ones below. Source: the kernel's cgroup documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MEMBERSHIP = Path("/proc/self/cgroup")
ROOT = Path("/sys/fs/cgroup")


def cpu_quota(membership: Path = MEMBERSHIP, root: Path = ROOT) -> float | None:
    """CPUs' worth of time that this process's control groups allow, None without a limit."""
    return min((quota for folder in _folders(membership, root) if (quota := _quota(folder)) is not None), default=None)


def _folders(membership: Path, root: Path) -> Iterator[Path]:
    """The control groups of this process and all above them, under both versions."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top = root
        elif "cpu" in controllers.split(","):
            top = root / controllers
        else:
            continue
        inner = top / path.lstrip("/")
        yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))


def _quota(folder: Path) -> float | None:
    for reading in (_version_2, _version_1):
        try:
            quota, period = reading(folder)
        except (OSError, ValueError):  # not this version, or no limit here
            continue
        return quota / period if quota > 0 and period > 0 else None
    return None


def _version_2(folder: Path) -> tuple[int, int]:
    quota, period = (folder / "cpu.max").read_text().split()
    return int(quota), int(period)


def _version_1(folder: Path) -> tuple[int, int]:
    return int((folder / "cpu.cfs_quota_us").read_text()), int((folder / "cpu.cfs_period_us").read_text())
