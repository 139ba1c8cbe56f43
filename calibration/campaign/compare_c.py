"""How faithful the compiled loops are: the lowest time of each case beside its twin in C.

Minima, because disturbances only lengthen; where two workers contend, the lowest tenth, because a batch in which one
of them hardly ran looks fast. Workers on two cores are compared in the placement that both sides met most. What may be
promised depends on what is timed: raw calls and messages on one core 5 %, atomics and locks with holds beyond 90 ns
10 %, streams through memory 15 %, chases of pointers 20 %, memory management and files 25 % (identical calls fall into
two classes by the shape of the surrounding code, in C too), wake-ups across cores 40 % (they spread as much between
runs of one program). Shorter locks and contended words are shown without a promise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.statistics import LOW_QUANTILE, placement_groups
from cerberus_plan.calibration.harness.twins import TWIN_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cerberus_plan.calibration.harness.case import Batch

_RAW, _ATOMIC, _STREAM, _CHASE, _MEMORY, _WAKE = 0.05, 0.10, 0.15, 0.20, 0.25, 0.40
#: Beginning of the case name -> promised deviation; the first that fits counts.
_PROMISES: tuple[tuple[str, float], ...] = (
    ("syscall", _RAW),
    ("clock_read", _RAW),
    ("delay_loop", _RAW),
    ("message.woken_same_core", _RAW),
    ("packet.same_core", _RAW),
    ("signal.same_core", _RAW),
    ("packet_path", _RAW),
    ("atomic_add.private", _ATOMIC),
    ("atomic_add", _ATOMIC),
    ("compare_and_swap", _ATOMIC),
    ("core_to_core", _ATOMIC),
    ("message.polled", _ATOMIC),
    ("memory_stream", _STREAM),
    ("memory_latency", _CHASE),
    ("page_fault", _MEMORY),
    ("mmap_munmap", _MEMORY),
    ("file_", _MEMORY),
    ("process_spawn", _MEMORY),
    ("thread_create", _MEMORY),
    ("message.woken", _WAKE),
    ("signal.two_cores", _WAKE),
    ("packet.two_cores", _WAKE),
)
_LOCKS = ("ticket_lock", "test_and_set_lock", "queue_lock")
#: Iterations of the hold from which a lock is compared with a promise: 235 cycles of a 2.6 GHz counter.
_SHORTEST_HOLD = 512
#: A chase through twice the memory that takes longer by this factor has left a level of the caches.
_LEVEL = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One case and its twin.

    Attributes:
        case: Name of the case.
        numba_s: Lowest time of an operation [s].
        c_s: The twin's [s].
        promise: Promised relative deviation, None for none.
    """

    case: str
    numba_s: float
    c_s: float
    promise: float | None

    @property
    def ratio(self) -> float:
        """Numba over C."""
        return self.numba_s / self.c_s

    @property
    def kept(self) -> bool | None:
        """Whether the promise holds; None without one."""
        return None if self.promise is None else abs(self.ratio - 1.0) <= self.promise


def promise(case: str) -> float | None:
    """What is promised for a case, None for nothing."""
    for lock in _LOCKS:
        if case.startswith(f"{lock}."):
            hold = case.split(".")[1]
            return _ATOMIC if hold.isdigit() and int(hold) >= _SHORTEST_HOLD else None
    return next((limit for stem, limit in _PROMISES if case.startswith(stem)), None)


def separate(batches: Mapping[str, list[Batch]]) -> tuple[dict[str, list[Batch]], dict[str, list[Batch]]]:
    """Our batches, and those of the twins under the names of our cases."""
    ours = {name: found for name, found in batches.items() if not name.endswith(TWIN_SUFFIX)}
    twins = {name.removesuffix(TWIN_SUFFIX): found for name, found in batches.items() if name.endswith(TWIN_SUFFIX)}
    return ours, twins


def _lowest(batches: list[Batch]) -> float:
    contended = len(batches[0].operations) > 1
    return float(np.quantile([batch.seconds for batch in batches], LOW_QUANTILE if contended else 0.0))


def _same_placement(ours: list[Batch], twins: list[Batch]) -> tuple[list[Batch], list[Batch]]:
    """Clean batches of both sides from the placement that has most of both."""
    clean = [batch for batch in [*ours, *twins] if batch.round >= 0 and batch.clean]
    names = {batch.case for batch in ours}
    sides = [
        ([batch for batch in group if batch.case in names], [batch for batch in group if batch.case not in names])
        for group in placement_groups(clean)
    ]
    return max(sides, key=lambda side: min(len(side[0]), len(side[1])), default=([], []))


def _of_levels(rows: list[Comparison]) -> list[Comparison]:
    """The rows, without a promise for chases through a size that lies between two levels of the caches.

    What is held there depends on which physical pages one got; a size twice as large taking longer tells.
    """
    stem = "memory_latency."
    chases = {row.case: row for row in rows if row.case.startswith(stem)}
    between = {
        case
        for case, row in chases.items()
        if (larger := chases.get(f"{stem}{2 * int(case.removeprefix(stem))}")) is not None
        and max(larger.numba_s / row.numba_s, larger.c_s / row.c_s) > _LEVEL
    }
    return [replace(row, promise=None) if row.case in between else row for row in rows]


def compare(ours: Mapping[str, list[Batch]], twins: Mapping[str, list[Batch]]) -> list[Comparison]:
    """All cases that have a twin and clean batches on both sides."""
    found = []
    for case, batches in twins.items():
        here, there = _same_placement(ours.get(case, []), batches)
        if here and there:
            limit = promise(case)
            found.append(Comparison(case=case, numba_s=_lowest(here), c_s=_lowest(there), promise=limit))
    return _of_levels(found)
