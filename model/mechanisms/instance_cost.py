"""What an instance costs whatever its program does: timer ticks, housekeeping, the emulator.

Equation: an instance of k threads gives away ``share`` of one core, so its times stretch by k / (k - share). With
clock rates that fall as cores become busy, n active cores stretch all times by 1 + slowdown (min(n, measured) - 1).
Assumptions: the cost is the same for a small and for a large instance; it falls on the instance's own cores; the clock
falls no further than it did on the cores that were measured.
When not to use it: for the memory that every instance holds again; that bounds their number.
Source: measured splits of independent instances lose about 2 % at one core each; the form is arithmetic.
"""

from __future__ import annotations

from typing import Any

# The least part of its cores that an instance keeps.
_LEAST = 0.05


def stretch(lib: Any, threads: Any, share: Any) -> Any:
    """Factor on the times of an instance of ``threads`` threads that gives away ``share`` of one core."""
    return threads / lib.maximum(threads - share, _LEAST * threads)


def clock_stretch(lib: Any, active: Any, measured: Any, slowdown: Any) -> Any:
    """Factor on all times with ``active`` cores busy, when the slowdown was seen on up to ``measured`` of them."""
    return 1 + slowdown * (lib.minimum(active, measured) - 1)
