"""Which CPUs a run at n cores gets, and how busy others keep them.

Order: one hardware thread of each core first, package by package, then the second threads. So n cores are n
physical cores while there are any, as near to each other as the numbering of packages says.
Assumption: /sys/devices/system/cpu tells cores and packages truly; without it, plain numbers are used.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cerberus_plan.model.errors import InputError

SYSFS = Path("/sys/devices/system/cpu")
STAT = Path("/proc/stat")
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a CPU is: which hardware thread of its core it is among ours, and its package and core."""

    thread: int
    package: int
    core: int


def order(sysfs: Path = SYSFS) -> list[int]:
    """The CPUs this process may use, in the order in which runs fill them."""
    places = _places(sysfs)
    if not all(map(_known, places.values())):
        return sorted(places)
    return sorted(places, key=lambda cpu: (places[cpu].thread, places[cpu].package, places[cpu].core, cpu))


def boundaries(chosen: Sequence[int], sysfs: Path = SYSFS) -> list[int]:
    """Counts after which the next CPU is of another kind: in another package, or the second thread of a core."""
    places = _places(sysfs)
    if not all(map(_known, places.values())):
        return []
    kinds = [(places[cpu].thread, places[cpu].package) for cpu in chosen]
    return [count for count, (kind, following) in enumerate(pairwise(kinds), start=1) if kind != following]


def _known(place: Place) -> bool:
    return place.package >= 0 and place.core >= 0


def _places(sysfs: Path) -> dict[int, Place]:
    places, seen = {}, Counter[tuple[int, int]]()
    for cpu in sorted(os.sched_getaffinity(0)):
        spot = (_read(sysfs, cpu, "physical_package_id"), _read(sysfs, cpu, "core_id"))
        places[cpu] = Place(seen[spot], *spot)
        seen[spot] += 1
    return places


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
    """What /proc/stat says of these CPUs (in ticks of 10 ms, so look at long runs only); zeros where it is hidden."""
    working = stolen = 0
    names = {f"cpu{cpu}" for cpu in cpus}
    try:
        lines = stat.read_text().splitlines()
    except OSError:
        return Busy(0.0, 0.0)
    for line in lines:
        name, *cells = line.split()
        if name in names:
            ticks = [int(cell) for cell in cells]
            user, nice, system, _idle, _iowait, irq, softirq, steal = (ticks + [0] * 8)[:8]
            working += user + nice + system + irq + softirq
            stolen += steal
    return Busy(working * TICK_S, stolen * TICK_S)
