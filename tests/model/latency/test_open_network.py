"""Laws of response times of requests that arrive from outside.

Sources: Erlang (1917) for the M/M/c queue; Little (1961); Loynes (1962) for stability.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_networks import calm, queues, times

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.latency.cluster import Cluster
from cerberus_plan.model.latency.open_network import (
    PROMISED_LOAD,
    PROMISED_SHARED_LOAD,
    headroom,
    open_latency,
    response_time,
)
from cerberus_plan.model.latency.simulated import simulate_latency
from cerberus_plan.model.network import Delay, Instance, Queue, Servers, Station, TicketLock

loads = st.floats(0.01, 0.99)
Parts = dict[str, Any]


@st.composite
def clusters(draw: st.DrawFn, stations: st.SearchStrategy[Station] = calm) -> Parts:
    """Arguments of a cluster of equal instances."""
    return {
        "local": draw(st.lists(stations, min_size=1, max_size=3)),
        "threads": draw(st.integers(1, 8)),
        "instances": draw(st.integers(1, 5)),
        "shared": draw(st.lists(stations, max_size=2)),
    }


def erlang_c(servers: int, load: float) -> float:
    """Probability of waiting in M/M/c with ``load`` busy servers in the mean."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked / (1.0 - load / servers * (1.0 - blocked))


@pytest.mark.slow
@given(times, loads, st.integers(1, 12))
def test_one_queue_is_mm1_however_many_workers(service: float, load: float, workers: int) -> None:
    """Mean and every percentile of the exponential of rate mu - lambda."""
    found = open_latency(Cluster(local=[Queue(service)], threads=workers), load / service)
    mean = service / (1.0 - load)
    assert found.how == "exact"
    assert found.mean == pytest.approx(mean, rel=1e-9)
    assert found.p50 == pytest.approx(mean * math.log(2.0), rel=1e-6)
    assert found.p95 == pytest.approx(mean * math.log(20.0), rel=1e-6)
    assert found.p99 == pytest.approx(mean * math.log(100.0), rel=1e-6)


@pytest.mark.slow
@given(times, loads, st.integers(1, 40), st.floats(0.01, 10.0))
def test_workers_at_a_delay_are_mmc(service: float, load: float, servers: int, multiple: float) -> None:
    """Mean by Erlang's formula, and the whole tail of M/M/c."""
    rate = load * servers / service
    found = response_time(Cluster(local=[Delay(service)], threads=servers), rate)
    wait = erlang_c(servers, load * servers)
    mu, drain = 1.0 / service, servers / service - rate
    assert found is not None
    assert found.mean == pytest.approx(service + wait / drain, rel=1e-9)
    t = multiple * service
    assume(abs(drain - mu) > 1e-3 * mu)
    both = (drain * math.exp(-mu * t) - mu * math.exp(-drain * t)) / (drain - mu)
    assert found.tail(t) == pytest.approx((1.0 - wait) * math.exp(-mu * t) + wait * both, abs=1e-7)


@pytest.mark.slow
@given(st.lists(queues, min_size=1, max_size=4), loads)
def test_a_tandem_with_workers_enough_is_a_sum_of_mm1(stations: list[Queue], load: float) -> None:
    """Jackson: the means add up, each as if its station were alone."""
    rate = load / max(float(s.demand) for s in stations)
    cluster = Cluster(local=stations, threads=400)
    assume(load < 0.9)
    found = open_latency(cluster, rate)
    assert found.mean == pytest.approx(
        sum(float(s.demand) / (1.0 - rate * float(s.demand)) for s in stations), rel=1e-6
    )


@pytest.mark.slow
@given(st.integers(2, 5), st.floats(0.01, 0.7))
def test_unlimited_workers_sharing_a_queue_are_an_open_network(instances: int, load: float) -> None:
    """BCMP: with workers enough and delays of their own, what instances share is one M/M/1."""
    service = 0.2
    cluster = Cluster(local=[Delay(1.0)], threads=60, instances=instances, shared=[Queue(service)])
    found = open_latency(cluster, load / service)
    assert found.mean == pytest.approx(1.0 + service / (1.0 - load), rel=1e-4)


