"""A confirming run is one that was not made, first the chosen count, then next to the best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.curves.confirm import confirmation
from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.fit import fit_curve

COUNTS = st.lists(st.integers(1, 500), min_size=3, max_size=10, unique=True)


@pytest.mark.slow
@given(COUNTS, st.data())
def test_what_is_asked_for_was_not_run_and_lies_in_the_range(counts, data):
    """Whatever the forecast says."""
    values = data.draw(st.lists(st.floats(1, 100), min_size=len(counts), max_size=len(counts)))
    curve = Curve.from_points(counts, values)
    grid = np.unique([*curve.n, 2 * curve.n[-1], 4 * curve.n[-1]])
    middle = np.array(data.draw(st.lists(st.floats(1, 100), min_size=grid.size, max_size=grid.size)))
    asked = confirmation(curve, grid, middle)
    if asked is not None:
        assert asked.n not in curve.n
        assert curve.n[0] <= asked.n <= grid[-1]
        assert asked.n == round(asked.n)


def test_the_chosen_count_first_then_its_wider_gap():
    """The forecast says 48; once it is run and best, the gap from 12 to 48 is wider than the one to 64."""
    curve = Curve.from_points([3, 6, 12], [3, 6, 11])
    grid = np.array([3.0, 6, 12, 24, 48, 64])
    assert confirmation(curve, grid, np.array([3.0, 6, 11, 17, 22, 21])).n == 48
    after = Curve.from_points([3, 6, 12, 48], [3, 6, 11, 22])
    assert confirmation(after, grid, np.array([3.0, 6, 11, 17, 22, 21])).n == 24


def test_near_neighbours_need_no_run():
    """11, 12 and 13 measured, 12 the best."""
    curve = Curve.from_points([11, 12, 13], [1, 3, 2])
    assert confirmation(curve, curve.n, curve.value) is None


@pytest.mark.slow
@pytest.mark.parametrize("peak", [24.0, 40.0])
def test_three_runs_find_the_peak_of_a_known_law(peak):
    """A curve known up to 16 with its peak beyond: after three runs no more than 3 % is lost."""

    def truth(n):
        return n / (1 + (n / peak) ** 2)

    n = [1.0, 2, 4, 8, 16]
    for _ in range(3):
        fit = fit_curve(Curve.from_points(n, [truth(x) for x in n]), predict=np.array([64.0]))
        if fit.confirm is not None:
            n = sorted([*n, fit.confirm.n])
    assert max(truth(x) for x in n) > 0.97 * truth(peak)
