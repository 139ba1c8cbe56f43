"""Positive power series whose coefficients leave the range of a double.

Models: normalising constants of hundreds to thousands of threads, which span thousands of orders of magnitude while
neighbours are alike.
Representation: blocks of doubles with one power of two each, for many series (draws) at once. A series is tilted
(a_i -> a_i exp(t i), which products respect) so that blocks are flat.
Equations: products c_j = sum_i a_i b_(j-i), correlations T_i = sum_j w_(i + j) s_j, dot products.
Numerics: no term cancels; ``scaled_kernel`` says what is left out. ``span`` is what a block spans at most, in bits;
where two series span more than a double can follow, answers are "not a number".
When not to use it: for short series (``model.exact.series``): it loads a compiler.
Source: as ``scaled_kernel``.
"""

from __future__ import annotations

import math

import numpy as np

from cerberus_plan.model.exact.scaled_kernel import BLOCK, NOTHING, Whole, product
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record

# Bits below the smallest coefficient of a block beyond which nothing is added.
_UNSEEN = 80
# Largest sum of the spans of two factors that is followed: their product and what is left out stay within a double.
_MOST_SPAN = 440.0
_LOG_2 = math.log(2.0)


class ScaledSeries(Record, kw_only=False):
    """Some series of one length.

    Attributes:
        numbers: Coefficients over their block's power of two: shape (series, blocks x BLOCK), zeros at the end.
        powers: Exponents: shape (series, blocks).
        span: Bits that a block spans at most.
    """

    numbers: Array
    powers: Whole
    span: float

    @staticmethod
    def of_logs(logs: Array, tilt: Array, before: int = 0) -> ScaledSeries:
        """The series of exp(logs[:, i] + tilt i), with some zeros before them; logs may have one row for all tilts."""
        count = logs.shape[1]
        whole = np.full((max(logs.shape[0], tilt.size), math.ceil((before + count) / BLOCK) * BLOCK), -np.inf)
        whole[:, before : before + count] = logs + tilt[:, None] * np.arange(count)
        blocks = whole.reshape(whole.shape[0], -1, BLOCK)
        most = blocks.max(axis=2)
        some = np.isfinite(most)
        powers = np.where(some, np.ceil(np.where(some, most, 0.0) / _LOG_2), NOTHING).astype(np.int64)
        numbers = np.exp(blocks - (np.where(some, powers, 0) * _LOG_2)[:, :, None])
        least = np.where(np.isfinite(blocks), blocks, np.inf).min(axis=2)
        span = float((most - least)[some].max(initial=0.0)) / _LOG_2
        return ScaledSeries(numbers.reshape(whole.shape), powers, span)

    @staticmethod
    def one() -> ScaledSeries:
        """The series 1."""
        return ScaledSeries.of_logs(np.zeros((1, 1)), np.zeros(1))

    def times(self, other: ScaledSeries, count: int) -> ScaledSeries:
        """The first ``count`` coefficients of the products."""
        long, short = (self, other) if self.powers.shape[1] >= other.powers.shape[1] else (other, self)
        return _product(short, long, 0, math.ceil(count / BLOCK))

    def against(self, weights: ScaledSeries, count: int) -> ScaledSeries:
        """T_i = sum_j weights_(i + j) self_j for i < ``count``, after ``BLOCK - 1`` numbers without meaning."""
        turned = ScaledSeries(
            np.ascontiguousarray(self.numbers[:, ::-1]), np.ascontiguousarray(self.powers[:, ::-1]), self.span
        )
        return _product(turned, weights, self.powers.shape[1] - 1, math.ceil((count + BLOCK - 1) / BLOCK))

    def log_dot(self, other: ScaledSeries) -> Array:
        """Logarithms of the sums of the products of coefficients, as far as both go: shape (series,)."""
        blocks = min(self.powers.shape[1], other.powers.shape[1])
        powers = self.powers[:, :blocks] + other.powers[:, :blocks]
        best = powers.max(axis=1)
        shape = (-1, blocks, BLOCK)
        length = blocks * BLOCK
        parts = np.einsum(
            "rbi,rbi->rb", self.numbers[:, :length].reshape(shape), other.numbers[:, :length].reshape(shape)
        )
        total = np.ldexp(parts, np.maximum(powers - best[:, None], -2000)).sum(axis=1)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(total) + best * _LOG_2)

    def logs(self, count: int, tilt: Array) -> Array:
        """Logarithms of the first ``count`` coefficients, the tilt taken out."""
        with np.errstate(divide="ignore"):
            found = np.log(self.numbers) + np.repeat(self.powers, BLOCK, axis=1) * _LOG_2
        return np.asarray(found[:, :count] - tilt[:, None] * np.arange(count))


def _product(left: ScaledSeries, right: ScaledSeries, first: int, blocks: int) -> ScaledSeries:
    rows = max(left.powers.shape[0], right.powers.shape[0])
    numbers, powers = np.empty((rows, blocks * BLOCK)), np.empty((rows, blocks), dtype=np.int64)
    slack = left.span + right.span
    if not slack < _MOST_SPAN:
        numbers[:], powers[:] = np.nan, 0
        return ScaledSeries(numbers, powers, math.inf)
    span = product(
        left.numbers, left.powers, right.numbers, right.powers, first, _UNSEEN + int(slack), numbers, powers,
        np.empty(2 * BLOCK),
    )  # fmt: skip
    return ScaledSeries(numbers, powers, span)


def log_product(factors: list[Array]) -> Array:
    """Logarithms of the coefficients of a product of series, given as logarithms: shape (series or 1, count) all."""
    count = factors[0].shape[1]
    # Without delays theirs is the series 1.
    factors = [factor for factor in factors if np.isfinite(factor[:, 1:]).any()] or factors[:1]
    if len(factors) == 1:
        return factors[0]
    tilt = -np.max([middle_slope(factor) for factor in np.broadcast_arrays(*factors)], axis=0)
    tilt = np.where(np.isfinite(tilt), tilt, 0.0)
    found = ScaledSeries.of_logs(factors[0], tilt)
    for factor in factors[1:]:
        found = found.times(ScaledSeries.of_logs(factor, tilt), count)
    return found.logs(count, tilt)


def convolve_logs(left: Array, right: Array) -> Array:
    """Logarithms of the coefficients of the product of two series given as logarithms, each of one row."""
    count = left.size + right.size - 1
    tilt = -(middle_slope(left[None]) + middle_slope(right[None])) / 2.0
    tilt = np.where(np.isfinite(tilt), tilt, 0.0)
    multiplied = ScaledSeries.of_logs(left[None], tilt).times(ScaledSeries.of_logs(right[None], tilt), count)
    return multiplied.logs(count, tilt)[0]


def middle_slope(logs: Array) -> Array:
    """Half-way between a series' first and last steps, in logarithms; -inf for one coefficient: shape (series,)."""
    with np.errstate(invalid="ignore"):
        slopes = np.diff(logs, axis=1)
    there = np.isfinite(slopes)
    if not there.any():
        return np.full(logs.shape[0], -np.inf)
    rows = np.arange(logs.shape[0])
    first, last = there.argmax(axis=1), slopes.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    return np.asarray((slopes[rows, first] + slopes[rows, last]) / 2.0)
