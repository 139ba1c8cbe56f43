"""The luck of a run is no gain: where all splits are known to do alike none is expected to lose, however many."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.splits.discrepancy import Discrepancy
from cerberus_plan.calibration.splits.fit import SplitFit, fit_splits, splits_of
from cerberus_plan.calibration.splits.interval import Widening
from cerberus_plan.calibration.splits.measured import HALF_WIDTH, NOISE_OF_ONE_RUN, Measured
from cerberus_plan.calibration.splits.mechanisms import SCOPES
from cerberus_plan.calibration.splits.posterior import weigh
from cerberus_plan.calibration.splits.prior import Draws, Prior
from cerberus_plan.model.measurement import Measurement

SIZE = 40
CORES = st.sampled_from([4, 16, 48, 96])
USUAL = st.floats(0.001, NOISE_OF_ONE_RUN)


def nothing_shared(noise: float) -> Prior:
    """Every program is linear, and single splits stray from that by so much."""
    draws = Draws(
        size=SIZE, law={scope: np.zeros(SIZE, dtype=np.int64) for scope in SCOPES}, unit={}, first=np.zeros(SIZE)
    )
    scales = Discrepancy(noise=noise, inside=0.0, outside=0.0, early=0.0, rough=0.0)
    widening = Widening(distance=np.array([0.0]), times=np.array([1.0]))
    return Prior(draws=draws, discrepancies=(scales,), log_weight=np.zeros(1), widening=widening)


def linear(cores: int) -> list[Measurement]:
    """The ends of a machine, run once."""
    return [Measurement(instances=m, cores_per_instance=cores // m, value=float(cores)) for m in (1, cores)]


def fitted(cores: int, noise: float) -> SplitFit:
    return fit_splits(linear(cores), splits_of(cores), prior=nothing_shared(noise))


@given(CORES, USUAL)
def test_nobody_leads_by_luck(cores: int, noise: float) -> None:
    """As wide as one run, and yet no split is expected to lose anything; so no run is asked for."""
    fit = fitted(cores, noise)
    assert max(split.regret for split in fit.splits) < 0.2 * noise
    assert fit.next is None
    unseen = [split for split in fit.splits if not split.measured]
    assert all(math.log(split.high / split.low) >= 2 * HALF_WIDTH * noise * 0.95 for split in unseen)


@given(CORES, USUAL)
def test_the_draws_of_a_plan_are_as_wide_as_a_run_and_move_together(cores: int, noise: float) -> None:
    """Throughput per core is the same for all splits of one draw, though not known."""
    posterior = weigh(Measured.of(linear(cores)), nothing_shared(noise))
    paths = posterior.paths([(m, k) for m in range(1, cores + 1) for k in (1, 2, 3)])
    a_core = paths - np.log([m * k for m in range(1, cores + 1) for k in (1, 2, 3)])
    assert np.ptp(a_core, axis=1).max() < 1e-5
    assert a_core.std() > 0.9 * noise


@given(CORES, st.floats(0.08, 0.3))
def test_what_a_split_has_of_its_own_stays(cores: int, noise: float) -> None:
    """Single splits that stray by more than runs do really are better or worse: there is something to lose."""
    assert fitted(cores, noise).best.regret > 0.2 * noise


@pytest.mark.parametrize("cores", [16, 48])
def test_runs_that_did_alike_lose_alike(cores: int) -> None:
    """By what is believed of programs in general: the same value at one, a few and many instances."""
    rows = [Measurement(instances=m, cores_per_instance=cores // m, value=100.0) for m in (1, 4, cores)]
    fit = fit_splits(rows, splits_of(cores))
    lost = [split.regret for split in fit.splits if split.measured]
    assert max(lost) - min(lost) < 0.005
    assert fit.best.instances == 1
