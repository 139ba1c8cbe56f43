"""Distinct values and quantiles are those of numpy, normal quantiles those of the standard library."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.distinct import distinct, evenly, grouped
from cerberus_plan.model.normal import normal_quantile
from cerberus_plan.model.quantiles import quantiles


@given(st.lists(st.one_of(st.integers(-5, 5), st.floats(allow_nan=False))))
def test_distinct_values_are_those_of_numpy(values):
    """Ascending, each once; every value is found again by its index."""
    given_ = np.array(values, dtype=float)
    levels, where = grouped(given_)
    assert np.array_equal(levels, np.unique(given_))
    assert np.array_equal(distinct(given_), levels)
    assert np.array_equal(levels[where], given_)


@given(st.integers(0, 300), st.integers(1, 60))
def test_some_of_many_are_taken_evenly(count, most):
    """Ascending, each once, both ends among them, gaps alike to one; all where they are few."""
    taken = evenly(count, most)
    assert taken.size == min(count, most)
    if count <= most:
        assert np.array_equal(taken, np.arange(count))
    elif most > 1:
        gaps = np.diff(taken)
        assert (taken[0], taken[-1]) == (0, count - 1)
        assert 1 <= gaps.min() <= gaps.max() <= gaps.min() + 1


@given(
    st.integers(1, 40).flatmap(lambda n: st.lists(st.floats(-1e6, 1e6), min_size=2 * n, max_size=2 * n)),
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
)
def test_quantiles_are_those_of_numpy(values, levels):
    """Of each column, and of a single one."""
    columns = np.array(values).reshape(-1, 2)
    assert quantiles(columns, levels) == pytest.approx(np.quantile(columns, levels, axis=0), rel=1e-9, abs=1e-9)
    assert quantiles(columns[:, 0], levels) == pytest.approx(np.quantile(columns[:, 0], levels), rel=1e-9, abs=1e-9)


@given(st.floats(1e-12, 1 - 1e-12))
def test_normal_quantiles_are_those_of_the_standard_library(probability):
    """On either side."""
    assert normal_quantile(probability) == pytest.approx(NormalDist().inv_cdf(probability), rel=1e-9, abs=1e-12)
