"""Streams through memory: arrays that no cache holds, bandwidths that plans use, and C beside ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needs import may_run_in_real_time, needed_programs

from cerberus_plan.calibration.campaign.compare_c import compare, separate
from cerberus_plan.calibration.campaign.measuring import Orders
from cerberus_plan.calibration.campaign.processes import Campaign
from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.harness.executor import Executor
from cerberus_plan.calibration.harness.memory import SharedMemory
from cerberus_plan.calibration.primitives.base import Results, Space
from cerberus_plan.calibration.primitives.memory_stream import (
    KERNELS,
    PRIMITIVE,
    group_sizes,
    parts_of_the_machine,
    role_bytes,
)
from cerberus_plan.model.topology import Topology

GRAIN = 3 * 2**21
CACHE = 32 * 2**20
TWO_NODES = Topology.regular(sockets=2, l3_per_node=2, cores_per_l3=4)


def space(tmp_path, counts, topology=None):
    cpus = tuple(range(max(counts)))
    return Space(memory=SharedMemory(1 << 24), scratch=tmp_path, cpus=cpus, counts=counts, pairs=(), topology=topology)


def streams(rates, second=None):
    """Batches of threads that reach so many bytes a second, by number of threads; writing kernels a tenth less."""
    seconds = {
        f"memory_stream.{kind}.{n}": 64 / (rate * (1.0 if kind == "read" else 0.9))
        for kind in KERNELS
        for n, rate in rates.items()
    }
    if second is not None:
        seconds |= {"memory_stream.read_siblings.1": 6e-9, "memory_stream.read_siblings.2": 6e-9 / (1 + second)}
    plain = {"count": 1, "wall_s": 2e-3, "operations": (1,)}
    return Results(
        batches={
            name: [Batch(case=name, round=i, process=i % 3, seconds=s, **plain) for i in range(9)]
            for name, s in seconds.items()
        }
    )


@pytest.mark.slow
@given(st.lists(st.integers(0, 15), min_size=1, max_size=64), st.integers(2**21, 2**29), st.floats(1e7, 1e12))
def test_roles_never_take_more_than_they_may(positions, cache, most):
    """Whole grains, at least one; together within what is allowed, but for that one."""
    sizes = role_bytes(positions, cache, most)
    assert all(size % GRAIN == 0 and size >= GRAIN for size in sizes)
    assert sum(sizes) <= most + GRAIN * len(sizes)


@given(st.integers(1, 64), st.integers(2**24, 2**29))
def test_whoever_streams_together_passes_four_caches_before_a_line_is_asked_for_again(roles, cache):
    """Between two visits of a line all roles at its cache have moved as far as its own."""
    sizes = role_bytes(list(range(roles)), cache, 1e15)
    for together in range(1, roles + 1):
        assert min(sizes[:together]) * together >= 4 * cache - GRAIN * together


def test_too_little_memory_is_told(tmp_path, monkeypatch):
    """Arrays that the cache holds would measure the cache."""
    monkeypatch.setattr("cerberus_plan.calibration.host.topology.last_level_bytes", lambda _cpu: CACHE)
    monkeypatch.setattr("cerberus_plan.calibration.host.spare_memory.spare_bytes", lambda: 2 * CACHE)
    with pytest.raises(OSError, match=r"too little memory is free .* last-level cache of 32 MiB"):
        PRIMITIVE.prepare(space(tmp_path, (1, 2)))


def test_threads_of_a_cache_a_node_and_all_are_counted(tmp_path):
    """Sixteen cores in two nodes of two caches: powers of two, 4 and 8 among them, and siblings where there are."""
    smt = Topology.regular(sockets=1, l3_per_node=2, cores_per_l3=3, threads_per_core=2)
    names = {case.name for case in PRIMITIVE.prepare(space(tmp_path, (1, 2, 4, 6), smt))}
    assert {name for name in names if "read" in name} == {
        *(f"memory_stream.read.{n}" for n in (1, 2, 3, 4, 6)),
        "memory_stream.read_siblings.1",
        "memory_stream.read_siblings.2",
    }
    assert group_sizes(TWO_NODES, tuple(range(16))) == (4, 8)


def test_what_is_measured_is_what_plans_ask_for():
    """The most of any count, one core, and what the second thread adds."""
    found = PRIMITIVE.derive(streams({1: 1e10, 2: 2e10, 4: 3e10, 8: 2.8e10}, second=0.1))
    assert found["memory_bandwidth"].value == pytest.approx(0.9 * 3e10)  # median of 1, 0.9, 0.9
    assert found["memory_bandwidth"].high >= 3e10
    assert found["memory_bandwidth_core"].value == pytest.approx(0.9e10)
    assert found["smt_gain_memory"].value == pytest.approx(0.1)


def test_parts_of_the_machine_are_told_where_there_are_several():
    """Four cores of a cache reach 2, eight of a node 3, all sixteen 6."""
    results = streams({1: 1e10, 2: 1.9e10, 4: 2e10, 8: 3e10, 16: 6e10})
    found = parts_of_the_machine(results, TWO_NODES)
    assert found["memory_bandwidth_l3"].value == pytest.approx(0.9 * 2e10)
    assert found["memory_bandwidth_node"].value == pytest.approx(0.9 * 3e10)
    assert parts_of_the_machine(results, Topology.regular(sockets=1, cores_per_l3=16)) == {}


@pytest.mark.slow
@pytest.mark.hardware
def test_streams_do_what_they_say(tmp_path):
    """After a triad the first third is the second plus three times the last, in the memory of each role."""
    import ctypes

    shared = space(tmp_path, (1,))
    case = next(case for case in PRIMITIVE.prepare(shared) if "triad" in case.name)
    runner = Executor(cases=[case], memory=shared.memory)
    try:
        runner.run(case, 1, 0)
        base, _, size = shared.memory.read(case.area, 3)
        third = size // 3
        for offset, value in ((third, 2.0), (2 * third, 5.0)):
            (ctypes.c_double * (third // 8)).from_address(base + offset)[:8] = [value] * 8
        shared.memory.write(case.area + 24, [third // 65536 - 1])  # so that the next block is the first
        runner.run(case, 1, 0)
        assert list((ctypes.c_double * 8).from_address(base)) == [17.0] * 8
    finally:
        runner.close()


@pytest.mark.slow
@pytest.mark.hardware
def test_streams_reach_what_c_reaches():
    """Every kernel and count within 15 % of STREAM's loops in C, paired in the same run."""
    needed_programs("gcc")
    fifo = may_run_in_real_time()
    for attempt in range(3):  # what another program on the host does to one of two sides is not ours
        orders = Orders(only=("memory_stream",), rounds=8, quick=True, compare_c=True, fifo=fifo, seed=attempt)
        gathered = Campaign(orders=orders, processes=3).run()
        rows = compare(*separate(gathered.batches))
        assert {row.promise for row in rows} == {0.15}
        if len(rows) >= 3 and all(row.kept for row in rows):
            return
    pytest.fail(", ".join(f"{row.case} {row.ratio:.2f}" for row in rows))
