"""will-it-scale as a measurement of the machine: what is serial in one kernel path, from threads against processes.

The file's operations per second of threads are fitted as in ``calibration.campaign.fit_machine``, with the processes of
the same file as control. The tool does not write which test it ran, so the file must be named after it:
``page_fault1.csv``.
Interval: the range of fits that leave one number of tasks out.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from cerberus_plan.calibration.campaign.fit_machine import SerialPart, quantities_of, split_from_many, split_from_one
from cerberus_plan.calibration.programs.imports import will_it_scale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cerberus_plan.calibration.programs.imports.source import Source
    from cerberus_plan.model.quantity import Quantity

#: Beginning of the test's name -> names of the serial part, the hand-over, the parallel part.
COSTS = {"page_fault": ("page_fault", "page_fault_handover", "page_fault_parallel")}


def parse(source: Source) -> dict[str, Quantity]:
    """Costs of the machine [s].

    Raises:
        InputError: not a will-it-scale file, a test that gives no cost, or too few points.
    """
    test = PurePath(source.name).stem
    names = next((costs for stem, costs in COSTS.items() if test.startswith(stem)), None)
    if names is None:
        source.refuse(None, f"a file called {test!r}", f"one named after its test, one of {', '.join(COSTS)}1.csv")
    times = {
        curve.series: {point.n: 1.0 / (sum(point.values) / len(point.values)) for point in curve.points}
        for curve in will_it_scale.parse(source).curves
    }
    threads, processes = times.get("threads", {}), times.get("processes", {})
    if 1 not in threads or len(threads) < 2:
        source.refuse(None, "threads at too few numbers of tasks", "threads at 1 task and at least one more")
    crowd = {n: time for n, time in threads.items() if n > 1}
    slow = {n: max(1.0, n * processes.get(n, 0.0) / processes[1]) if 1 in processes else 1.0 for n in crowd}
    best = _fit(threads[1], crowd, slow)
    rest = [_fit(threads[1], {m: t for m, t in crowd.items() if m != n}, slow) for n in crowd if len(crowd) > 1]
    return quantities_of(best, rest or [best], names, what=f"will-it-scale {test}", counts=sorted(crowd))


def _fit(alone: float, crowd: Mapping[int, float], slow: Mapping[int, float]) -> SerialPart:
    if len(crowd) > 1:
        return split_from_many(alone, crowd, slow)
    ((n, time),) = crowd.items()
    return split_from_one(alone, workers=n, time=time, slowdown=slow[n])
