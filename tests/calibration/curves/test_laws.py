"""Laws: what every one of them must obey, on hypothesis's choice of parameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.curves.laws import LAWS, positions

N = np.array([1.0, 2, 3, 7, 32, 200, 4096])
LAW = st.sampled_from(sorted(LAWS))
UNIT = st.lists(st.floats(0, 1), min_size=5, max_size=5)


@pytest.mark.slow
@given(LAW, UNIT)
def test_a_speedup_starts_at_one_and_stays_finite(name, unit):
    """Every law is relative to n = 1."""
    law = LAWS[name]
    curve = law.curves(np.array([unit[: len(law.ranges)]]), N)[0]
    assert curve[0] == pytest.approx(0, abs=1e-9)
    assert np.isfinite(curve).all()


@pytest.mark.slow
@given(LAW, UNIT)
def test_no_law_exceeds_linear_by_more_than_its_range_says(name, unit):
    """Only the diffuse law may be superlinear, up to n^1.05; a line that gets cheaper, up to 1/0.3."""
    law = LAWS[name]
    curve = law.curves(np.array([unit[: len(law.ranges)]]), N)[0]
    slack = {"diffuse": 0.05 * np.log(N), "line": np.log(1 / 0.3)}.get(name, 1e-9)
    assert (curve <= np.log(N) + slack + 1e-9).all()


@pytest.mark.slow
@given(UNIT)
def test_a_decline_ends_at_its_floor(unit):
    """However many wait, a lock hands over: relative to the law without decline, no less than the floor is left."""
    law = LAWS["handover"]
    falling, level = np.array([unit]), np.array([[*unit[:3], 0.0, 0.0]])  # power 0: no decline
    left = law.curves(falling, N)[0] - law.curves(level, N)[0]
    floor = law.ranges[-1].at(np.array(unit[-1]))
    assert (left <= 1e-9).all()
    assert (np.exp(left) >= floor * (1 - 1e-9)).all()


def test_universal_scalability_law_gives_the_published_peak():
    """Cisco data of Schwartz, Practical Scalability (2015): 995.65, 0.0267, 0.000769 peak at 35 with 12,342."""
    curve = LAWS["usl"].log_speedup(np.arange(1.0, 100), np.array(0.026716), np.array(0.000769))
    assert 1 + curve.argmax() == 36
    assert 995.65 * np.exp(curve.max()) == pytest.approx(12_341, rel=0.01)


def test_positions_fill_the_cube_evenly():
    """Each tenth of each axis holds close to a tenth of the draws."""
    share = np.array([np.histogram(column, 10, (0, 1))[0] for column in positions(1000, 4).T]) / 1000
    assert np.abs(share - 0.1).max() < 0.02
