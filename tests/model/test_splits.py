"""The tables for all even splits give what the general solver gives, split by split and draw by draw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.model.exact.splits import Splits, occupancy, solution, throughput
from cerberus_plan.model.exact.splits import _table as split_table
from cerberus_plan.model.network import Delay, Queue, QueueLock, ReaderWriterLock, Servers, SharedBandwidth, TicketLock
from cerberus_plan.model.structure import Structure

times = st.floats(0.001, 100.0)
N_DRAWS = 3


def varied(value: float, seed: int) -> np.ndarray:
    """A parameter under three draws."""
    return value * np.exp(0.3 * np.random.default_rng(seed).standard_normal((1, N_DRAWS)))


@st.composite
def structures(draw: st.DrawFn, shared: str) -> tuple[Structure, Splits]:
    """Stations of all kinds and splits of up to 24 cores."""
    pairs = draw(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=5, unique=True))
    splits = Splits(vms=np.array([float(v) for v, _ in pairs]), threads=np.array([float(k) for _, k in pairs]))
    kinds = {
        "queue": lambda d: Queue(varied(d, 1)),
        "ticket": lambda d: TicketLock(varied(d, 2), handover=varied(d, 3), name="lock"),
        "mcs": lambda d: QueueLock(varied(d, 4), handover=d, name="mcs"),
        "rw": lambda d: ReaderWriterLock(varied(d, 5), line=0.1 * d, writes=0.3, name="rw"),
        "servers": lambda d: Servers(varied(d, 6), 2.0),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=3, unique=True))
    local = (Delay(varied(draw(times), 0)), *(kinds[kind](draw(times)) for kind in chosen))
    demand = draw(times)
    bus = {
        "none": (),
        "one": (Queue(varied(demand, 7), name="bus"),),
        "by split": (Queue(varied(demand, 7) * (1.0 + 0.2 * splits.columns[1]), name="bus"),),
        "servers": (SharedBandwidth(varied(demand, 7), saturation=1.0 + 0.3 * splits.columns[0], name="bus"),),
        "two": (Queue(varied(demand, 7), name="bus"), TicketLock(demand, handover=0.1, name="hypervisor")),
    }[shared]
    return Structure(local=local, shared=bus), splits


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["none", "one", "by split", "servers", "two"])
@settings(max_examples=25)
@given(st.data())
def test_tables_equal_the_general_solver(shared: str, data: st.DataObject) -> None:
    """Whatever form answers, it is exact."""
    structure, splits = data.draw(structures(shared))
    found = throughput(structure, splits, N_DRAWS)
    for split in range(splits.vms.size):
        for draw in range(N_DRAWS):
            assert found[split, draw] == pytest.approx(solution(structure, splits, split, draw).throughput, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["none", "one", "by split", "servers", "two"])
@settings(max_examples=25)
@given(st.data())
def test_everybody_is_somewhere(shared: str, data: st.DataObject) -> None:
    """Mean customers sum to the threads, and agree with the general solver station by station."""
    structure, splits = data.draw(structures(shared))
    found = occupancy(structure, splits)
    assert sum(found.values()) == pytest.approx(splits.vms * splits.threads, rel=1e-9)
    for split in range(splits.vms.size):
        exact: dict[str, float] = {}
        for station in solution(structure, splits, split).stations:
            exact[station.name] = exact.get(station.name, 0.0) + station.queue_length
        for name, length in found.items():
            assert length[split] == pytest.approx(exact[name], rel=1e-7, abs=1e-9)


@pytest.mark.slow
@given(st.data())
def test_interference_divides_throughput(data: st.DataObject) -> None:
    """A factor on all times is a factor on throughput."""
    structure, splits = data.draw(structures("one"))
    vms, threads = splits.columns
    slowed = Structure(local=structure.local, shared=structure.shared, stretch=1.0 + 0.1 * (vms * threads - 1.0))
    ratio = throughput(structure, splits, N_DRAWS) / throughput(slowed, splits, N_DRAWS)
    assert ratio == pytest.approx(np.broadcast_to(slowed.stretch, ratio.shape))


def test_extreme_costs_fall_back_and_stay_exact() -> None:
    """Costs 200 orders of magnitude apart leave the tables' range; the general solver answers."""
    structure = Structure(local=(Delay(1e-100), TicketLock(1e100, handover=1e100)), shared=(Queue(1.0),))
    splits = Splits(vms=np.array([3.0]), threads=np.array([16.0]))
    found = throughput(structure, splits, 1)
    assert np.isfinite(found).all()
    assert found[0, 0] == pytest.approx(solution(structure, splits, 0).throughput)


