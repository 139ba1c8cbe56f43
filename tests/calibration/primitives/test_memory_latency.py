"""Caches read from a sweep of sizes: synthetic machines are found again, cycles are cycles, and C says the same."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.campaign.compare_c import compare, separate
from cerberus_plan.calibration.campaign.measuring import Orders
from cerberus_plan.calibration.campaign.planning_costs import planning_costs
from cerberus_plan.calibration.campaign.processes import Campaign
from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.harness.executor import Executor
from cerberus_plan.calibration.harness.memory import SharedMemory
from cerberus_plan.calibration.primitives.base import Results, Space
from cerberus_plan.calibration.primitives.cache_levels import find_levels
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


@settings(max_examples=25)
@given(
    st.tuples(st.floats(2**14, 2**16), st.floats(2**17.5, 2**20), st.floats(2**22.4, 2**25)),
    st.tuples(st.floats(2, 5), st.floats(2.5, 5), st.floats(3, 8)),
    st.integers(0, 2**31),
)
def test_caches_are_found_again(caches, ratios, seed):
    """Three levels with 2 % noise: last-level size within a third, latencies beyond the first cache within 15 %."""
    latencies = 1e-9 * np.cumprod([1.0, *ratios])
    noise = np.random.default_rng(seed).normal(1.0, 0.02, len(SIZES))
    found = find_levels(SIZES, sweep(caches, latencies) * noise)
    assert found is not None
    assert found.sizes[-1] == pytest.approx(caches[-1], rel=0.33)
    assert found.latencies[0] == pytest.approx(1e-9, rel=0.1)
    assert found.latencies[-1] == pytest.approx(latencies[-1], rel=0.15)
    assert list(found.latencies) == sorted(found.latencies)


def test_a_sweep_of_few_sizes_says_nothing():
    """Four numbers cannot tell four latencies and three sizes."""
    assert find_levels(SIZES[:4], np.array([1e-9, 1e-9, 2e-9, 3e-9])) is None


@given(st.integers(2**15, 2**31), st.floats(1e5, 1e12))
def test_sizes_are_powers_of_two_within_the_memory(cache, most):
    """What is chased through fits together into what may be taken, and ends at four caches or 1 GiB."""
    sizes = sizes_of(cache, most)
    assert sum(sizes) <= most
    assert all(size & (size - 1) == 0 and size <= min(4 * cache, 2**30) for size in sizes)


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
    assert found["l3_bytes"].value == pytest.approx(2**25, rel=0.05)
    assert found["l3_latency"].value == pytest.approx(15e-9, rel=0.1)
    assert found["memory_latency"].value == pytest.approx(75e-9, rel=0.05)  # a quarter of 128 MiB is in the cache
    miss = planning_costs(results, found | STREAMS.derive(results))["memory_miss"]
    assert (miss.low, miss.high) == pytest.approx((6.4e-9, 60e-9), rel=0.1)


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
@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_every_level_takes_as_long_as_in_c():
    """Each level within 20 % of a chase along Sattolo's cycle in C, paired in the same run."""
    for attempt in range(3):  # what another program on the host does to one of two sides is not ours
        orders = Orders(only=("memory_latency",), rounds=12, quick=True, compare_c=True, seed=attempt)
        gathered = Campaign(orders=orders, processes=2).run()
        rows = compare(*separate(gathered.batches))
        judged = [row for row in rows if row.promise is not None]
        assert {row.promise for row in judged} == {0.20}
        if len(judged) >= 4 and all(row.kept for row in judged):
            return
    pytest.fail(", ".join(f"{row.case} {row.ratio:.2f}" for row in judged))
