"""The predictive distribution of a split: what draws of the costs say, and the model's own error around each.

Models: log(true rate) is a mixture, one normal distribution around each draw's answer with the model's standard
deviation (``model.discrepancy``). Quantiles solve mean_d Phi((q - log rate_d) / sigma) = p, by Newton's method from the
normal approximation, kept between the outermost components.
Assumptions: the model's error does not depend on the draw. The centre is draw 0, the answer under the central values.
When not to use it: to compare splits, whose errors vary together (``joint``).
"""

from __future__ import annotations

import math

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.quantity import Z90

# Steps of Newton's method: four give six digits from the start used, where a mixture has one bulk.
_STEPS = 12
_SMALLEST = 1e-6
_ROOT_2_PI = math.sqrt(2.0 * math.pi)


def normal_cdf(x: Array) -> Array:
    """Standard normal distribution function, within 2e-4: a cubic in a logistic curve, as numpy has no error function.

    Source: Page (1977), Approximations to the cumulative normal function.
    """
    found: Array = 0.5 * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
    return found


def predictive(values: Array, sigma: Array) -> tuple[Array, Array, Array]:
    """5th percentile, centre and 95th percentile of rates or times.

    Args:
        values: Answer under each draw, the central one first: shape (splits, draws).
        sigma: Standard deviation of the model's log error of each split.
    """
    logs = np.log(values)
    centre = logs[:, :1]
    offsets = logs - centre
    width = np.maximum(sigma, _SMALLEST)
    low, high = (_quantile(offsets, width, p) for p in (0.05, 0.95))
    middle = values[:, 0]
    return middle * np.exp(np.minimum(low, 0.0)), middle, middle * np.exp(np.maximum(high, 0.0))


def _quantile(offsets: Array, width: Array, p: float) -> Array:
    """Where the mixture's distribution function is p."""
    least = offsets.min(axis=1) - 3.0 * width
    most = offsets.max(axis=1) + 3.0 * width
    spread = np.sqrt(width**2 + offsets.var(axis=1))
    q = offsets.mean(axis=1) + math.copysign(Z90, p - 0.5) * spread
    for _ in range(_STEPS):
        z = (q[:, None] - offsets) / width[:, None]
        excess = normal_cdf(z).mean(axis=1) - p
        least, most = np.where(excess < 0.0, q, least), np.where(excess < 0.0, most, q)
        density = np.exp(-0.5 * z * z).mean(axis=1) / (_ROOT_2_PI * width)
        step = q - excess / np.maximum(density, 1e-300)
        # A Newton step that leaves the bracket is replaced by a bisection.
        inside = (step > least) & (step < most)
        q, before = np.where(inside, step, 0.5 * (least + most)), q
        if np.abs(q - before).max() < 1e-3:
            break
    return q
