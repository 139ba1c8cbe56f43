"""Sums and products of positive power series whose coefficients are held as logarithms.

Models: normalising constants of product-form networks, which span thousands of orders of magnitude.
Equation: the convolution c_j = sum_i a_i b_(j-i) of positive coefficients. No term cancels, so the only danger is
the range of a double. A series is tilted (a_i -> a_i r^i, which a convolution respects) until it is as flat as it
can be; if the product's terms then provably fit a double, the sum is done on plain numbers, else on logarithms.
Assumptions: coefficients are not negative; -inf stands for zero.
When not to use it: for series with terms of both signs.
"""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np

from cerberus_plan.model.laws.station import Array

# exp(+-_SAFE) leaves room below the range of a double, exp(709), for the sums themselves.
_SAFE = 600.0
# Rows of the logarithmic convolution computed at once: bounds its memory to a few MiB.
_BLOCK = 256
# Terms from which compiled series are quicker than logarithms, the start of the compiler included.
_MANY_TERMS = 2**19

_log_factorials = np.cumsum(np.log(np.maximum(np.arange(256.0), 1.0)))


_indices = np.arange(256.0)


def whole(count: int) -> Array:
    """0, 1, ..., count - 1 as floats."""
    return _indices[:count] if count <= _indices.size else np.arange(float(count))


def log_factorial(count: int) -> Array:
    """Logarithms of 0!, 1!, ..., (count - 1)!."""
    if count <= _log_factorials.size:
        return _log_factorials[:count]
    return np.cumsum(np.log(np.maximum(np.arange(float(count)), 1.0)))


def station_factors(service_times: Array) -> Array:
    """Logarithms of F(k) = prod_{j<=k} service_time(j), k = 0..n."""
    found = np.zeros(service_times.size + 1)
    with np.errstate(divide="ignore"):
        np.cumsum(np.log(service_times), out=found[1:])
    return found


def product(factors: list[Array], most: int) -> Array:
    """Coefficients 0..most of the product of the stations' series."""
    if not factors:
        empty = np.full(most + 1, -np.inf)
        empty[0] = 0.0
        return empty
    found = factors[0][: most + 1]
    for factor in factors[1:]:
        found = convolve(found, factor)[: most + 1]
    return found


def products_without_each(factors: list[Array], most: int) -> list[Array]:
    """Coefficients 0..most of the products of all series but one, each left out in turn.

    Each is all before it times all after it, so many take as long as a few products, not as their square.
    """

    def times(left: Array, right: Array) -> Array:
        return convolve(left, right)[: most + 1]

    before = accumulate(factors[:-1], times, initial=np.zeros(1))
    after = reversed(list(accumulate(factors[:0:-1], times, initial=np.zeros(1))))
    return [times(left, right) for left, right in zip(before, after, strict=True)]


def power(series: Array, exponent: int) -> Array:
    """Coefficients of the series raised to a positive whole power, by repeated squaring."""
    if series.size == 1:
        return series * exponent
    spread, slope = _flatness(series)
    if spread * exponent + exponent * math.log(series.size) < _SAFE:
        plain = np.exp(series - series[0] - slope * whole(series.size))
        with np.errstate(divide="ignore"):
            raised = np.log(_plain_power(plain, exponent))
        return raised + series[0] * exponent + slope * whole(raised.size)
    found: Array | None = None
    square = series
    while True:
        if exponent & 1:
            found = square if found is None else convolve(found, square)
        exponent >>= 1
        if not exponent:
            return found if found is not None else square
        square = convolve(square, square)


def _plain_power(plain: Array, exponent: int) -> Array:
    found: Array | None = None
    while True:
        if exponent & 1:
            found = plain if found is None else np.convolve(found, plain)
        exponent >>= 1
        if not exponent:
            return found if found is not None else plain
        plain = np.convolve(plain, plain)


def _flatness(series: Array) -> tuple[float, float]:
    """Range of the logarithms after the best simple tilt, and the tilt; infinite when a coefficient is zero."""
    first, last = float(series[0]), float(series[-1])
    if not (math.isfinite(first) and math.isfinite(last)):
        return math.inf, 0.0
    slope = (last - first) / max(series.size - 1, 1)
    flat = series - first - slope * whole(series.size)
    return float(flat.max() - flat.min()), slope


