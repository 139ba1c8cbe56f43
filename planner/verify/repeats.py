"""Repeats of one split as one row: their median, and where it lies.

    value = median of the rates; 90 % interval of it by Student's t on their logarithms

When not to use it: for runs that are to be kept one by one (``planner.tune.record``).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.student import student_t


def measurement(instances: int, cores: int, rates: Sequence[float], *, host: str, date: str) -> Measurement:
    """One row from repeats: their median, and where it lies in nine of ten such sets of repeats."""
    middle = statistics.median(rates)
    if len(rates) < 2:
        return Measurement(instances=instances, cores_per_instance=cores, value=middle, host=host, date=date)
    logs = [math.log(rate / middle) for rate in rates]
    half = student_t(0.9, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    low, high = middle * math.exp(-half), middle * math.exp(half)
    return Measurement(
        instances=instances, cores_per_instance=cores, value=middle, low=low, high=high, host=host, date=date
    )
