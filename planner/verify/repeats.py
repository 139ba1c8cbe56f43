"""Repeats of one split as one row: their median, and where it lies.

    value = median of the rates; 90 % interval of it by Student's t on their logarithms

Others that kept the cores busy took time that the program may have used, or that it left idle: which of the two cannot
be seen. The interval's high end is that of the rates over the share of the cores' time that others left, where they
took enough to matter (`calibration.programs.observe.observation.NOISE`); the value stays what was run.

When not to use it: for runs that are to be kept one by one (``planner.tune.record``).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from cerberus_plan.calibration.programs.observe.observation import NOISE
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.student import student_t
from cerberus_plan.planner.verify.rounds import MOST_OTHERS


def measurement(
    instances: int, cores: int, rates: Sequence[float], *, host: str, date: str, others: Sequence[float] = ()
) -> Measurement:
    """One row from repeats: their median, and where it lies in nine of ten such sets of repeats.

    Args:
        instances: That ran at the same time.
        cores: Of each.
        rates: Of all instances together, one a repeat.
        host: Where.
        date: When.
        others: Share of the cores' time that other programs took, one a repeat; none says that nobody knows of any.
    """
    middle, half = statistics.median(rates), _half(rates)
    low, high = (None, None) if half is None else (middle * math.exp(-half), middle * math.exp(half))
    if max(others, default=0.0) > NOISE:
        alone = [rate / (1.0 - min(share, MOST_OTHERS)) for rate, share in zip(rates, others, strict=True)]
        low = middle if low is None else low
        # Shares differ between runs, which is no scatter of the program: the rates as they were tell that.
        high = max(high or middle, statistics.median(alone) * math.exp(half or 0.0))
    return Measurement(
        instances=instances, cores_per_instance=cores, value=middle, low=low, high=high, host=host, date=date
    )


def _half(rates: Sequence[float]) -> float | None:
    """Half the width of the median's 90 % interval on the logarithm; None of one run."""
    if len(rates) < 2:
        return None
    logs = [math.log(rate) for rate in rates]
    return student_t(0.9, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
