"""Plain doubles for equal instances, and the compiled pass over draws, against the solver on logarithms and as laws."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from cerberus_plan.model.exact.compiled_queue import rates
from cerberus_plan.model.exact.equal_instances import MOST, cycle_rate
from cerberus_plan.model.exact.solver import _Constants, solve
from cerberus_plan.model.exact.tables import LocalTable, SharedQueue, Splits
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.network import Instance
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
)
def test_the_compiled_pass_equals_the_table(
    seed: int, parameters: tuple[float, float, float, float], total: int, n_draws: int
) -> None:
    """Every even split, each with a demand of its own, under every draw."""
    random = np.random.default_rng(seed)
    pairs = np.array([(v, k) for k in range(1, total + 1) for v in range(1, total // k + 1)], dtype=np.float64)
    splits = Splits(vms=pairs[:, 0], threads=pairs[:, 1])
    think, hold, handover, demand = (p * np.exp(0.3 * random.standard_normal((1, n_draws))) for p in parameters)
    local = LocalTable.of((Delay(think), TicketLock(hold, handover=handover)), total)
    if local is None:
        return
    each = demand * random.uniform(0.5, 2.0, (len(pairs), 1))
    table = SharedQueue.of(local, Queue(each), splits)
    plain, compiled = table.throughput(), splits.vms[:, None] * rates(local, splits, table.demand) / local.unit
    both = np.isfinite(plain) & np.isfinite(compiled)
    assert compiled[both] == pytest.approx(plain[both], rel=1e-9)
    assert np.isfinite(compiled[np.isfinite(plain)]).all()


@pytest.mark.slow
def test_a_thousand_draws_take_the_compiled_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is enough to do, and with the same answer."""
    thinks = 8.0 * np.exp(0.1 * np.random.default_rng(1).standard_normal((1, 1001)))
    local = LocalTable.of((Delay(thinks), TicketLock(0.6, handover=0.3)), 48)
    assert local is not None
    pairs = np.array([(v, k) for k in range(1, 49) for v in range(1, 48 // k + 1)], dtype=np.float64)
    table = SharedQueue.of(local, Queue(0.15), Splits(vms=pairs[:, 0], threads=pairs[:, 1]))
    compiled = table.throughput()
    monkeypatch.setattr("cerberus_plan.model.exact.tables._MUCH", 10**12)
    monkeypatch.setattr("cerberus_plan.model.exact.tables._LITTLE", 10**12)
    assert compiled == pytest.approx(table.throughput(), rel=1e-10)
