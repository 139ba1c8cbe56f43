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
# The last step, in standard deviations of the model's error: what is left after it is its square.
_CLOSE = 0.1
_SMALLEST = 1e-6
_ROOT_2_PI = math.sqrt(2.0 * math.pi)


def normal_cdf(x: Array) -> Array:
    """Standard normal distribution function, within 2e-4: a cubic in a logistic curve, as numpy has no error function.

    Source: Page (1977), Approximations to the cumulative normal function.
    """
    found: Array = 0.5 * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * x * (1.0 + 0.044715 * (x * x))))
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
    """Where the mixture's distribution function is p, within a hundredth of the model's error."""
    side = offsets if p > 0.5 else -offsets
    least = offsets.min(axis=1) - 3.0 * width
    most = offsets.max(axis=1) + 3.0 * width
    beyond = 2.0 * np.mean(np.square(np.maximum(side, 0.0)), axis=1)
    q = math.copysign(Z90, p - 0.5) * np.sqrt(width**2 + beyond)
    # Single precision is a hundred times finer than the answer, and four times faster.
    scaled = (offsets / width[:, None]).astype(np.float32)
    for _ in range(_STEPS):
        z = (q / width).astype(np.float32)[:, None] - scaled
        excess = normal_cdf(z).mean(axis=1, dtype=np.float64) - p
        least, most = np.where(excess < 0.0, q, least), np.where(excess < 0.0, most, q)
        density = np.exp(-0.5 * z * z).mean(axis=1, dtype=np.float64) / (_ROOT_2_PI * width)
        step = q - excess / np.maximum(density, 1e-300)
        # A Newton step that leaves the bracket is replaced by a bisection.
        inside = (step > least) & (step < most)
        q, before = np.where(inside, step, 0.5 * (least + most)), q
        if (np.abs(q - before) < _CLOSE * width).all():
            break
    return q
