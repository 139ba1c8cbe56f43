"""Which kernel locks a run waited for and held, from two looks at /proc/lock_stat.

Only kernels built with CONFIG_LOCK_STAT have it, only root may read it, and only while
/proc/sys/kernel/lock_stat is 1 does it count. It counts the whole machine, not the run alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cerberus_plan.calibration.programs.demand import LockUse
from cerberus_plan.calibration.programs.imports import lock_stat
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError

FILE = Path("/proc/lock_stat")
SWITCH = Path("/proc/sys/kernel/lock_stat")


def look(file: Path = FILE, switch: Path = SWITCH) -> dict[tuple[str, str], LockUse] | None:
    """Totals since counting began, by name and kind; None where the kernel does not count."""
    try:
        if switch.read_text().strip() != "1":
            return None
        (demand,) = lock_stat.parse(Source(str(file), read_text(file))).demands
    except (OSError, InputError):
        return None
    return {(lock.name, lock.kind): lock for lock in demand.locks}


def used(before: dict[tuple[str, str], LockUse], after: dict[tuple[str, str], LockUse]) -> tuple[LockUse, ...]:
    """What was added between two looks, most waited for first; locks that were not taken are left out."""
    found = []
    for key, late in after.items():
        early = before.get(key) or replace(late, contentions=0.0, wait_s=0.0, acquisitions=0.0, hold_s=0.0)
        taken = (late.acquisitions or 0.0) - (early.acquisitions or 0.0)
        if taken > 0:
            found.append(
                replace(
                    late,
                    contentions=max((late.contentions or 0.0) - (early.contentions or 0.0), 0.0),
                    wait_s=max(late.wait_s - early.wait_s, 0.0),
                    acquisitions=taken,
                    hold_s=max((late.hold_s or 0.0) - (early.hold_s or 0.0), 0.0),
                )
            )
    return tuple(sorted(found, key=lambda lock: -lock.wait_s))