@pytest.mark.slow
@given(clusters())
def test_it_is_stable_below_what_all_workers_complete_and_nowhere_above(parts: Parts) -> None:
    """The limit is the closed network's throughput, exactly."""
    cluster = Cluster(**parts)
    instance = Instance(threads=parts["threads"], stations=parts["local"])
    limit = solve(instances=[instance] * parts["instances"], shared=parts["shared"]).throughput
    assert cluster.capacity == pytest.approx(limit, rel=1e-9)
    assert open_latency(cluster, limit * 0.999).stable
    beyond = open_latency(cluster, limit * 1.001)
    assert not beyond.stable
    assert "unstable" in beyond.validity
    assert beyond.to_json()["p99"] is None


@pytest.mark.slow
@given(clusters(), loads, loads)
def test_more_load_never_answers_sooner(parts: Parts, one: float, other: float) -> None:
    """Mean and percentiles grow with the rate where no law collapses."""
    cluster = Cluster(**parts)
    less, more = (open_latency(cluster, share * cluster.capacity) for share in sorted((one, other)))
    for early, late in zip(less.values, more.values, strict=True):
        assert early is not None
        assert late is not None
        assert early <= late * (1 + 1e-6)


@pytest.mark.slow
@given(clusters(), loads)
def test_percentiles_are_in_order_and_above_no_wait(parts: Parts, load: float) -> None:
    """Nothing is quicker than its holds in the mean."""
    cluster = Cluster(**parts)
    found = open_latency(cluster, load * cluster.capacity)
    assert found.p50 is not None
    assert found.p95 is not None
    assert found.p99 is not None
    assert found.p50 < found.p95 < found.p99
    alone = sum(float(s.service_times(1)[0]) for s in (*parts["local"], *parts["shared"]))
    assert cluster.alone == pytest.approx(alone)
    assert found.mean >= alone * (1 - 1e-6)


@pytest.mark.slow
@given(clusters(), loads, st.floats(1e-6, 1e6))
def test_the_unit_of_time_does_not_matter(parts: Parts, load: float, factor: float) -> None:
    """In another unit every time is multiplied."""
    cluster = Cluster(**parts)
    scaled = Cluster(
        local=[s.stretched(factor) for s in parts["local"]],
        shared=[s.stretched(factor) for s in parts["shared"]],
        threads=parts["threads"],
        instances=parts["instances"],
    )
    before = open_latency(cluster, load * cluster.capacity)
    after = open_latency(scaled, load * cluster.capacity / factor)
    for old, new in zip(before.values, after.values, strict=True):
        assert old is not None
        assert new == pytest.approx(old * factor, rel=1e-5)


@pytest.mark.slow
@given(clusters(), st.sampled_from([None, 0.5, 0.99]), st.floats(1.01, 50.0))
def test_headroom_is_the_rate_where_the_limit_is_reached(
    parts: Parts, probability: float | None, multiple: float
) -> None:
    """A little less keeps the limit, a little more breaks it; a looser limit never allows less."""
    cluster = Cluster(**parts)
    idle = response_time(cluster, cluster.capacity * 1e-9)
    assert idle is not None
    least = idle.mean if probability is None else idle.quantile(probability)
    rate = headroom(cluster, probability, least * multiple)
    assert 0.0 < rate <= cluster.capacity
    at = response_time(cluster, rate * (1 - 1e-5))
    assert at is not None
    reached = at.mean if probability is None else at.quantile(probability)
    assert reached <= least * multiple * (1 + 1e-6)
    if rate < cluster.capacity * (1 - 1e-4):
        above = response_time(cluster, rate * (1 + 1e-4))
        assert above is not None
        assert (above.mean if probability is None else above.quantile(probability)) >= least * multiple * (1 - 1e-6)
    assert headroom(cluster, probability, least * multiple * 1.1) >= rate * (1 - 1e-5)


def test_no_rate_keeps_a_limit_below_the_idle_response_time() -> None:
    """An impossible objective has no headroom."""
    assert headroom(Cluster(local=[Delay(1.0)], threads=4), 0.99, 4.0) == 0.0


@pytest.mark.slow
@given(clusters(), st.floats(2.0, 20.0))
@settings(max_examples=50)
def test_headroom_grows_with_cores_where_nothing_collapses(parts: Parts, multiple: float) -> None:
    """A worker more in each instance, or an instance more of each, never lowers the rate that a limit allows."""
    alone = sum(float(s.service_times(1)[0]) for s in (*parts["local"], *parts["shared"]))
    before = headroom(Cluster(**parts), None, alone * multiple)
    for name in ("threads", "instances"):
        after = headroom(Cluster(**{**parts, name: parts[name] + 1}), None, alone * multiple)
        assert after >= before * (1 - 2e-2 if parts["shared"] else 1 - 1e-4)


