"""Estimates: which batches count, modes kept apart, intervals that hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.harness.statistics import (
    LOW_QUANTILE,
    MEDIAN,
    estimate,
    estimate_batches,
    placement_groups,
    split_modes,
)


def batch(seconds, **options):
    plain = {"case": "a", "round": 0, "count": 10, "wall_s": 2e-3, "operations": (10,)}
    return Batch(seconds=seconds, **{**plain, **options})


def test_too_few_samples_are_no_result():
    """Four clean batches are refused, five are not."""
    assert estimate([1.0] * 4, [0] * 4, quantile=MEDIAN) is None
    found = estimate([1.0] * 5, [0] * 5, quantile=MEDIAN)
    assert found is not None
    assert found.value == 1.0


def test_doubtful_and_sizing_batches_do_not_count():
    """Ten clean batches at 1 us among slow doubtful ones and slow sizing ones give 1 us."""
    batches = [batch(1e-6) for _ in range(10)]
    batches += [batch(9e-6, switches=1) for _ in range(10)] + [batch(9e-6, round=-1) for _ in range(10)]
    found = estimate_batches(batches, quantile=MEDIAN)
    assert found is not None
    assert found.value == pytest.approx(1e-6)
    assert (found.kept, found.total) == (10, 20)


def test_disturbed_batches_are_used_only_where_clean_ones_are_too_few_and_it_is_said():
    """Four clean batches among disturbed ones: an estimate over all, marked, with an interval up to the disturbed."""
    batches = [batch(1e-6) for _ in range(4)] + [batch(3e-6, switches=1) for _ in range(16)]
    found = estimate_batches(batches, quantile=LOW_QUANTILE)
    assert found is not None
    assert found.disturbed
    assert found.high >= 3e-6
    clean = estimate_batches([*batches, batch(1e-6)], quantile=LOW_QUANTILE)
    assert clean is not None
    assert not clean.disturbed
    assert estimate_batches([batch(1e-6, switches=1)] * 4, quantile=MEDIAN) is None
    assert estimate_batches([], quantile=MEDIAN) is None


def test_two_modes_are_reported_and_never_averaged():
    """Samples at 100 and 500 give one of the two, and both are listed with their shares."""
    values = [100.0] * 14 + [500.0] * 6
    found = estimate(values, [0] * 20, quantile=MEDIAN)
    assert found is not None
    assert found.value == 100.0
    assert [(mode.value, mode.share) for mode in found.modes] == [(100.0, 0.7), (500.0, 0.3)]
    assert found.high < 200.0


def test_a_single_outlier_is_no_mode():
    """One straggler among twenty does not make the samples bimodal."""
    assert len(split_modes(np.array([100.0] * 19 + [500.0]))) == 1


def test_three_modes_are_found():
    """Cut points are taken from the samples, not from a table."""
    values = np.array([50.0] * 10 + [105.0] * 20 + [505.0] * 15)
    assert [len(mode) for mode in split_modes(values)] == [20, 15, 10]


@pytest.mark.slow
@given(st.lists(st.floats(0.9, 1.1), min_size=10, max_size=60))
def test_noise_of_ten_percent_is_one_mode(values):
    """Ordinary noise is not split."""
    assert len(split_modes(np.array(values))) == 1


def test_batches_of_the_commonest_placement_count():
    """The probe tells 100 ns from 500 ns placements: costs in the two are kept apart."""
    near = [batch(1e-6, probe_before_s=1.0e-7, probe_after_s=1.1e-7) for _ in range(12)]
    far = [batch(3e-6, probe_before_s=5.0e-7, probe_after_s=5.1e-7) for _ in range(8)]
    assert [len(group) for group in placement_groups(near + far)] == [12, 8]
    found = estimate_batches(near + far, quantile=MEDIAN)
    assert found is not None
    assert found.value == pytest.approx(1e-6)
    assert found.kept == 12


def test_the_interval_reaches_over_the_processes():
    """Processes that disagree by 20 % give an interval that holds both, however many batches each has."""
    values = [1.0] * 200 + [1.2] * 200
    found = estimate(values, [0] * 200 + [1] * 200, quantile=MEDIAN)
    assert found is not None
    assert found.low <= 1.0
    assert found.high >= 1.2


@pytest.mark.slow
@settings(deadline=None)
@given(st.integers(0, 1000), st.sampled_from([LOW_QUANTILE, MEDIAN]))
def test_the_interval_holds_the_value_and_scales_with_the_unit(seed, quantile):
    """low <= value <= high, and nanoseconds give a billion times the numbers of seconds."""
    rng = np.random.default_rng(seed)
    values = rng.lognormal(0.0, 0.05, 40)
    owner = np.repeat([0, 1, 2, 3], 10)
    found = estimate(values.tolist(), owner.tolist(), quantile=quantile)
    scaled = estimate((values * 1e9).tolist(), owner.tolist(), quantile=quantile)
    assert found is not None
    assert scaled is not None
    assert found.low <= found.value <= found.high
    assert scaled.value == pytest.approx(found.value * 1e9)
    assert scaled.high == pytest.approx(found.high * 1e9)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [3, 6])
def test_the_interval_holds_the_value_of_another_run(processes):
    """Processes 3 % apart, 5 % within: a second run's value is inside in at least 85 of 100 pairs of runs."""
    rng = np.random.default_rng(7)

    def run(seed):
        levels = np.exp(rng.normal(0.0, 0.03, processes))
        values = np.concatenate([level * np.exp(rng.normal(0.0, 0.05, 15)) for level in levels])
        found = estimate(values.tolist(), np.repeat(range(processes), 15).tolist(), quantile=MEDIAN, seed=seed)
        assert found is not None
        return found

    pairs = [(run(seed), run(seed)) for seed in range(100)]
    assert sum(a.low <= b.value <= a.high for a, b in pairs) >= 85
