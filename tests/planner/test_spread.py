"""The predictive distribution of one split: quantiles of a mixture."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits import draws
from cerberus_plan.planner.splits import evaluate as evaluation
from cerberus_plan.planner.splits.evaluate import evaluate
from cerberus_plan.planner.splits.spread import normal_cdf, predictive

offset_lists = st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=41)


def exact_cdf(x: float, offsets: np.ndarray, sigma: float) -> float:
    return float(np.mean([0.5 * (1 + math.erf((x - o) / sigma / math.sqrt(2))) for o in offsets]))


@pytest.mark.slow
@given(st.floats(-5.0, 5.0))
def test_normal_distribution_function(x: float) -> None:
    """Within 2e-4 of the exact one."""
    assert normal_cdf(np.array([x]))[0] == pytest.approx(0.5 * (1 + math.erf(x / math.sqrt(2))), abs=2e-4)


@pytest.mark.slow
@given(offset_lists, st.floats(0.01, 0.5))
def test_ends_are_quantiles_of_the_mixture(offsets: list[float], sigma: float) -> None:
    """5 % lie below the lower end and above the upper end, unless the centre itself is outside."""
    logs = np.array([0.0, *offsets])
    low, middle, high = (float(np.log(x[0])) for x in predictive(np.exp(logs)[None, :], np.array([sigma])))
    assert middle == pytest.approx(0.0)
    assert low <= 0.0 <= high
    if low < 0.0:
        assert exact_cdf(low, logs, sigma) == pytest.approx(0.05, abs=3e-3)
    if high > 0.0:
        assert exact_cdf(high, logs, sigma) == pytest.approx(0.95, abs=3e-3)


@given(st.floats(0.01, 0.5))
def test_without_doubt_about_costs_it_is_the_models_error(sigma: float) -> None:
    """One normal distribution."""
    low, _, high = predictive(np.full((1, 41), 7.0), np.array([sigma]))
    assert float(high[0]) / 7.0 == pytest.approx(math.exp(1.6448536 * sigma), rel=2e-3)
    assert 7.0 / float(low[0]) == pytest.approx(math.exp(1.6448536 * sigma), rel=2e-3)


@pytest.mark.slow
@given(st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_doubts_that_are_normal_add_in_quadrature(sigma: float, of_costs: float) -> None:
    """Draws at the normal quantiles and the model's error: one normal distribution with both variances."""
    quantiles = np.array([NormalDist().inv_cdf((i + 0.5) / 400) for i in range(400)])
    values = np.exp(of_costs * np.concatenate([[0.0], quantiles]))[None, :]
    low, _, high = predictive(values, np.array([sigma]))
    expected = 2 * 1.6448536 * math.hypot(sigma, of_costs)
    assert np.log(high / low)[0] == pytest.approx(expected, rel=0.02)


def test_a_collapse_that_may_have_begun_is_a_tail_on_one_side() -> None:
    """A tenth of the draws ten times slower: the lower end is there, the upper one is not moved."""
    values = np.ones((1, 41))
    values[0, -5:] = 0.1
    low, _, high = predictive(values, np.array([0.05]))
    assert low[0] < 0.12
    assert high[0] < 1.12


@pytest.mark.slow
@pytest.mark.parametrize("workload", ["histogram", "dbench", "apache"])
def test_the_draws_of_a_plan_are_enough_for_its_intervals(workload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-widths of 90 % intervals with 35 draws agree with those of 2001 random draws within 5 % (rms)."""
    systems = [SYSTEMS[name] for name in ("linux", "xen-linux", "cerberus")]

    def half_widths() -> np.ndarray:
        found = evaluate(catalog.machine("amd48"), catalog.workload(workload), systems, Constraints(cores=24))
        assert found is not None
        low, middle, high = predictive(found.rate, found.sigma())
        return np.log(np.concatenate([middle / low, high / middle]))

    few = half_widths()
    dice = np.random.default_rng(1)
    monkeypatch.setattr(draws, "draws_for", lambda _: 2001)
    monkeypatch.setattr(evaluation, "draws_for", lambda _: 2001)
    monkeypatch.setattr(
        draws, "standard_normals", lambda n, q: np.vstack([np.zeros(q), dice.standard_normal((n - 1, q))])
    )
    assert np.sqrt(np.mean((few / half_widths() - 1.0) ** 2)) < 0.05
