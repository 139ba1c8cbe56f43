"""More threads than cores, exactly: known limits, work conservation, a Markov chain, and the simulator."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact import run_queue
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, Queue, Servers, Station, TicketLock
from cerberus_plan.model.simulation import Rules, simulate

times = st.floats(0.05, 20.0)
LOCKS = ("first", "second")


@st.composite
def programs(draw: st.DrawFn, most: int = 24) -> Instance:
    """Computing and up to two locks."""
    stations: list[Station] = [Delay(draw(times))]
    stations += [Queue(draw(times), name=name) for name in LOCKS[: draw(st.integers(0, 2))]]
    return Instance(threads=draw(st.integers(1, most)), stations=stations)


def sleepers(instance: Instance, count: int = 2) -> list[str]:
    return [station.name for station in instance.stations if station.name in LOCKS[:count]]


@given(programs(), st.integers(0, 2), st.integers(1, 3))
def test_with_a_core_for_each_thread_nothing_changes(instance: Instance, sleeping: int, count: int) -> None:
    """The solver's own answer, to the last bit that a sum of probabilities leaves."""
    found = run_queue.throughput(
        instance, cores=instance.threads * count, sleeping=sleepers(instance, sleeping), count=count
    )
    assert found == pytest.approx(solve(instances=[instance] * count).throughput, rel=1e-12)


@given(st.integers(1, 64), st.integers(1, 64), times)
def test_computing_alone_is_a_station_of_so_many_servers(threads: int, cores: int, demand: float) -> None:
    """The answer of ``Servers``, which is min(n, c) / demand."""
    found = run_queue.throughput(Instance(threads=threads, stations=[Delay(demand)]), cores=cores)
    servers = solve(instances=[Instance(threads=threads, stations=[Servers(demand, cores)])]).throughput
    assert found == pytest.approx(servers, rel=1e-9)
    assert found == pytest.approx(min(threads, cores) / demand, rel=1e-9)


@given(programs(), st.integers(1, 30), st.integers(0, 2), st.integers(1, 3))
def test_no_more_work_is_done_than_there_are_cores(instance: Instance, cores: int, sleeping: int, count: int) -> None:
    """Throughput times the core time of a cycle is at most the cores, whoever sleeps or spins."""
    found = run_queue.throughput(instance, cores=cores, sleeping=sleepers(instance, sleeping), count=count)
    work = sum(float(station.service_times(1)[0]) for station in instance.stations)
    assert found * work <= min(cores, instance.threads * count) * (1 + 1e-9)


@pytest.mark.slow
@given(programs(), st.integers(1, 30))
def test_a_core_more_never_hurts_and_sleeping_never_loses(instance: Instance, cores: int) -> None:
    """More cores are at least as fast; a waiter that leaves its core does at least as well as one that keeps it."""
    spin = run_queue.throughput(instance, cores=cores)
    sleep = run_queue.throughput(instance, cores=cores, sleeping=sleepers(instance))
    assert sleep >= spin * (1 - 1e-9)
    assert run_queue.throughput(instance, cores=cores + 1) >= spin * (1 - 1e-9)
    assert run_queue.throughput(instance, cores=cores + 1, sleeping=sleepers(instance)) >= sleep * (1 - 1e-9)


@given(programs(), st.integers(1, 30), st.integers(0, 2))
def test_runnable_threads_are_a_distribution(instance: Instance, cores: int, sleeping: int) -> None:
    """Probabilities; without sleepers all threads are runnable, with them at least one is."""
    chances = run_queue.runnable(instance, sleepers(instance, sleeping))
    assert chances.shape == (instance.threads + 1,)
    assert chances.sum() == pytest.approx(1.0, rel=1e-12)
    assert chances[0] == pytest.approx(0.0, abs=1e-300)
    if not sleepers(instance, sleeping):
        assert chances[-1] == pytest.approx(1.0)


def _chain(threads: int, cores: int, compute: float, holds: tuple[float, float]) -> float:
    """Throughput from the balance equations: threads computing and at two locks, waiters asleep, cores shared."""
    states = [s for s in itertools.product(range(threads + 1), repeat=3) if sum(s) == threads]
    place = {state: row for row, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    done = np.zeros(len(states))
    for state, row in place.items():
        runnable = state[0] + (state[1] > 0) + (state[2] > 0)
        speed = min(1.0, cores / runnable)
        for at, rate in enumerate((state[0] / compute, (state[1] > 0) / holds[0], (state[2] > 0) / holds[1])):
            if rate == 0:
                continue
            after = list(state)
            after[at] -= 1
            after[(at + 1) % 3] += 1
            rates[row, place[tuple(after)]] += rate * speed
            done[row] += rate * speed if at == 2 else 0.0
    balance = rates.T - np.diag(rates.sum(axis=1))
    balance[0] = 1.0
    chances = np.linalg.solve(balance, np.eye(len(states))[0])
    return float(chances @ done)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), times, times, times)
def test_it_solves_the_balance_equations(threads: int, cores: int, compute: float, one: float, other: float) -> None:
    """Every state's own speed, two locks that send waiters to sleep: the exact chain, to 1e-9."""
    instance = Instance(
        threads=threads, stations=[Delay(compute), Queue(one, name="first"), Queue(other, name="second")]
    )
    found = run_queue.throughput(instance, cores=cores, sleeping=LOCKS)
    assert found == pytest.approx(_chain(threads, cores, compute, (one, other)), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("sleeping", [(), ("first",), ("first", "ticket")])
@pytest.mark.parametrize("threads", [3, 8])
def test_the_simulator_agrees(threads: int, sleeping: tuple[str, ...]) -> None:
    """Event by event on two cores, with a hand-over that grows, whoever sleeps."""
    stations = [Delay(80.0), Queue(20.0, name="first"), TicketLock(30.0, handover=4.0, name="ticket")]
    instance = Instance(threads=threads, stations=stations)
    judged = simulate(
        instances=[instance], completions=400_000, seed=5, rules=Rules(cores=2, sleeping=frozenset(sleeping))
    )
    assert judged.low <= run_queue.throughput(instance, cores=2, sleeping=sleeping) <= judged.high


@pytest.mark.parametrize(
    ("given", "says"),
    [({"cores": 0}, "cores = 0"), ({"cores": 2, "count": 0}, "count = 0"), ({"cores": 2, "sleeping": ["x"]}, "'x'")],
)
def test_impossible_questions_are_refused(given: dict[str, object], says: str) -> None:
    """With what was given."""
    with pytest.raises(InputError, match=says):
        run_queue.throughput(Instance(threads=2, stations=[Delay(1.0)]), **given)  # type: ignore[arg-type]
