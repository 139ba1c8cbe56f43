"""SMT: two threads of one core are one core and a bit, not two.

Equations: n threads on P cores of two siblings each do the work of n while n <= P, and of P + gain (n - P) beyond, so
all times stretch by n / (P + gain (n - P)). With s siblings a
core, s P threads do P + gain (s - 1) P.
On more threads than the machine has, every core is taken to hold as many as its cores do here.
Assumptions: threads take a core of their own first; a core's siblings share it evenly; lock holders are slowed as all.
When not to use it: for memory-bound work, whose limit is ``memory_bandwidth``.
Source: gains of 0 to 30 % a core: Marr et al., Intel Technology Journal 6 (2002); Bulpin and Pratt, WDDD (2004), 20 %.
"""

from __future__ import annotations

from typing import Any


def stretch(lib: Any, threads: Any, cores: Any, siblings: Any, gain: Any) -> Any:
    """Factor on the times of ``threads`` threads on ``cores`` cores of ``siblings`` hardware threads."""
    held = lib.maximum(cores, threads / siblings)
    doubled = lib.maximum(threads - held, 0)
    return lib.maximum(threads, held) / (held + gain * doubled)
