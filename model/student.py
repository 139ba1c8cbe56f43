"""Student's t: how many standard errors an interval needs when the standard deviation is estimated as well.

Equation: for whole degrees of freedom the distribution function is a finite sum of powers of cos(theta) with
theta = arctan(t / sqrt(freedom)); the quantile is found by bisection.
When not to use it: for millions of quantiles; scipy has them vectorised.
Source: Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
"""

from __future__ import annotations

import math
from functools import cache


def within(t: float, freedom: int) -> float:
    """Probability that a Student variable lies between -t and t."""
    theta = math.atan(t / math.sqrt(freedom))
    sine, square = math.sin(theta), math.cos(theta) ** 2
    odd = freedom % 2 == 1
    term = math.cos(theta) if odd else 1.0
    total = 0.0
    for i in range(1 + odd, freedom, 2):
        total += term
        term *= square * i / (i + 1)
    return 2.0 / math.pi * (theta + sine * total) if odd else sine * total


@cache
def student_t(level: float, freedom: int) -> float:
    """The t whose interval from -t to t holds a Student variable with probability ``level``.

    Args:
        level: Between 0 and 1, for example 0.9.
        freedom: Degrees of freedom, 1 or more.
    """
    low, high = 0.0, 1.0
    while within(high, freedom) < level:
        high *= 2.0
    for _ in range(80):
        middle = (low + high) / 2.0
        low, high = (middle, high) if within(middle, freedom) < level else (low, middle)
    return (low + high) / 2.0
