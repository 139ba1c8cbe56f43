"""Which CPUs a run at n cores gets, and how busy others keep them.

Order: one hardware thread of each core first, package by package, then the second threads. So n cores are n
physical cores while there are any, as near to each other as the numbering of packages says.
Assumption: /sys/devices/system/cpu tells cores and packages truly; without it, plain numbers are used.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import InputError

SYSFS = Path("/sys/devices/system/cpu")
STAT = Path("/proc/stat")
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def order(sysfs: Path = SYSFS) -> list[int]:
    """The CPUs this process may use, in the order in which runs fill them."""
    allowed = sorted(os.sched_getaffinity(0))
    place = {cpu: (_read(sysfs, cpu, "physical_package_id"), _read(sysfs, cpu, "core_id")) for cpu in allowed}
    rank = {cpu: sum(place[other] == place[cpu] for other in allowed if other < cpu) for cpu in allowed}
    known = all(-1 not in pair for pair in place.values())
    return sorted(allowed, key=lambda cpu: (rank[cpu], place[cpu], cpu)) if known else allowed


def _read(sysfs: Path, cpu: int, name: str) -> int:
    try:
        return int((sysfs / f"cpu{cpu}" / "topology" / name).read_text())
    except (OSError, ValueError):
        return -1


def default_counts(available: int) -> list[int]:
    """1, 2, 4, ... and all that are available."""
    return sorted({2**k for k in range(available.bit_length()) if 2**k <= available} | {available})


def check_counts(counts: Sequence[int], available: int) -> list[int]:
    """The core counts to measure, sorted, each once.

    Raises:
        InputError: none, or one below 1 or above what this process may use.
    """
    if not counts:
        raise InputError("give at least one number of cores, as in --cores 1,2,4")
    for count in counts:
        if not 1 <= count <= available:
            raise InputError(f"cannot run on {count} cores: this process may use 1 to {available} CPUs here")
    return sorted(set(counts))


@dataclass(frozen=True, slots=True)
class Busy:
    """Seconds that some CPUs worked, and that a hypervisor kept them from us, since boot."""

    working_s: float
    stolen_s: float

    def since(self, before: Busy) -> Busy:
        """The difference of two looks."""
        return Busy(self.working_s - before.working_s, self.stolen_s - before.stolen_s)


def busy(cpus: Sequence[int], stat: Path = STAT) -> Busy:
    """What /proc/stat says of these CPUs (in ticks of 10 ms, so look at long runs only)."""
    working = stolen = 0
    names = {f"cpu{cpu}" for cpu in cpus}
    for line in stat.read_text().splitlines():
        name, *cells = line.split()
        if name in names:
            ticks = [int(cell) for cell in cells]
            user, nice, system, _idle, _iowait, irq, softirq, steal = (ticks + [0] * 8)[:8]
            working += user + nice + system + irq + softirq
            stolen += steal
    return Busy(working * TICK_S, stolen * TICK_S)
