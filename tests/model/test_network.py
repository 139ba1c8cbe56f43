"""A network is checked where it is made."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact.solver import StationResult, solve
from cerberus_plan.model.network import MOST_THREADS, Delay, Instance, Queue, TicketLock


@pytest.mark.parametrize("threads", [0, -1, MOST_THREADS + 1, 2.0, "2", None, True])
def test_impossible_thread_counts_are_refused(threads: Any) -> None:
    """The message gives the range."""
    with pytest.raises(InputError, match=rf"threads = {threads!r} must be a whole number from 1 to 16384"):
        Instance(threads=threads, stations=[Delay(1.0)])


def test_the_ends_of_the_range_of_threads_are_allowed() -> None:
    """One thread, and as many as can be solved."""
    assert Instance(threads=1, stations=[]).threads == 1
    assert Instance(threads=MOST_THREADS, stations=[Delay(1.0)]).threads == MOST_THREADS


@pytest.mark.parametrize("factor", [0.0, -1.0, math.inf, math.nan])
def test_impossible_factors_are_refused(factor: float) -> None:
    """A demand factor is a positive number."""
    with pytest.raises(InputError, match=r"shared_factor = .* must be a positive number"):
        Instance(threads=1, stations=[], shared_factor=factor)


def test_only_stations_are_stations() -> None:
    """What is not a station is named, in instances and among the shared ones."""
    with pytest.raises(InputError, match="3 is not a station; use Delay, Queue"):
        Instance(threads=1, stations=[3])  # type: ignore[list-item]
    with pytest.raises(InputError, match="'queue' is not a station"):
        solve(instances=[Instance(threads=1, stations=[Delay(1.0)])], shared=["queue"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="3 is not an Instance"):
        solve(instances=[3])  # type: ignore[list-item]


def test_stations_may_come_from_any_iterable() -> None:
    """They are kept in order, as a tuple."""
    stations = (Delay(1.0), Queue(2.0))
    assert Instance(threads=2, stations=iter(stations)).stations == stations


def test_empty_clusters_and_too_large_ones_are_refused() -> None:
    """The sum of all threads is bounded too."""
    with pytest.raises(InputError, match="instances is empty; give at least one Instance"):
        solve(instances=[])
    half = Instance(threads=MOST_THREADS // 2, stations=[Delay(1.0)])
    with pytest.raises(InputError, match="24576 threads in all; at most 16384 can be solved"):
        solve(instances=[half] * 3)
    assert solve(instances=[half] * 2).throughput == pytest.approx(MOST_THREADS)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_cycle_that_takes_no_time_is_refused(threads: int) -> None:
    """Alone and with shared stations."""
    idle = Instance(threads=threads, stations=[Queue(0.0)])
    with pytest.raises(InputError, match=f"an instance of {counted(threads, 'thread')} has a cycle that takes no time"):
        solve(instances=[idle])
    with pytest.raises(InputError, match="the cycle takes no time"):
        solve(instances=[idle], shared=[Queue(0.0)])


def test_an_instance_may_only_use_shared_stations() -> None:
    """Two threads that do nothing of their own share one server."""
    solution = solve(instances=[Instance(threads=1, stations=[])] * 2, shared=[Queue(0.5)])
    assert solution.per_instance == pytest.approx((1.0, 1.0))
    assert repr(solution) == f"Solution(throughput={solution.throughput!r}, instances=2)"


def test_a_collapsing_lock_shared_by_idle_instances_has_its_rate() -> None:
    """With only the lock, everybody is always there."""
    rate = solve(instances=[Instance(threads=3, stations=[])] * 3, shared=[TicketLock(1.0, handover=0.5)]).throughput
    assert rate == pytest.approx(1.0 / (1.0 + 0.5 * 8 / 2))


def test_results_are_facts() -> None:
    """They are made by name and cannot be changed afterwards."""
    result = solve(instances=[Instance(threads=1, stations=[Delay(1.0)])]).stations[0]
    with pytest.raises(AttributeError, match="queue_length"):
        result.queue_length = 2.0  # type: ignore[misc]
    with pytest.raises(TypeError, match=r"positional|without a name"):
        StationResult("think", None, 1.0, 1.0, 1.0)  # type: ignore[misc]
