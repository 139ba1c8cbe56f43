"""The inversion of transforms against distributions whose tails are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.model.latency.response import Stages, Sum, quantiles

positive = st.floats(-3.0, 3.0).map(lambda e: 10.0**e)


@pytest.mark.slow
@given(positive, st.floats(1e-3, 9.0))
def test_one_hold_is_exponential(mean: float, multiple: float) -> None:
    """To seven digits of a probability."""
    found = Sum(holds=np.array([mean]), chances=np.zeros(1), waits=np.zeros(1), variability=np.ones(1))
    assert found.tail(mean * multiple) == pytest.approx(math.exp(-multiple), abs=1e-7)


@given(st.integers(1, 30), st.floats(0.1, 60.0))
def test_equal_stages_are_erlang(count: int, t: float) -> None:
    """Where partial fractions divide by zero."""
    numbers = np.zeros(count)
    numbers[-1] = 1.0
    found = Stages(holds=(1.0,), stages=(1.0,), numbers=(numbers,))
    exact = math.exp(-t) * sum(t**n / math.factorial(n) for n in range(count))
    assert found.tail(t) == pytest.approx(exact, abs=1e-7)


@pytest.mark.slow
@given(st.lists(positive, min_size=1, max_size=6), st.floats(0.01, 0.999), st.floats(0.1, 4.0))
def test_a_percentile_is_where_the_tail_says(holds: list[float], share: float, varies: float) -> None:
    """Quantile and tail are each other's inverse."""
    some = np.array(holds)
    found = Sum(holds=some, chances=np.full(some.size, 0.3), waits=some, variability=np.full(some.size, varies))
    assert found.tail(found.quantile(share)) == pytest.approx(1.0 - share, rel=1e-4, abs=1e-7)


@given(st.integers(1, 40), st.floats(0.05, 4.0))
def test_a_hold_that_varies_less_is_erlang(count: int, multiple: float) -> None:
    """A squared coefficient of variation of 1 / n is that of the sum of n equal stages."""
    found = Sum(holds=np.ones(1), chances=np.zeros(1), waits=np.zeros(1), variability=np.array([1.0 / count]))
    t = multiple * count
    exact = math.exp(-t) * sum(t**n / math.factorial(n) for n in range(count))
    assert found.tail(multiple) == pytest.approx(exact, abs=1e-6)


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            positive,
            positive,
            st.floats(0.0, 1.0),
            st.integers(1, 4),
            st.sampled_from([0.5, 0.95, 0.99, 0.999, 0.9999]),
            st.floats(0.01, 9.0),
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_percentiles_of_many_at_once_are_those_of_each(
    rows: list[tuple[float, float, float, int, float, float]],
) -> None:
    """To six digits, of sums of different numbers of parts, a percentile of each."""
    found = [
        Sum(
            holds=np.full(parts, hold),
            chances=np.full(parts, chance),
            waits=np.full(parts, wait),
            variability=np.array([1.0, *[varies] * (parts - 1)]),
        )
        for hold, wait, chance, parts, _, varies in rows
    ]
    shares = [row[4] for row in rows]
    each = [one.quantile(share) for one, share in zip(found, shares, strict=True)]
    assert quantiles(found, shares) == pytest.approx(each, rel=1e-6)
    assert quantiles(found, shares[0]) == pytest.approx([one.quantile(shares[0]) for one in found], rel=1e-6)


def test_percentiles_of_no_sum_are_none() -> None:
    """As where only means were measured."""
    assert quantiles([], []).size == 0
