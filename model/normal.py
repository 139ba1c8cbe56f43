"""Quantiles of the standard normal distribution, without the imports of the library's ``statistics``.

Equation: the distribution function is erfc(-z / sqrt(2)) / 2; its quantile is found by bisection, for the other side by
symmetry.
When not to use it: for millions of quantiles; scipy has them vectorised.
"""

from __future__ import annotations

import math

# The distribution function is 0 or 1 to the last digit beyond.
_FARTHEST = 40.0


def normal_quantile(probability: float) -> float:
    """The z below which a standard normal variable lies with ``probability``, between 0 and 1."""
    if probability > 0.5:  # small probabilities have more digits
        return -normal_quantile(1.0 - probability)
    low, high = -_FARTHEST, 0.0
    for _ in range(80):
        middle = (low + high) / 2.0
        low, high = (middle, high) if math.erfc(-middle / math.sqrt(2.0)) / 2.0 < probability else (low, middle)
    return (low + high) / 2.0
