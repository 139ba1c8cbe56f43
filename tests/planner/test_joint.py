"""Samples of all splits at once: probabilities and regrets are what the errors say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.model.discrepancy import Discrepancy
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.planner.splits.joint import sample

SPLITS = Splits(vms=np.array([1.0, 2.0, 4.0]), threads=np.array([4.0, 2.0, 1.0]))


def joint(leads: list[float], own: Discrepancy, systems: tuple[str, ...] = ("a", "b", "c")):
    rate = np.exp(np.array(leads))[:, None] * np.ones((1, 41))
    return sample(rate, systems, SPLITS, own), np.log(rate[:, 0])


@settings(max_examples=25)
@given(st.floats(0.0, 0.3), st.floats(0.02, 0.2))
def test_a_lead_is_as_sure_as_the_errors_allow(lead: float, sigma: float) -> None:
    """Two systems with independent errors: P(first is faster) is the normal distribution of the lead."""
    found, _ = joint([lead, 0.0, -30.0], Discrepancy(system=sigma))
    expected = 0.5 * (1 + math.erf(lead / (math.sqrt(2) * sigma) / math.sqrt(2)))
    assert found.probability_best(3)[0] == pytest.approx(expected, abs=0.06)


def test_a_lead_of_8_percent_is_not_certain() -> None:
    """Two systems that each err by 7 %: a lead of 7.8 % is right four times of five."""
    found, _ = joint([0.078, 0.0, -30.0], Discrepancy(system=0.07))
    assert 0.72 < found.probability_best(3)[0] < 0.84


@given(st.floats(0.001, 0.2), st.floats(0.0, 0.3))
def test_what_all_share_cancels(lead: float, shared: float) -> None:
    """An error that all splits share moves no comparison."""
    found, central = joint([lead, 0.0, -1.0], Discrepancy(shared=shared))
    assert found.probability_best(3)[0] > 0.99
    assert found.regret(central)[0] == pytest.approx(0.0, abs=1e-3)
    assert found.regret(central)[1] == pytest.approx(1 - math.exp(-lead), abs=1e-3)


@given(st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=3), st.floats(0.0, 0.3))
def test_probabilities_and_regrets_hold_together(leads: list[float], sigma: float) -> None:
    """Probabilities sum to 1, regrets lie between 0 and 1, and somebody has the smallest."""
    found, central = joint(leads, Discrepancy(system=sigma, size=sigma))
    assert found.probability_best(3).sum() == pytest.approx(1.0)
    regret = found.regret(central)
    assert ((regret >= 0.0) & (regret <= 1.0)).all()


def test_far_slower_splits_take_no_part_and_lose_what_they_lose() -> None:
    """Beyond the 64 fastest: probability 0, regret by the central values."""
    n = 300
    rate = np.exp(-0.1 * np.arange(n))[:, None] * np.ones((1, 41))
    splits = Splits(vms=np.arange(1.0, n + 1), threads=np.ones(n))
    found = sample(rate, ("a",) * n, splits, Discrepancy(split=0.02))
    assert found.probability_best(n)[200] == 0.0
    assert found.regret(np.log(rate[:, 0]))[200] == pytest.approx(1.0, abs=1e-6)


@given(st.floats(0.0, 2.0), st.integers(64, 99))
def test_a_doubt_that_all_share_hides_no_loss_of_what_is_left_out(shared: float, row: int) -> None:
    """However little is known of all rates together, a split that is slower by a factor keeps that factor less."""
    n = 100
    rate = np.exp(-0.02 * np.arange(n))[:, None] * np.ones((1, 41))
    found = sample(rate, ("a",) * n, Splits(vms=np.arange(1.0, n + 1), threads=np.ones(n)), Discrepancy(shared=shared))
    assert row not in found.rows
    assert found.regret(np.log(rate[:, 0]))[row] == pytest.approx(1 - math.exp(-0.02 * row), abs=1e-3)


def test_a_plateau_wider_than_what_is_compared_has_its_leader_inside() -> None:
    """300 splits alike: the smallest regret belongs to one that was compared."""
    n = 300
    splits = Splits(vms=np.arange(1.0, n + 1), threads=np.ones(n))
    found = sample(np.ones((n, 35)), ("a",) * n, splits, Discrepancy(split=0.05, system=0.1))
    regret = found.regret(np.zeros(n))
    assert regret[found.rows].min() == regret.min()


def test_samples_repeat() -> None:
    """The same question, the same samples."""
    one, _ = joint([0.1, 0.0, -0.1], Discrepancy(system=0.1))
    other, _ = joint([0.1, 0.0, -0.1], Discrepancy(system=0.1))
    assert (one.logs == other.logs).all()
