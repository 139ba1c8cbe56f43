"""Laws of the search for a headroom: what is known beforehand saves work and changes nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import calm

from cerberus_plan.model.latency.cluster import Cluster
from cerberus_plan.model.latency.open_network import headroom, largest
from cerberus_plan.model.network import Delay, Queue


@pytest.mark.slow
@given(
    st.floats(0.01, 0.99),
    st.floats(0.1, 8.0),
    st.floats(-6.0, 6.0),
    st.lists(st.floats(1e-6, 1.0), max_size=8),
    st.booleans(),
)
def test_the_largest_rate_keeps_the_limit_and_a_little_more_does_not(
    root: float, power: float, log_scale: float, known: list[float], cliff: bool
) -> None:
    """For any falling slack, bent either way, with a cliff behind it or not, whatever rates are known."""
    capacity = 10.0**log_scale
    asked = []

    def slack(rate: float) -> float:
        asked.append(rate)
        share = rate / capacity
        return -math.inf if cliff and share > (1.0 + root) / 2.0 else root**power - share**power

    found = largest(slack, capacity, known=[share * capacity for share in known])
    assert root**power - (found / capacity) ** power >= 0.0
    assert found == pytest.approx(root * capacity, rel=3e-5 / min(power * root**power, 1.0))
    assert len(asked) < 60


def test_a_nearly_straight_slack_takes_few_questions() -> None:
    """Eight, where halving alone would take twenty."""
    asked = []

    def slack(rate: float) -> float:
        asked.append(rate)
        return 2.0 - 3.0 * rate + 0.4 * rate**3

    found = largest(slack, 1.0)
    assert abs(slack(found)) < 1e-6
    assert len(asked) <= 8


def test_no_rate_and_every_rate_are_answers() -> None:
    """Below the limit everywhere, and nowhere."""
    assert largest(lambda _: -1.0, 5.0) == 0.0
    assert largest(lambda _: 1.0, 5.0) == 5.0


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.lists(calm, min_size=1, max_size=2),
    st.integers(1, 5),
    st.integers(2, 4),
    st.lists(st.floats(0.05, 0.97), min_size=2, max_size=5),
)
def test_what_was_solved_before_changes_nothing(
    local: list[Delay | Queue], threads: int, instances: int, loads: list[float]
) -> None:
    """Numbers at work, found from a guess or afresh, in any order."""
    parts = {"local": [Delay(0.5), *local], "threads": threads, "instances": instances, "shared": [Queue(0.2)]}
    one, other = Cluster(**parts), Cluster(**parts)  # type: ignore[arg-type]
    rates = [load * one.capacity / instances for load in loads]
    found = {rate: one.at(rate) for rate in rates}
    for rate in reversed(rates):
        assert other.at(rate).rates == pytest.approx(found[rate].rates, rel=1e-7)
        alone = other.afresh().at(rate)
        assert alone.rates == pytest.approx(found[rate].rates, rel=1e-7)


def test_another_limit_is_found_without_starting_again() -> None:
    """The second and third limit look at fewer new rates than the first."""
    cluster = Cluster(local=[Delay(1e-3)], threads=4, instances=3, shared=[Queue(1e-4)])
    counts = []
    for seconds in (0.006, 0.0055, 0.0065):
        before = len(cluster.responses)
        headroom(cluster, 0.99, seconds)
        counts.append(len(cluster.responses) - before)
    assert max(counts[1:]) < counts[0]
    afresh = headroom(cluster.afresh(), 0.99, 0.0065)
    assert headroom(cluster, 0.99, 0.0065) == pytest.approx(afresh, rel=3e-6)