def convolve(left: Array, right: Array) -> Array:
    """Logarithms of the coefficients of the product of two series: shape (left + right - 1,)."""
    if left.size == 1:
        return right + left[0]
    if right.size == 1:
        return left + right[0]
    plain = _plain_convolve(left, right)
    if plain is None and left.size * right.size >= _MANY_TERMS:
        plain = _scaled_convolve(left, right)
    return _log_convolve(left, right) if plain is None else plain


def _scaled_convolve(left: Array, right: Array) -> Array | None:
    """The product on scaled series, or None when even they would lose terms: loads a compiler."""
    from cerberus_plan.model.exact.scaled_series import convolve_logs

    found = convolve_logs(left, right)
    return found if np.isfinite(found).any() and not np.isnan(found).any() else None


def _plain_convolve(left: Array, right: Array) -> Array | None:
    """The product on plain numbers, or None when they might leave the range of a double.

    Both series must get the same tilt; the mean of their own slopes is used.
    """
    spread_left, slope_left = _flatness(left)
    spread_right, slope_right = _flatness(right)
    if not spread_left + spread_right < _SAFE:
        return None
    slope = (slope_left * (left.size - 1) + slope_right * (right.size - 1)) / (left.size + right.size - 2)
    tilted_left = left - left[0] - slope * whole(left.size)
    tilted_right = right - right[0] - slope * whole(right.size)
    low = tilted_left.min() + tilted_right.min()
    high = tilted_left.max() + tilted_right.max()
    if low < -_SAFE or high > _SAFE:
        return None
    total = np.log(np.convolve(np.exp(tilted_left), np.exp(tilted_right)))
    return np.asarray(total + (left[0] + right[0]) + slope * whole(total.size))


def _log_convolve(left: Array, right: Array) -> Array:
    if left.size < right.size:
        left, right = right, left
    padded = np.full(left.size + 2 * (right.size - 1), -np.inf)
    padded[right.size - 1 : right.size - 1 + left.size] = left
    windows = np.lib.stride_tricks.sliding_window_view(padded, right.size)
    return _log_sums(windows, right[::-1])


def correlate(weights: Array, series: Array) -> Array:
    """Logarithms of T_i = sum_J exp(weights[J + i] + series[J]), i = 0..weights - series."""
    tilted = _plain_correlate(weights, series)
    if tilted is not None:
        return tilted
    return _log_sums(np.lib.stride_tricks.sliding_window_view(weights, series.size), series)


def _plain_correlate(weights: Array, series: Array) -> Array | None:
    """The correlation on plain numbers, or None when they might leave the range of a double.

    A tilt of the series is undone in the weights: sum_J w_(J+i) r^-J s_J r^J.
    """
    spread, slope = _flatness(series)
    if not spread < _SAFE:
        return None
    flat_series = series - series[0] - slope * whole(series.size)
    flat_weights = weights + slope * whole(weights.size)
    low, high = float(flat_weights.min()), float(flat_weights.max())
    if not math.isfinite(low) or not (high - low) / 2.0 + np.abs(flat_series).max() < _SAFE:
        return None  # a weight of nothing, a station that nobody visits, has no plain number to be tilted
    middle = (high + low) / 2.0
    total = np.log(np.correlate(np.exp(flat_weights - middle), np.exp(flat_series), "valid"))
    return np.asarray(total + middle + series[0] - slope * whole(total.size))


def _log_sums(windows: Array, row: Array) -> Array:
    """Log sum exp(window + row) for every window, a block at a time."""
    found = np.empty(windows.shape[0])
    for start in range(0, windows.shape[0], _BLOCK):
        terms = windows[start : start + _BLOCK] + row
        most = terms.max(axis=1)
        shift = np.where(np.isfinite(most), most, 0.0)
        terms -= shift[:, None]
        np.exp(terms, out=terms)
        with np.errstate(divide="ignore"):
            found[start : start + _BLOCK] = np.log(terms.sum(axis=1)) + shift
    return found


def log_dot(left: Array, right: Array) -> float:
    """Log sum exp(left + right)."""
    terms = left + right
    most = float(terms.max()) if terms.size else -math.inf
    if not math.isfinite(most):
        return most
    return most + math.log(float(np.exp(terms - most).sum()))
