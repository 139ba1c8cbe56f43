"""Fitting: recovery of simulated curves, invariances, doubt, and the incumbents."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.document import document
from cerberus_plan.calibration.curves.fit import fit_curve
from cerberus_plan.calibration.curves.incumbents import least_squares
from cerberus_plan.calibration.curves.laws import LAWS
from cerberus_plan.calibration.curves.posterior import Forecast
from cerberus_plan.model.errors import CannotAnswerError

LEVELS = np.array([1.0, 2, 3, 4, 6, 8, 12])


def curve_of(n, value):
    return Curve.from_points(n, value)


def amdahl(n, serial=0.03):
    return 100 * n / (1 + serial * (n - 1))


@pytest.mark.slow
def test_intervals_cover_curves_drawn_from_the_family():
    """Parameter recovery: noisy curves of each law, forecast at twice and four times, are covered as promised."""
    generator = np.random.default_rng(7)
    targets = np.array([24.0, 48.0])
    inside = []
    for law in LAWS.values():
        for unit in generator.uniform(0.2, 0.8, (8, len(law.ranges))):
            truth = np.exp(law.curves(unit[None, :], np.concatenate([LEVELS, targets])))[0]
            noisy = truth[: LEVELS.size] * np.exp(generator.normal(0, 0.01, LEVELS.size))
            found = fit_curve(curve_of(LEVELS, noisy), predict=targets).predictions
            inside += [p.low <= t <= p.high for p, t in zip(found, truth[LEVELS.size :], strict=True)]
    assert np.mean(inside) >= 0.85


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.floats(-8, 8))
def test_the_unit_of_throughput_does_not_matter(power):
    """Scaling all values scales the forecast and nothing else."""
    scale = 10.0**power
    plain, scaled = fit_curve(curve_of(LEVELS, amdahl(LEVELS))), fit_curve(curve_of(LEVELS, scale * amdahl(LEVELS)))
    for a, b in zip(plain.predictions, scaled.predictions, strict=True):
        assert [b.value, b.low, b.high] == pytest.approx([scale * a.value, scale * a.low, scale * a.high], rel=1e-6)
    assert plain.peak == scaled.peak


def test_intervals_hold_their_value_and_grow_with_the_distance():
    """Low <= expected <= high, and doubt never shrinks when looking farther."""
    found = fit_curve(curve_of(LEVELS, amdahl(LEVELS)), predict=np.array([12.0, 24, 48, 96, 192])).predictions
    assert all(p.low <= p.value <= p.high for p in found)
    ratio = [p.high / p.low for p in found]
    assert ratio == sorted(ratio)


def test_the_forecast_is_drawn_once(monkeypatch):
    """Its joint draws tell the peak, the next count and the run that confirms."""
    asked = []
    paths = Forecast.paths
    monkeypatch.setattr(Forecast, "paths", lambda self: asked.append(self) or paths(self))
    fit_curve(curve_of(LEVELS, amdahl(LEVELS)))
    assert len(asked) == 1


def test_three_points_give_a_wide_answer_and_two_none():
    """Three counts are enough for an honest interval."""
    found = fit_curve(curve_of([1, 2, 4], [1, 1.9, 3.5]), predict=np.array([16.0])).predictions[0]
    assert found.low < 8 < found.high
    with pytest.raises(CannotAnswerError, match="measure at n = 4"):
        fit_curve(curve_of([1, 2], [1, 1.9]))


@pytest.mark.slow
def test_a_measured_peak_is_found():
    """A curve that turned within the measured range peaks where it turned."""
    n = np.arange(1.0, 25)
    peak = fit_curve(curve_of(n, n / (1 + 0.05 * (n - 1) + 0.01 * n * (n - 1)))).peak
    assert not peak.rising
    assert 8 <= peak.n <= 12
    assert peak.low <= 10 <= peak.high


def test_noise_widens_the_interval():
    """Rough points earn a wide forecast."""
    rough = amdahl(LEVELS) * np.array([1, 0.8, 1.2, 0.85, 1.25, 0.8, 1.1])
    smooth, doubtful = (fit_curve(curve_of(LEVELS, v), predict=np.array([24.0])) for v in (amdahl(LEVELS), rough))
    assert doubtful.predictions[0].high / doubtful.predictions[0].low > 1.3 * (
        smooth.predictions[0].high / smooth.predictions[0].low
    )


def test_advice_is_a_new_count_within_reach():
    """The next measurement is at most twice the largest and not one that exists."""
    advice = fit_curve(curve_of(LEVELS, amdahl(LEVELS))).advice
    assert advice.n <= 24
    assert advice.n not in LEVELS
    assert 0 <= advice.reduction <= 1


def test_a_known_boundary_adds_doubt_beyond_it():
    """A slope may change where the user says the machine changes."""
    plain, warned = (
        fit_curve(curve_of(LEVELS, amdahl(LEVELS)), predict=np.array([48.0]), boundaries=b)
        for b in (None, np.array([12.0]))
    )
    assert warned.predictions[0].high / warned.predictions[0].low > plain.predictions[0].high / plain.predictions[0].low


def test_incumbent_finds_the_coefficients_of_the_book():
    """SPEC SDM91 on 16 CPUs, Gunther (2007): scale 89.995, contention 0.02773, coherency 0.000104 (R package usl)."""
    n = np.array([1.0, 18, 36, 72, 108, 144, 216])
    value = np.array([64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2])
    scale, contention, coherency = least_squares(n, value)
    assert scale == pytest.approx(89.995, rel=1e-3)
    assert contention == pytest.approx(0.02773, rel=1e-3)
    assert coherency == pytest.approx(0.000104, rel=1e-2)


def test_document_turns_times_over():
    """With times, ends change places and the forecast is in seconds again."""
    answer = fit_curve(curve_of(LEVELS, amdahl(LEVELS)), predict=np.array([24.0]))
    rate, time = (document(answer, inverted=flag)["predictions"][0] for flag in (False, True))
    assert time["value"] == pytest.approx(1 / rate["value"])
    assert time["low"] == pytest.approx(1 / rate["high"])
    assert time["low"] <= time["value"] <= time["high"]


def test_law_weights_are_probabilities():
    """They sum to one, largest first."""
    weights = list(fit_curve(curve_of(LEVELS, amdahl(LEVELS))).law_weights.values())
    assert sum(weights) == pytest.approx(1)
    assert weights == sorted(weights, reverse=True)


def test_clients_are_not_expected_to_outgrow_the_cores():
    """The same points promise less when n counts clients."""
    n = np.array([1.0, 2, 4, 8])
    cores, clients = (
        fit_curve(curve_of(n, n**0.97), predict=np.array([64.0]), clients=flag).predictions[0] for flag in (False, True)
    )
    assert clients.value < cores.value


def test_a_count_that_was_run_is_known_better_than_one_beside_it():
    """A run tells its own count to the noise of a run, about 5 %; between two runs nobody looked."""
    fit = fit_curve(curve_of(LEVELS, amdahl(LEVELS)), predict=np.array([6.0, 7.0, 8.0]))
    width = {prediction.n: prediction.high / prediction.low for prediction in fit.predictions}
    run, beside = width[8.0], width[7.0]
    assert 8 in LEVELS
    assert 7 not in LEVELS
    assert 1.08 < run < 1.15 < beside < 1.4