def test_hundreds_of_threads_at_a_shared_queue_are_exact() -> None:
    """More nodes than plain weights can express give what the general solver gives."""
    own = (Delay(varied(40.0, 0)), TicketLock(varied(0.6, 2), handover=varied(0.05, 3), name="lock"))
    structure = Structure(local=own, shared=(Queue(varied(0.15, 7), name="bus"),))
    splits = Splits(vms=np.array([1.0, 6.0, 40.0, 600.0]), threads=np.array([350.0, 100.0, 15.0, 1.0]))
    assert_exact(structure, splits)


@pytest.mark.slow
@pytest.mark.parametrize("size", [48, 256])
def test_shared_stations_of_any_law_are_exact_for_many_threads(size: int) -> None:
    """From lightly loaded to saturated and collapsing, the series answer by themselves and exactly."""
    vms = np.array([1.0, 2.0, 3.0, size / 4, size / 2, size])
    splits = Splits(vms=vms, threads=size // vms)
    own = (Delay(varied(40.0, 0)), TicketLock(varied(0.6, 2), handover=varied(0.05, 3), name="lock"))
    for load in (0.001, 1.0, 30.0):
        shared = (
            Servers(varied(load, 7), splits.columns[0] / 4 + 1.0, name="memory"),
            TicketLock(0.01 * load, handover=0.01, name="network path"),
        )
        assert_exact(Structure(local=own, shared=shared[:1]), splits)
        assert_exact(Structure(local=own, shared=shared), splits)


@pytest.mark.parametrize("handover", [0.0, 0.3])
def test_a_thousand_threads_of_one_instance_are_exact(handover: float) -> None:
    """Local constants beyond the range of a double give what the general solver gives."""
    own = (Delay(varied(800.0, 0)), TicketLock(varied(0.6, 2), handover=varied(handover, 3), name="lock"))
    assert_exact(Structure(local=own), Splits(vms=np.array([1.0, 2.0]), threads=np.array([1500.0, 300.0])))


@pytest.mark.parametrize("shared", [(), (Queue(0.15, name="bus"),)])
def test_local_costs_may_depend_on_the_split(shared: tuple[Queue, ...]) -> None:
    """Messages grow with the number of VMs: splits of as many VMs are answered together."""
    splits = Splits(vms=np.array([1.0, 2.0, 4.0, 2.0, 1.0]), threads=np.array([8.0, 8.0, 4.0, 3.0, 5.0]))
    messages = Delay(varied(1.0, 5) * (splits.columns[0] - 1.0), name="messages")
    lock = TicketLock(varied(0.6, 2), handover=0.1, name="lock")
    structure = Structure(local=(Delay(varied(9.0, 0)), messages, lock), shared=shared)
    found, lengths = throughput(structure, splits, N_DRAWS), occupancy(structure, splits)
    for split in range(splits.vms.size):
        for draw in range(N_DRAWS):
            assert found[split, draw] == pytest.approx(solution(structure, splits, split, draw).throughput, rel=1e-9)
        exact = dict.fromkeys(lengths, 0.0)
        for station in solution(structure, splits, split).stations:
            exact[station.name] += station.queue_length
        assert {name: row[split] for name, row in lengths.items()} == pytest.approx(exact, rel=1e-7, abs=1e-9)


def assert_exact(structure: Structure, splits: Splits) -> None:
    """Throughput and queue lengths are the general solver's, and the tables found them without it."""
    assert split_table(structure, splits) is not None
    found, lengths = throughput(structure, splits, N_DRAWS), occupancy(structure, splits)
    for split in range(splits.vms.size):
        for draw in range(N_DRAWS):
            assert found[split, draw] == pytest.approx(solution(structure, splits, split, draw).throughput, rel=1e-9)
        exact = dict.fromkeys(lengths, 0.0)
        for station in solution(structure, splits, split).stations:
            exact[station.name] += station.queue_length
        assert {name: row[split] for name, row in lengths.items()} == pytest.approx(exact, rel=1e-7, abs=1e-9)
