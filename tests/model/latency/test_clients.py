"""Laws of a closed loop with any number of clients."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_networks import delays

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.latency.clients import response_time
from cerberus_plan.model.latency.cluster import Cluster
from cerberus_plan.model.latency.simulated import simulate_latency
from cerberus_plan.model.network import Delay, Instance, Queue


@pytest.mark.slow
@given(st.lists(delays, min_size=1, max_size=3), st.integers(1, 6), st.integers(1, 4), st.integers(1, 40))
def test_the_mean_is_clients_over_throughput(local: list[Any], threads: int, instances: int, clients: int) -> None:
    """Little's law, more clients than workers included."""
    clients = max(clients, instances)
    cluster = Cluster(local=[*local, Queue(0.1)], threads=threads, instances=instances)
    found = response_time(cluster, clients)
    each = min(clients / instances, threads)
    low, high = (
        instances * solve(instances=[Instance(threads=n, stations=[*local, Queue(0.1)])]).throughput
        for n in (max(int(each), 1), min(int(each) + 1, threads))
    )
    assert clients / high * (1 - 1e-9) <= found.mean <= clients / low * (1 + 1e-9)


def test_waiting_clients_are_served_in_turn() -> None:
    """Of many clients none is much luckier than another: the tail comes close to the mean, which is exact."""
    cluster = Cluster(local=[Delay(1.0)], threads=2)
    found = response_time(cluster, 40)
    assert found.mean == pytest.approx(20.0)
    assert found.quantile(0.99) < 2.0 * found.mean
    assert response_time(cluster, 2).quantile(0.99) > 4.0 * response_time(cluster, 2).mean


@pytest.mark.slow
def test_one_client_a_worker_is_as_simulated() -> None:
    """Where nothing waits for a worker it is the closed loop of a client a worker."""
    judge = simulate_latency(local=[Delay(1.0), Queue(0.2)], threads=4, requests=200_000)
    found = response_time(Cluster(local=[Delay(1.0), Queue(0.2)], threads=4), 4)
    assert judge.mean is not None and judge.p99 is not None  # noqa: PT018
    assert found.mean == pytest.approx(judge.mean, rel=0.02)
    assert found.quantile(0.99) == pytest.approx(judge.p99, rel=0.1)
