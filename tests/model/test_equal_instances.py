"""Plain doubles for equal instances, and the compiled pass over draws, against the solver on logarithms and as laws."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cerberus_plan.model.exact import compiled_queue
from cerberus_plan.model.exact.equal_instances import MOST, cycle_rate
from cerberus_plan.model.exact.solver import _Constants, solve
from cerberus_plan.model.exact.splits import solution, throughput
from cerberus_plan.model.exact.tables import LocalTable, SharedQueue, Splits
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.network import Instance
from cerberus_plan.model.structure import Structure
from tests.random_networks import anything, times

stations = st.lists(anything, min_size=1, max_size=4)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    local=stations,
    shared=st.lists(anything, max_size=3),
    vms=st.integers(1, 24),
    threads=st.integers(1, 40),
    factor=st.floats(0.1, 10.0),
)
def test_plain_numbers_equal_logarithms(
    local: list[Station], shared: list[Station], vms: int, threads: int, factor: float
) -> None:
    """To 1e-9, or they say that they cannot."""
    instance = Instance(threads=threads, stations=local, shared_factor=factor)
    found = cycle_rate(instance, vms, tuple(shared))
    event("not a number" if np.isnan(found) else "plain")
    expected = _Constants(Counter({instance: vms}), tuple(shared)).throughput(instance)
    assert found == pytest.approx(expected, rel=1e-9) or np.isnan(found)


def test_ordinary_networks_need_no_logarithms() -> None:
    """All even splits of 48 cores of a collapsing lock and a bus."""
    for vms in (1, 2, 3, 4, 6, 8, 12, 16, 24, 48):
        instance = Instance(threads=48 // vms, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])
        assert np.isfinite(cycle_rate(instance, vms, (Queue(0.15),)))


def test_many_threads_are_left_to_logarithms() -> None:
    """Factorials of more leave the range of a double."""
    assert np.isnan(cycle_rate(Instance(threads=MOST + 1, stations=[Delay(1.0)]), 1, ()))


def test_equal_instances_that_are_not_one_object_are_alike() -> None:
    """Equality counts, not identity; the order of unequal ones is kept."""
    one, other = ([Delay(8.0), Queue(0.1 * i, name="q")] for i in (1, 2))
    alike = [Instance(threads=2, stations=list(one)) for _ in range(3)]
    solved = solve(instances=alike, shared=[Queue(0.15)])
    assert solved.throughput == pytest.approx(sum(solved.per_instance), rel=1e-12)
    mixed = solve(instances=[*alike[:2], Instance(threads=2, stations=other)], shared=[Queue(0.15)])
    assert mixed.per_instance[0] == mixed.per_instance[1] > mixed.per_instance[2]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    parameters=st.tuples(times, times, times, times),
    total=st.integers(1, 60),
    n_draws=st.integers(1, 4),
    others=st.lists(anything, max_size=2),
)
def test_the_compiled_pass_equals_the_table(
    seed: int, parameters: tuple[float, float, float, float], total: int, n_draws: int, others: list[Station]
) -> None:
    """Every even split, each with a demand of its own, under every draw, stations that draws share among them."""
    random = np.random.default_rng(seed)
    pairs = np.array([(v, k) for k in range(1, total + 1) for v in range(1, total // k + 1)], dtype=np.float64)
    splits = Splits(vms=pairs[:, 0], threads=pairs[:, 1])
    think, hold, handover, demand = (p * np.exp(0.3 * random.standard_normal((1, n_draws))) for p in parameters)
    stations = (Delay(think), *others, TicketLock(hold, handover=handover))
    local = LocalTable.of(stations, total)
    queue = Queue(demand * random.uniform(0.5, 2.0, (len(pairs), 1)))
    compiled = compiled_queue.throughput(stations, queue, splits, n_draws)
    assert compiled is not None
    if local is None:
        assert np.isnan(compiled).all()
        return
    plain = SharedQueue.of(local, queue, splits).throughput()
    both = np.isfinite(plain) & np.isfinite(compiled)
    assert compiled[both] == pytest.approx(plain[both], rel=1e-9)
    assert np.isfinite(compiled[np.isfinite(plain)]).all()


@pytest.mark.slow
def test_a_thousand_draws_take_the_compiled_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is enough to do, though no compiler is there yet, and with the same answer."""
    thinks = 8.0 * np.exp(0.1 * np.random.default_rng(1).standard_normal((1, 1001)))
    stations = (Delay(thinks), TicketLock(0.6, handover=0.3))
    local = LocalTable.of(stations, 48)
    assert local is not None
    pairs = np.array([(v, k) for k in range(1, 49) for v in range(1, 48 // k + 1)], dtype=np.float64)
    splits = Splits(vms=pairs[:, 0], threads=pairs[:, 1])
    calls = []
    compiled = compiled_queue.throughput
    monkeypatch.setattr(compiled_queue, "throughput", lambda *given: calls.append(given) or compiled(*given))
    monkeypatch.delitem(sys.modules, "numba")
    found = throughput(Structure(local=stations, shared=(Queue(0.15),)), splits, 1001)
    assert len(calls) == 1
    assert found == pytest.approx(SharedQueue.of(local, Queue(0.15), splits).throughput(), rel=1e-10)
    one = Structure(local=(Delay(8.0), stations[1]), shared=(Queue(0.15),))
    assert throughput(one, splits, 1)[:, 0] == pytest.approx([solution(one, splits, i).throughput for i in range(198)])
    assert len(calls) == 1


def test_machines_of_hundreds_of_cores_are_beyond_the_compiled_pass() -> None:
    """Powers of their largest node leave the range of a double."""
    splits = Splits(vms=np.array([2.0]), threads=np.array([192.0]))
    assert compiled_queue.throughput((Delay(8.0),), Queue(0.15), splits, 1) is None


@pytest.mark.parametrize("stations", [(Delay(0.0),), (Delay(0.0), Queue(0.0)), (TicketLock(1e-300, handover=1.0),)])
def test_constants_beyond_a_double_are_not_a_number(stations: tuple[Station, ...]) -> None:
    """A cycle without time, or one that spans too much, is left to the others."""
    splits = Splits(vms=np.array([2.0, 1.0]), threads=np.array([24.0, 48.0]))
    found = compiled_queue.throughput(stations, Queue(0.15), splits, 1)
    assert found is not None
    assert np.isnan(found).all()


@pytest.mark.slow
@pytest.mark.parametrize("cores", [192, 384, 1000, MOST])
def test_hundreds_of_threads_need_no_logarithms(cores: int) -> None:
    """Collapsing locks and a bus, few and many instances; and the same answer as on logarithms."""
    for vms in (1, 8, cores // 4, cores):
        instance = Instance(threads=cores // vms, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])
        found = cycle_rate(instance, vms, (Queue(0.15),))
        expected = _Constants(Counter({instance: vms}), (Queue(0.15),)).throughput(instance)
        assert found == pytest.approx(expected, rel=1e-9)


def test_kept_tables_are_those_of_the_station() -> None:
    """Of one name and other numbers, or numbers and another law: nothing is mistaken for another."""
    for station in (Delay(8.0), Delay(4.0), Queue(8.0, name="think"), TicketLock(8.0, handover=1.0, name="think")):
        for threads in (16, 3, 40, 1):
            instance = Instance(threads=threads, stations=[station, Queue(0.1)])
            expected = _Constants(Counter({instance: 2}), ()).throughput(instance)
            assert cycle_rate(instance, 2, ()) == pytest.approx(expected, rel=1e-9)
