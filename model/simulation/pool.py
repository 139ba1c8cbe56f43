"""Several independent runs as one answer.

Equation: the mean of the runs' mean periods; its half-width is the root of the sum of their squares over their number.
Assumptions: runs with different streams are independent, each past its own warm-up.
When not to use it: for runs of different networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from cerberus_plan.model.exact.solver import StationResult
from cerberus_plan.model.simulation.run import Simulation


def pool(runs: Sequence[Simulation]) -> Simulation:
    """The runs taken together; of one run, itself."""
    if len(runs) == 1:
        return runs[0]
    count = len(runs)
    period = math.fsum(1.0 / run.throughput for run in runs) / count
    wide = math.sqrt(math.fsum((1.0 / run.low - 1.0 / run.throughput) ** 2 for run in runs)) / count
    return replace(
        runs[0],
        throughput=1.0 / period,
        low=1.0 / (period + wide),
        high=1.0 / (period - wide) if wide < period else math.inf,
        per_instance=tuple(math.fsum(rates) / count for rates in zip(*(run.per_instance for run in runs), strict=True)),
        stations=tuple(_mean(same) for same in zip(*(run.stations for run in runs), strict=True)),
        completions=sum(run.completions for run in runs),
        warm_up=sum(run.warm_up for run in runs),
        events=sum(run.events for run in runs),
        seconds=math.fsum(run.seconds for run in runs),
    )


def _mean(results: tuple[StationResult, ...]) -> StationResult:
    """One station's measures over all runs."""
    count = len(results)
    return replace(
        results[0],
        queue_length=math.fsum(r.queue_length for r in results) / count,
        residence=math.fsum(r.residence for r in results) / count,
        utilisation=math.fsum(r.utilisation for r in results) / count,
    )
