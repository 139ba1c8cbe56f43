"""Student's t against scipy's, and as laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from cerberus_plan.model.student import student_t, within


@given(level=st.floats(0.5, 0.999), freedom=st.integers(1, 400))
def test_student_ts_agree_with_an_independent_implementation(level: float, freedom: int) -> None:
    """The two-sided half-width is scipy's quantile at (1 + level) / 2."""
    assert student_t(level, freedom) == pytest.approx(float(stdtrit(freedom, (1.0 + level) / 2.0)), rel=1e-8)


@given(t=st.floats(0.0, 50.0), freedom=st.integers(1, 200))
def test_more_freedom_holds_more(t: float, freedom: int) -> None:
    """Knowing the deviation better never widens an interval."""
    assert within(t, freedom + 1) >= within(t, freedom) - 1e-12