def test_headroom_falls_with_cores_where_a_lock_collapses() -> None:
    """The witness that collapse breaks the law: 32 workers at a ticket lock bear less than 8."""
    lock = TicketLock(0.05, handover=0.05)
    few, many = (headroom(Cluster(local=[Delay(1.0), lock], threads=k), 0.99, 20.0) for k in (8, 32))
    assert few > 3 * many > 0.0


def test_a_collapsing_lock_is_unstable_at_a_rate_that_fewer_workers_bear() -> None:
    """The instability is found, and below it the answer says that it is metastable."""
    stations: Sequence[Station] = [Delay(1.0), TicketLock(0.05, handover=0.05)]
    many, few = Cluster(local=stations, threads=32), Cluster(local=stations, threads=8)
    assert many.collapses
    assert not open_latency(many, 4.0).stable
    assert open_latency(few, 4.0).stable
    assert "metastable" in open_latency(many, 1.0).validity


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(clusters(), st.floats(0.05, 1.0), st.integers(0, 1000))
def test_promised_percentiles_are_within_a_tenth_of_the_simulator(parts: Parts, share: float, seed: int) -> None:
    """Wherever the formula promises it."""
    cluster = Cluster(**parts)
    most = PROMISED_SHARED_LOAD if cluster.n_shared else PROMISED_LOAD
    rate = share * most * cluster.capacity
    found = open_latency(cluster, rate)
    assert "not promised" not in found.validity
    _close(found.values, simulate_latency(**parts, rate=rate, requests=300_000, seed=seed))


@pytest.mark.slow
@given(times, loads)
def test_one_worker_at_fixed_work_is_pollaczek_khinchine(service: float, load: float) -> None:
    """The mean of M/D/1, but for the least variability that is computed with."""
    found = open_latency(Cluster(local=[Delay(service)], threads=1, variability=0.0), load / service)
    assert found.mean == pytest.approx(service * (1.0 + load / (2.0 * (1.0 - load)) * 1.01), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 6])
@pytest.mark.parametrize("load", [0.3, 0.6, 0.85])
@pytest.mark.parametrize("varies", [0.02, 0.3, 2.0])
def test_work_that_varies_more_or_less_is_mgk(workers: int, load: float, varies: float) -> None:
    """Against the recursion of Kiefer and Wolfowitz, worker by worker, with gamma distributed work."""
    random = np.random.default_rng(7)
    n = 200_000
    arrivals = np.cumsum(random.exponential(1.0 / (load * workers), n)).tolist()
    work = random.gamma(1.0 / varies, varies, n).tolist()
    free = [0.0] * workers
    seen = np.empty(n)
    for i, (arrival, hold) in enumerate(zip(arrivals, work, strict=True)):
        done = max(arrival, heapq.heappop(free)) + hold
        heapq.heappush(free, done)
        seen[i] = done - arrival
    found = open_latency(Cluster(local=[Delay(1.0)], threads=workers, variability=varies), load * workers)
    for value, judge in zip(found.values, [seen.mean(), *np.quantile(seen, [0.5, 0.95, 0.99])], strict=True):
        assert value == pytest.approx(judge, rel=0.2)


def _close(values: tuple[float | None, ...], judge: Any) -> None:
    assert judge.stable
    for value, low, high in zip(values, judge.low, judge.high, strict=True):
        assert value is not None
        assert low / 1.1 <= value <= high * 1.1


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1.0, 5.0, 9.0])
def test_the_simulator_knows_mmc(rate: float) -> None:
    """The judge itself is judged by Erlang's formula."""
    found = simulate_latency(local=[Delay(1.0)], threads=10, rate=rate, requests=400_000, seed=3)
    mean = 1.0 + erlang_c(10, rate) / (10.0 - rate)
    assert found.low is not None
    assert found.high is not None
    assert found.low[0] <= mean <= found.high[0]
    assert simulate_latency(local=[Servers(1.0, 10)], threads=40, rate=rate, requests=400_000, seed=3).mean == (
        pytest.approx(mean, rel=0.05)
    )


@pytest.mark.slow
def test_the_simulator_finds_the_instability_of_a_collapsed_lock() -> None:
    """Twice what all workers complete, below the peak: the queue grows until the simulator gives up."""
    found = simulate_latency(
        local=[Delay(1.0), TicketLock(0.05, handover=0.05)], threads=32, rate=12.0, requests=400_000, seed=1
    )
    assert not found.stable
    assert "unstable" in found.validity
