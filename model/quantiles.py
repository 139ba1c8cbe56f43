"""Quantiles along the first axis, interpolated linearly: ``numpy.quantile`` without its ``numpy.ma``.

Equation: with n values in ascending order the quantile p lies at position p (n - 1), counted from 0.
Why: on its first call ``numpy.quantile`` imports the masked arrays, a twentieth of a short command's time.
When not to use it: for values that are not a number, or with weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def quantiles(values: NDArray[np.float64], levels: Sequence[float]) -> NDArray[np.float64]:
    """The quantiles of each column, shape (levels, ...)."""
    place = np.asarray(levels) * (len(values) - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, len(values) - 1)
    # a set, for a place that is named twice is sorted for twice
    ordered = np.partition(values, sorted({*below.tolist(), *above.tolist()}), axis=0)
    part = (place - below).reshape(-1, *(1 for _ in range(values.ndim - 1)))
    low, high = ordered[below], ordered[above]
    return np.asarray(np.where(part > 0, low + (high - low) * part, low))
