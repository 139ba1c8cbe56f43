"""Positive power series whose coefficients leave the range of a double.

Models: normalising constants of hundreds to thousands of threads, which span thousands of orders of magnitude while
neighbours are alike.
Representation: blocks of doubles with one power of two each, for many series (draws) at once. A series is tilted
(a_i -> a_i exp(t i), which products respect) so that blocks are flat.
Equation: products c_j = sum_i a_i b_(j-i).
Numerics: no term cancels; ``scaled_kernel`` says what is left out. ``span`` is what a block spans at most, in bits;
where two series span more than a double can follow, answers are "not a number".
When not to use it: for short series (``model.exact.series``): it loads a compiler.
Source: as ``scaled_kernel``.
"""

from __future__ import annotations

import math

import numpy as np

from cerberus_plan.model.exact.scaled_kernel import BLOCK, MOST_SPAN, NOTHING, UNSEEN, Whole, multiply
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record

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
        return ScaledSeries.of_blocks(whole)

    @staticmethod
    def of_blocks(logs: Array) -> ScaledSeries:
        """The series of exp(logs), in whole blocks."""
        blocks = logs.reshape(logs.shape[0], -1, BLOCK)
        most = blocks.max(axis=2)
        some = np.isfinite(most)
        powers = np.where(some, np.ceil(np.where(some, most, 0.0) / _LOG_2), NOTHING).astype(np.int64)
        numbers = np.exp(blocks - (np.where(some, powers, 0) * _LOG_2)[:, :, None])
        least = np.where(np.isfinite(blocks), blocks, np.inf).min(axis=2)
        span = float((most - least)[some].max(initial=0.0)) / _LOG_2
        return ScaledSeries(numbers.reshape(logs.shape), powers, span)

    def times(self, other: ScaledSeries, count: int) -> ScaledSeries:
        """The first ``count`` coefficients of the products."""
        long, short = (self, other) if self.powers.shape[1] >= other.powers.shape[1] else (other, self)
        rows, blocks = max(short.powers.shape[0], long.powers.shape[0]), math.ceil(count / BLOCK)
        numbers, powers = np.empty((rows, blocks * BLOCK)), np.empty((rows, blocks), dtype=np.int64)
        slack = short.span + long.span
        if not slack < MOST_SPAN:
            numbers[:], powers[:] = np.nan, 0
            return ScaledSeries(numbers, powers, math.inf)
        pairs, span = long.powers.shape[1] + 1, 0.0
        windows, window_powers = np.empty(2 * pairs * BLOCK), np.empty(pairs, dtype=np.int64)
        for row in range(rows):
            one, two = min(row, short.powers.shape[0] - 1), min(row, long.powers.shape[0] - 1)
            found = multiply(
                short.numbers[one], short.powers[one], short.numbers.shape[1], long.numbers[two], long.powers[two],
                0, UNSEEN + int(slack), numbers[row], powers[row], windows, window_powers,
            )  # fmt: skip
            span = max(span, found)
        return ScaledSeries(numbers, powers, span)

    def logs(self, count: int, tilt: Array) -> Array:
        """Logarithms of the first ``count`` coefficients, the tilt taken out."""
        with np.errstate(divide="ignore"):
            found = np.log(self.numbers) + np.repeat(self.powers, BLOCK, axis=1) * _LOG_2
        return np.asarray(found[:, :count] - tilt[:, None] * np.arange(count))


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
