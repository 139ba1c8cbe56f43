"""A confirming run is one that was not made, and the one after which least is expected to be lost."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cerberus_plan.calibration.curves.confirm import FALLS, SURE, WIDE, confirmation
from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.fit import fit_curve
from cerberus_plan.model.digits import percent

COUNTS = st.lists(st.integers(1, 500), min_size=3, max_size=10, unique=True)


def drawn(data, grid):
    """Joint draws of log throughput, any."""
    row = st.lists(st.floats(-5, 5), min_size=grid.size, max_size=grid.size)
    return np.array(data.draw(st.lists(row, min_size=1, max_size=5)))


def loss_after(curve, grid, paths, n):
    """Expected loss of the best measured count once n was run too: the definition, draw by draw."""
    losses = []
    for path in np.exp(paths):
        known = dict(zip(curve.n, curve.value, strict=True))
        truth = dict(zip(grid, path, strict=True)) | known
        losses.append(1 - max(*known.values(), truth[n]) / max(truth.values()))
    return np.mean(losses)


def wide_falls(curve, whole):
    """Gaps on either side of the best measured count that are wide, fall, and hold a count that can be run."""
    best, n = int(curve.value.argmax()), curve.n
    if not 0 < best < n.size - 1:
        return []
    sides = [(best - 1, best, best - 1), (best, best + 1, best + 1)]
    falls = [(n[i], n[j]) for i, j, far in sides if curve.value[far] <= (1 - FALLS) * curve.value[best]]
    return [(a, b) for a, b in falls if b / a > WIDE and any(a < n < b for n in whole)]


@given(COUNTS, st.data())
def test_the_wider_gap_beside_the_best_is_met_near_its_middle_whatever_the_forecast_says(counts, data):
    """Bisection: where the best has lower neighbours far away, the count nearest to the middle is asked for."""
    values = data.draw(st.lists(st.floats(0.1, 100), min_size=len(counts), max_size=len(counts)))
    curve = Curve.from_points(counts, values)
    grid = np.arange(1.0, curve.n[-1] + 1)
    whole = [n for n in grid if n not in curve.n]
    gaps = wide_falls(curve, whole)
    assume(gaps)
    asked = confirmation(curve, grid, drawn_by_seed(data, grid))
    a, b = max(gaps, key=lambda gap: gap[1] / gap[0])
    inside = [gap for gap in gaps if gap[1] / gap[0] == pytest.approx(b / a)]
    assert any(low < asked.n < high for low, high in inside)
    low, high = next(gap for gap in inside if gap[0] < asked.n < gap[1])
    assert (
        abs(np.log(asked.n / np.sqrt(low * high)))
        <= min(abs(np.log(n / np.sqrt(low * high))) for n in whole if low < n < high) + 1e-9
    )
    assert f"between {low:g} and {high:g}" in asked.why


def drawn_by_seed(data, grid):
    """Joint draws at many counts, from one random number: a list of each would be too long to draw."""
    return np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(5, grid.size))


@given(COUNTS, st.data())
def test_what_is_asked_for_was_not_run_and_leaves_least_to_lose(counts, data):
    """Where no wide gap brackets the best, whatever the draws; nothing is asked for only where little can be lost."""
    values = data.draw(st.lists(st.floats(0.1, 100), min_size=len(counts), max_size=len(counts)))
    curve = Curve.from_points(counts, values)
    grid = np.unique([*curve.n, 2 * curve.n[-1], 4 * curve.n[-1], 1.5 * curve.n[0]])
    paths = drawn(data, grid)
    whole = [n for n in grid if n not in curve.n and n == round(n)]
    assume(not wide_falls(curve, whole))
    asked = confirmation(curve, grid, paths)
    now = loss_after(curve, grid, paths, curve.n[0])
    if asked is None:
        assert now <= SURE + 1e-9 or not whole
        return
    assert asked.n in whole
    losses = [loss_after(curve, grid, paths, n) for n in whole]
    assert loss_after(curve, grid, paths, asked.n) == pytest.approx(min(losses), abs=1e-9)
    assert percent(min(losses)) in asked.why


@given(COUNTS, st.floats(1e-3, 1e3), st.data())
def test_the_unit_of_throughput_does_not_matter(counts, unit, data):
    """Operations or thousands of them."""
    values = np.array(data.draw(st.lists(st.floats(1, 100), min_size=len(counts), max_size=len(counts))))
    curve, scaled = Curve.from_points(counts, values), Curve.from_points(counts, values * unit)
    grid = np.unique([*curve.n, 2 * curve.n[-1], 4 * curve.n[-1]])
    paths = drawn(data, grid)
    one, other = confirmation(curve, grid, paths), confirmation(scaled, grid, paths + np.log(unit))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        found = [loss_after(curve, grid, paths, each.n) for each in (one, other)]
        assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_a_collapse_anywhere_is_met_at_the_geometric_middle():
    """Straight up to 12 and next to nothing at 48; the collapse may be anywhere between, evenly on the logarithm."""
    grid = np.arange(1.0, 49)
    curve = Curve.from_points([1, 4, 12, 48], [1, 4, 12, 2])
    places = np.exp(np.linspace(np.log(12), np.log(48), 2000))
    paths = np.log(np.where(grid <= places[:, None], grid, 2.0))
    assert confirmation(curve, grid, paths).n == 24
    forecast = [loss_after(curve, grid, paths[::20], n) for n in range(13, 48)]
    assert 13 + int(np.argmin(forecast)) == pytest.approx(24, abs=1)


def test_a_forecast_that_is_sure_where_a_collapse_was_is_not_believed():
    """Straight up to 12, a fifth of it at 48: draws that all agree on a peak at 12 do not say what lies between."""
    grid = np.arange(1.0, 49)
    curve = Curve.from_points([1, 4, 12, 48], [1, 4, 12, 2])
    sure = np.interp(np.log(grid), np.log(curve.n), np.log(curve.value))[None, :]
    assert confirmation(curve, grid, sure).n == 24


def test_a_flat_top_is_not_bisected():
    """Saturated: neighbours that do what the best does leave nothing to find between."""
    curve = Curve.from_points([1, 8, 16, 32, 64], [1, 7.9, 10, 10.1, 10])
    grid = np.arange(1.0, 65)
    flat = np.log(np.minimum(grid, 10.1))[None, :]
    assert confirmation(curve, grid, flat) is None


def test_only_what_can_be_run_is_asked_for():
    """64 promises most, and the machine has 32 cores."""
    grid = np.array([4.0, 8, 16, 32, 64])
    curve = Curve.from_points([4, 8, 16], [4, 8, 16])
    paths = np.log(grid)[None, :]
    assert confirmation(curve, grid, paths).n == 64
    assert confirmation(curve, grid, paths, runnable=np.array([8.0, 32.0])).n == 32
    assert confirmation(curve, grid, paths, runnable=np.array([8.0])) is None


def test_near_neighbours_need_no_run():
    """11, 12 and 13 measured, 12 the best: no gap beside it is wide."""
    curve = Curve.from_points([11, 12, 13], [1, 3, 2])
    assert confirmation(curve, curve.n, np.log(curve.value)[None, :]) is None


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
