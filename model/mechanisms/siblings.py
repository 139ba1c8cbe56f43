"""Unequal places for threads: the second thread of a core and the slower kind of core are each a part of a core.

Equations: n threads on P cores of two siblings each do the work of n while n <= P, and of P + gain (n - P) beyond, so
all times stretch by n / (P + gain (n - P)). With s siblings a core, s P threads do P + gain (s - 1) P.
Of P cores a share ``slower`` has ``speed`` of the others and is taken after them, before second threads: the n-th
thread adds 1, then ``speed``, then ``gain``.
On more threads than the machine has, every core is taken to hold as many as its cores do here.
Assumptions: threads take a core of their own first, fast ones before slow ones; work moves to whoever is free, so that
threads of unlike speed finish together; a core's siblings share it evenly; lock holders are slowed as all.
When not to use it: for a fixed equal share of work a thread, which ends with the slowest.
Source: gains of 0 to 30 % a core: Marr et al., Intel Technology Journal 6 (2002); Bulpin and Pratt, WDDD (2004), 20 %.
"""

from __future__ import annotations

from typing import Any


def stretch(
    lib: Any, threads: Any, cores: Any, siblings: Any, gain: Any, *, slower: Any = 0.0, speed: Any = 1.0
) -> Any:
    """Factor on the times of ``threads`` threads on ``cores`` cores of ``siblings`` hardware threads."""
    held = lib.maximum(cores, threads / siblings)
    doubled = lib.maximum(threads - held, 0)
    slow = lib.minimum(lib.maximum(threads - held * (1 - slower), 0), held * slower)
    return threads / (threads - (1 - gain) * doubled - (1 - speed) * slow)
