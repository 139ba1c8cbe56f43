"""Run one function on each of several CPUs at once, and count who interfered.

Each thread pins itself: affinity belongs to the thread, not to the process. Switches are those of the calling
thread, so that a batch that lost its CPU is kept but marked.
When not to use it: for functions that hold the interpreter lock; they would take turns.
Source: sched_setaffinity(2), getrusage(2) RUSAGE_THREAD.
"""

from __future__ import annotations

import os
import resource
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Result = TypeVar("Result")


def on_cpus(cpus: Sequence[int], work: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run ``work[i]`` on a thread pinned to ``cpus[i]``, all at once, and return the results in order.

    Raises:
        Exception: Whatever the first failing function raised, after all have ended.
    """
    with ThreadPoolExecutor(max_workers=len(work)) as pool:
        futures = [pool.submit(_pinned, cpu, each) for cpu, each in zip(cpus, work, strict=True)]
    return [future.result() for future in futures]


def involuntary_switches() -> int:
    """How often the calling thread was switched out against its will so far."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


def _pinned(cpu: int, work: Callable[[], Result]) -> Result:
    os.sched_setaffinity(0, {cpu})
    return work()
