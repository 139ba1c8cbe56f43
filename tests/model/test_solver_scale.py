"""Thousands of cores, extreme times and extreme collapse stay finite and right."""

from __future__ import annotations

import math

import pytest

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, Queue, Servers, Station, TicketLock


@pytest.mark.parametrize("threads", [1024, 4096])
@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_saturated_lock_passes_one_thread_per_service_time(threads: int, unit: float) -> None:
    """With everybody at the lock its rate with all present is the throughput, in any unit."""
    lock = TicketLock(0.4 * unit, handover=0.1 * unit)
    rate = solve(instances=[Instance(threads=threads, stations=[Delay(5.0 * unit), lock])]).throughput
    # Mean number thinking: about rate * think, so the lock sees that many fewer.
    present = threads - rate * 5.0 * unit
    assert rate == pytest.approx(1.0 / ((0.4 + 0.1 * (present - 1) / 2) * unit), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("vms", [1, 2, 16, 512, 4096])
def test_every_split_of_4096_cores_is_finite_and_within_bounds(vms: int) -> None:
    """Local collapse, a shared queue and a shared lock: no NaN, no overflow, no impossible throughput."""
    threads = 4096 // vms
    own: list[Station] = [Delay(800.0), Servers(2.0, 4), TicketLock(0.6, handover=0.3)]
    solution = solve(instances=[Instance(threads=threads, stations=own)] * vms, shared=[Queue(0.15)])
    assert math.isfinite(solution.throughput)
    assert 0.0 < solution.throughput <= 1.0 / 0.15 * (1 + 1e-9)
    assert solution.throughput <= 4096 / 800.0
    assert sum(s.queue_length for s in solution.stations) == pytest.approx(4096, rel=1e-8)
    assert all(0.0 <= s.utilisation <= 1.0 + 1e-9 for s in solution.stations)


@pytest.mark.slow
def test_long_unequal_cluster_is_finite() -> None:
    """Sixty-four instances of 1 to 64 threads, all different."""
    members = [Instance(threads=k, stations=[Delay(40.0), TicketLock(0.2, handover=0.1)]) for k in range(1, 65)]
    solution = solve(instances=members, shared=[Queue(0.001)])
    assert sum(s.queue_length for s in solution.stations) == pytest.approx(sum(range(1, 65)), rel=1e-9)


@pytest.mark.parametrize("short", [1e-30, 1e-300])
def test_vanishing_demand_changes_nothing(short: float) -> None:
    """A station three hundred decades faster than the rest neither underflows nor matters."""
    own = [Delay(5.0), Queue(0.5)]
    plain = solve(instances=[Instance(threads=200, stations=own)]).throughput
    extended = solve(instances=[Instance(threads=200, stations=[*own, Queue(short)])]).throughput
    assert extended == pytest.approx(plain, rel=1e-12)
