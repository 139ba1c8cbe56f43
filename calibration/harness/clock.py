"""Ticks of the time stamp counter and seconds.

    seconds = ticks / rate,   rate from two brackets (ticks, CLOCK_MONOTONIC_RAW) about 0.1 s apart

Of several readings at each end the one with the tightest bracket counts. Assumption: the counter runs at
a constant rate and is the same on all cores (``constant_tsc``, ``nonstop_tsc``); checked by ``steady_clock``.
The core clock is not the counter: a slower core shows in ``delay_loop``, not here.
"""

from __future__ import annotations

import time
from pathlib import Path

from cerberus_plan.calibration.harness.atomics import ticks_begin, ticks_end
from cerberus_plan.calibration.harness.frame import kernel


@kernel
def _begin() -> int:
    return ticks_begin()


@kernel
def _end() -> int:
    return ticks_end()


def _reading() -> tuple[float, float]:
    """A pair (ticks, seconds) taken at the same moment, as near as 50 tries can bring them."""
    best = (float("inf"), 0.0, 0.0)
    for _ in range(50):
        before = _begin()
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        after = _end()
        best = min(best, (after - before, (before + after) / 2.0, now * 1e-9))
    return best[1], best[2]


def ticks_per_second(*, span_s: float = 0.1) -> float:
    """Rate of the time stamp counter [1/s], measured over ``span_s``."""
    _reading()  # compiles
    first_ticks, first_s = _reading()
    time.sleep(span_s)
    last_ticks, last_s = _reading()
    return (last_ticks - first_ticks) / (last_s - first_s)


def steady_clock(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor promises a counter of constant rate that never stops."""
    for line in cpuinfo.read_text(errors="replace").splitlines():
        if line.startswith("flags"):
            flags = line.split()
            return "constant_tsc" in flags and "nonstop_tsc" in flags
    return False
