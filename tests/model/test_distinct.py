"""Distinct values and normal quantiles are those of numpy and of the standard library."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.distinct import distinct, grouped
from cerberus_plan.model.normal import normal_quantile


@given(st.lists(st.one_of(st.integers(-5, 5), st.floats(allow_nan=False))))
def test_distinct_values_are_those_of_numpy(values):
    """Ascending, each once; every value is found again by its index."""
    given_ = np.array(values, dtype=float)
    levels, where = grouped(given_)
    assert np.array_equal(levels, np.unique(given_))
    assert np.array_equal(distinct(given_), levels)
    assert np.array_equal(levels[where], given_)


@given(st.floats(1e-12, 1 - 1e-12))
def test_normal_quantiles_are_those_of_the_standard_library(probability):
    """On either side."""
    assert normal_quantile(probability) == pytest.approx(NormalDist().inv_cdf(probability), rel=1e-9, abs=1e-12)
