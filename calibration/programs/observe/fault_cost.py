"""What a page fault costs on this host, by a quick look, for hosts that were never calibrated.

    cost = (first touch of fresh pages - second touch of the same pages) / pages

System time of a program contains its page faults. The planner adds faults at the planned machine's cost, so they
are taken out first, at this host's. Assumption: small anonymous pages, one thread, nobody else faulting.
When not to use it: as a cost of the machine to plan for; ``cerberus-plan calibrate`` measures that properly.
"""

from __future__ import annotations

import mmap
import statistics
import time
from contextlib import suppress

PAGES = 4096
ROUNDS = 7


def page_fault_cost() -> float:
    """Seconds of one minor fault, the median of several rounds (some 20 ms in all)."""
    return statistics.median(_round() for _ in range(ROUNDS))


def _round() -> float:
    size = PAGES * mmap.PAGESIZE
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as area:
        with suppress(OSError):  # a kernel without huge pages does not know the advice, nor need it
            area.madvise(mmap.MADV_NOHUGEPAGE)
        first = _touch(area, size)
        return max(first - _touch(area, size), 0.0) / PAGES


def _touch(area: mmap.mmap, size: int) -> float:
    """Processor seconds to write one byte into every page (the loop is in C); other programs do not count."""
    bytes_written = b"x" * PAGES
    started = time.thread_time()
    area[0 : size : mmap.PAGESIZE] = bytes_written
    return time.thread_time() - started
