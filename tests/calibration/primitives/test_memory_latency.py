"""Caches read from a sweep of sizes: synthetic machines are found again, cycles are cycles, and C says the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needs import may_run_in_real_time, needed_programs

from cerberus_plan.calibration.campaign.compare_c import compare, separate
from cerberus_plan.calibration.campaign.measuring import Orders
from cerberus_plan.calibration.campaign.planning_costs import planning_costs
from cerberus_plan.calibration.campaign.processes import Campaign
from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.harness.executor import Executor
from cerberus_plan.calibration.harness.memory import SharedMemory
from cerberus_plan.calibration.primitives.base import Results, Space
from cerberus_plan.calibration.primitives.last_cache import cache_size
from cerberus_plan.calibration.primitives.memory_latency import PRIMITIVE, sizes_of
from cerberus_plan.calibration.primitives.memory_stream import PRIMITIVE as STREAMS

SIZES = 2.0 ** np.arange(13, 28)


def sweep(caches, latencies, sizes=SIZES):
    """Time of a load of a random line where caches of these sizes and latencies are below one another."""
    hits = [np.minimum(1.0, size / sizes) for size in caches]
    found = np.full(sizes.shape, latencies[0])
    for hit, near, far in zip(hits, latencies[:-1], latencies[1:], strict=True):
        found = found + (far - near) * (1.0 - hit)
    return found


@pytest.mark.slow
@given(st.floats(2**22.5, 2**25.5), st.floats(3.0, 20.0), st.integers(0, 2**31))
def test_the_last_cache_is_found_again(cache, ratio, seed):
    """With 2 % noise and private caches below it: within a third, where a miss takes three hits and more."""
    seconds = sweep((2**15, 2**19, cache), (1e-9, 4e-9, 15e-9, 15e-9 * ratio))
    noise = np.random.default_rng(seed).normal(1.0, 0.02, len(SIZES))
    inside = SIZES[-1] / 32 <= SIZES
    found = cache_size(SIZES[inside], (seconds * noise)[inside])
    assert found is not None
    assert found == pytest.approx(cache, rel=0.33)


def test_a_flat_sweep_has_no_cache():
    """Loads that take as long from every size show nothing, and so do three sizes."""
    assert cache_size(SIZES, np.full(len(SIZES), 1e-9)) is None
    assert cache_size(SIZES[:3], np.array([1e-9, 2e-9, 3e-9])) is None


@pytest.mark.slow
@given(st.integers(2**15, 2**31), st.floats(1e5, 1e12))
def test_sizes_are_powers_of_two_within_the_memory(cache, most):
    """What is chased through fits together into what may be taken, and ends at four caches or 1 GiB."""
    sizes = sizes_of(cache, most)
    assert sum(sizes) <= most
    assert all(size & (size - 1) == 0 and size <= min(4 * cache, 2**30) for size in sizes)


@pytest.mark.slow
def test_quantities_are_those_that_plans_use():
    """The last cache and memory; a miss costs between a line's bandwidth and the whole latency."""
    seconds = sweep((2**15, 2**20, 2**25), (1e-9, 4e-9, 15e-9, 95e-9))
    plain = {"count": 1, "wall_s": 2e-3, "operations": (1,)}
    cases = {f"memory_latency.{int(size)}": s for size, s in zip(SIZES, seconds, strict=True)}
    cases |= {f"memory_stream.{kind}.1": 6.4e-9 for kind in ("read", "copy", "triad")}
    results = Results(
        batches={
            name: [Batch(case=name, round=i, process=i % 3, seconds=float(s), **plain) for i in range(9)]
            for name, s in cases.items()
        }
    )
    found = PRIMITIVE.derive(results)
    assert found["l3_bytes"].value == pytest.approx(2**25, rel=0.1)
    assert found["l3_latency"].value == pytest.approx(12.25e-9, rel=0.01)  # a quarter of 4 MiB is in the second cache
    assert found["memory_latency"].value == pytest.approx(75e-9, rel=0.05)  # a quarter of 128 MiB is in the cache
    miss = planning_costs(results, found | STREAMS.derive(results))["memory_miss"]
    assert (miss.low, miss.high) == pytest.approx((6.4e-9, 62.75e-9), rel=0.1)


@pytest.mark.slow
@pytest.mark.hardware
@pytest.mark.parametrize("size", [2**13, 2**16, 2**20])
def test_the_chase_visits_every_line_once(tmp_path, size):
    """After as many loads as there are lines it is back where it began, and not before."""
    memory = SharedMemory(1 << 22)
    space = Space(memory=memory, scratch=tmp_path, cpus=(0,), counts=(1,), pairs=())
    case = next(case for case in PRIMITIVE.prepare(space) if case.name == f"memory_latency.{size}")
    executor = Executor(cases=[case], memory=memory)
    try:
        visited = set()
        executor.run(case, 1, 0)
        base, first = memory.read(case.area, 1)[0], memory.read(case.area + 24, 1)[0]
        for _ in range(min(size // 64, 300)):
            place = memory.read(case.area + 24, 1)[0]
            assert place not in visited
            assert base <= place < base + size
            visited.add(place)
            executor.run(case, 1, 0)
        executor.run(case, size // 64 - len(visited) % (size // 64), 0)
        assert memory.read(case.area + 24, 1)[0] == first
    finally:
        executor.close()


@pytest.mark.slow
@pytest.mark.hardware
def test_every_level_takes_as_long_as_in_c():
    """Each level within 20 % of a chase along Sattolo's cycle in C, paired in the same run."""
    needed_programs("gcc")
    fifo = may_run_in_real_time()
    for attempt in range(3):  # what another program on the host does to one of two sides is not ours
        orders = Orders(only=("memory_latency",), rounds=8, quick=True, compare_c=True, fifo=fifo, seed=attempt)
        gathered = Campaign(orders=orders, processes=3).run()
        rows = compare(*separate(gathered.batches))
        judged = [row for row in rows if row.promise is not None]
        assert {row.promise for row in judged} == {0.20}
        if len(judged) >= 4 and all(row.kept for row in judged):
            return
    pytest.fail(", ".join(f"{row.case} {row.ratio:.2f}" for row in judged))
