"""Products of positive series on logarithms equal exact rational arithmetic, at any size of the numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.exact import series

# Logarithms over 1500 decades: far outside a double; None is a coefficient of zero.
_logs = st.one_of(st.floats(-2000.0, 2000.0), st.just(-math.inf))
_coefficients = st.lists(_logs, min_size=1, max_size=8).filter(lambda row: max(row) > -math.inf).map(np.array)
_mild = st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=8).map(np.array)


def _reference_convolution(left: np.ndarray, right: np.ndarray) -> list[float]:
    """Log sum exp, one coefficient at a time."""
    found = []
    for total in range(left.size + right.size - 1):
        terms = [left[i] + right[total - i] for i in range(left.size) if 0 <= total - i < right.size]
        found.append(_log_sum(terms))
    return found


def _log_sum(terms: list[float]) -> float:
    most = max(terms)
    return most if most == -math.inf else most + math.log(math.fsum(math.exp(t - most) for t in terms))


@pytest.mark.slow
@given(st.one_of(_coefficients, _mild), st.one_of(_coefficients, _mild))
def test_convolve_is_the_product_of_series(left: np.ndarray, right: np.ndarray) -> None:
    """Mild and extreme series, zeros included; the order does not matter."""
    expected = _reference_convolution(left, right)
    assert series.convolve(left, right) == pytest.approx(expected, rel=1e-12, abs=1e-9)
    assert series.convolve(right, left) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.slow
@given(st.one_of(_coefficients, _mild), st.integers(1, 9))
def test_power_is_repeated_convolution(row: np.ndarray, exponent: int) -> None:
    """Repeated squaring gives what multiplying one at a time gives."""
    expected = row
    for _ in range(exponent - 1):
        expected = np.array(_reference_convolution(expected, row))
    assert series.power(row, exponent) == pytest.approx(expected, rel=1e-11, abs=1e-8)


@pytest.mark.slow
@given(st.lists(st.one_of(_coefficients, _mild), min_size=1, max_size=6), st.integers(0, 20))
def test_products_without_each_are_the_products_of_the_others(rows: list[np.ndarray], most: int) -> None:
    """Up to the coefficient that is asked for; one alone leaves 1."""
    found = series.products_without_each(rows, most)
    for left_out, product in enumerate(found):
        others = [row for i, row in enumerate(rows) if i != left_out]
        expected = np.zeros(1)
        for row in others:
            expected = np.array(_reference_convolution(expected, row))
        assert product == pytest.approx(expected[: most + 1], rel=1e-11, abs=1e-8)


def test_a_thousand_products_without_each_take_a_few_products_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of a thousand shared stations took the square of their number."""
    asked, convolve = [], series.convolve

    def counted(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        asked.append(left.size)
        return convolve(left, right)

    monkeypatch.setattr(series, "convolve", counted)
    assert len(series.products_without_each([np.zeros(4)] * 1000, 6)) == 1000
    assert len(asked) <= 3 * 1000


@pytest.mark.slow
@given(st.one_of(_coefficients, _mild), st.lists(st.floats(-2000.0, 2000.0), max_size=6))
def test_correlate_sums_shifted_products(row: np.ndarray, more: list[float]) -> None:
    """T_i = sum_J w_(J + i) s_J, on extreme numbers."""
    weights = np.array([*more, *np.linspace(-5.0, 5.0, row.size)])
    expected = [_log_sum(list(weights[i : i + row.size] + row)) for i in range(len(more) + 1)]
    assert series.correlate(weights, row) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.slow
@given(_mild, _mild)
def test_correlate_on_mild_numbers(weights: np.ndarray, row: np.ndarray) -> None:
    """The plain path, where everything fits a double."""
    weights, row = (weights, row) if weights.size >= row.size else (row, weights)
    expected = [
        math.log(math.fsum(math.exp(weights[i + j] + row[j]) for j in range(row.size)))
        for i in range(weights.size - row.size + 1)
    ]
    assert series.correlate(weights, row) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "weights", [[-math.inf] * 4, [0.0, -math.inf, -math.inf, -math.inf], [-math.inf, 1.0, 2.0, 3.0]]
)
def test_correlate_with_stations_that_nobody_visits(weights: list[float]) -> None:
    """A demand of 0 has a logarithm of minus infinity: nothing comes of it, and no warning."""
    row = np.array([0.5, -0.5])
    found = series.correlate(np.array(weights), row)
    expected = [math.fsum(math.exp(weights[i + j] + row[j]) for j in range(2)) for i in range(3)]
    assert np.exp(found) == pytest.approx(expected)


def test_factorials_are_exact() -> None:
    """Within and beyond the stored ones."""
    for count in (1, 2, 30, 400):
        expected = [math.lgamma(n + 1) for n in range(count)]
        assert series.log_factorial(count) == pytest.approx(expected, rel=1e-13)
        assert series.log_factorial(count).shape == (count,)


def test_station_factors_are_products_of_service_times() -> None:
    """F(0) = 1, F(k) = product of the first k times, and a time of zero makes all that follow zero."""
    times = [Fraction(1, 2), Fraction(3, 4), Fraction(5, 1)]
    products = [1.0, 0.5, 0.375, 1.875]
    found = series.station_factors(np.array([float(t) for t in times]))
    assert np.exp(found) == pytest.approx(products)
    assert np.exp(series.station_factors(np.array([0.0, 2.0]))).tolist() == [1.0, 0.0, 0.0]


def test_product_of_no_stations_is_one_and_is_cut_to_the_population() -> None:
    """Only zero customers fit into no station."""
    assert np.exp(series.product([], 2)).tolist() == [1.0, 0.0, 0.0]
    row = np.log([1.0, 2.0, 4.0])
    assert np.exp(series.product([row, row], 2)) == pytest.approx([1.0, 4.0, 12.0])
    assert np.exp(series.product([row], 1)) == pytest.approx([1.0, 2.0])


def test_long_series_agree_across_block_boundaries() -> None:
    """The logarithmic path works in blocks of 256 rows; 700 rows cross two boundaries."""
    left = np.linspace(0.0, 3000.0, 700) ** 1.1
    right = -(np.linspace(0.0, 50.0, 300) ** 2)
    found = series.convolve(left, right)
    assert found.shape == (999,)
    for place in (0, 1, 255, 256, 511, 512, 998):
        assert found[place] == pytest.approx(_reference_convolution_at(left, right, place), rel=1e-12)


def _reference_convolution_at(left: np.ndarray, right: np.ndarray, total: int) -> float:
    terms = [left[i] + right[total - i] for i in range(left.size) if 0 <= total - i < right.size]
    return _log_sum(terms)


def test_log_dot_is_a_scalar_product() -> None:
    """Of nothing and of zeros it is zero."""
    assert math.exp(series.log_dot(np.log([2.0, 3.0]), np.log([5.0, 7.0]))) == pytest.approx(31.0)
    assert series.log_dot(np.array([]), np.array([])) == -math.inf
    assert series.log_dot(np.array([-math.inf, 1.0]), np.array([2.0, -math.inf])) == -math.inf
    assert series.log_dot(np.array([5000.0]), np.array([5000.0])) == 10000.0
