"""Memory that a measurement may take: what is available now, within the limits of the container.

Models: MemAvailable of /proc/meminfo, and for each control group above this process its limit less what it uses.
When not to use it: for the memory of a machine (``calibration.host.topology``).
Source: proc(5); Linux documentation, cgroup v2 (memory.max, memory.current) and v1 (memory.limit_in_bytes).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: (limit, use) of a control group, as the two versions call them.
_FILES = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))


def _number(path: Path) -> int | None:
    """The number in a file; None where there is no such file, or it says "max"."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _groups(proc: Path, control: Path) -> Iterator[Path]:
    """Folders of the control groups that count memory, from this process's own up to the root."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = control / "memory" if controllers else control
        place = root / path.lstrip("/")
        yield from (folder for folder in (place, *place.parents) if folder.is_relative_to(root))


def spare_bytes(*, proc: Path = Path("/proc"), control: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that can be taken without swapping or reaching a limit [B]; 0 where the system does not say."""
    available = 0
    for line in (proc / "meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024
    for folder in _groups(proc, control):
        for limit_file, use_file in _FILES:
            limit, use = _number(folder / limit_file), _number(folder / use_file)
            if limit is not None and use is not None:
                available = min(available, max(limit - use, 0))
    return available
