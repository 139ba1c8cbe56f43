"""Laws of response times in a closed loop of clients who think."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import anything, calm, delays, times

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.latency.closed import closed_latency
from cerberus_plan.model.latency.simulated import simulate_latency
from cerberus_plan.model.network import Delay, Instance, Queue, Station

thinks = st.one_of(st.just(0.0), times)


@st.composite
def loops(draw: st.DrawFn, stations: st.SearchStrategy[Station] = anything) -> dict[str, Any]:
    """Arguments of a closed loop."""
    return {
        "local": draw(st.lists(stations, min_size=1, max_size=3)),
        "threads": draw(st.integers(1, 8)),
        "instances": draw(st.integers(1, 5)),
        "shared": draw(st.lists(stations, max_size=2)),
        "think": draw(thinks),
    }


@pytest.mark.slow
@given(loops())
def test_the_mean_is_population_over_throughput_less_think_time(parts: dict[str, Any]) -> None:
    """Little's law, to nine digits of the cycle."""
    own = [*parts["local"], Delay(parts["think"])]
    instances = [Instance(threads=parts["threads"], stations=own)] * parts["instances"]
    cycle = parts["threads"] * parts["instances"] / solve(instances=instances, shared=parts["shared"]).throughput
    assert closed_latency(**parts).mean == pytest.approx(cycle - parts["think"], abs=1e-9 * cycle)


@pytest.mark.slow
@given(loops())
def test_percentiles_are_in_order(parts: dict[str, Any]) -> None:
    """And the distribution behind them has the exact mean: the median of no sum of holds is far above it."""
    found = closed_latency(**parts)
    assert found.p50 is not None
    assert found.p95 is not None
    assert found.p99 is not None
    assert found.p50 < found.p95 < found.p99
    assert found.p50 < found.mean * 1.5
    assert found.p99 > found.mean


@pytest.mark.slow
@given(times, st.integers(1, 12))
def test_everybody_at_one_queue_waits_for_all(service: float, clients: int) -> None:
    """n clients without think time: the sum of n exponential services."""
    found = closed_latency(local=[Queue(service)], threads=clients)
    assert found.mean == pytest.approx(clients * service, rel=1e-9)
    assert found.p95 is not None
    t = found.p95 / service
    tail = math.exp(-t) * sum(t**n / math.factorial(n) for n in range(clients))
    assert tail == pytest.approx(0.05, abs=1e-6)


def test_lone_delays_are_exact() -> None:
    """Without anybody to wait for, the response time is the hold."""
    found = closed_latency(local=[Delay(2.0)], threads=3, think=1.0)
    assert found.how == "exact"
    assert found.p99 == pytest.approx(2.0 * math.log(100.0), rel=1e-6)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(loops(delays), calm, st.booleans(), st.integers(0, 1000))
def test_promised_percentiles_are_within_a_tenth_of_the_simulator(
    parts: dict[str, Any], queue: Station, together: bool, seed: int
) -> None:
    """And the exact mean is within the simulator's interval, widened by a percent for its own correlation."""
    parts = {**parts, "shared": [*parts["shared"], queue]} if together else {**parts, "local": [*parts["local"], queue]}
    found = closed_latency(**parts)
    assert "not promised" not in found.validity
    judge = simulate_latency(**parts, requests=200_000, seed=seed)
    assert judge.low is not None
    assert judge.high is not None
    assert judge.low[0] * 0.99 <= found.mean <= judge.high[0] * 1.01
    for value, low, high in zip(found.values[1:], judge.low[1:], judge.high[1:], strict=True):
        assert value is not None
        assert low / 1.1 <= value <= high * 1.1
