"""Laws of what every system runs on: no plan moves more bytes, or does more work, than the hardware has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.splits import Splits, occupancy, solution, throughput
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.simulation import simulate
from cerberus_plan.model.structure import Costs
from cerberus_plan.model.systems.hardware import MEMORY, bandwidth, crowded, most_cycles
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.splits.network_of import network_of

systems = st.sampled_from(sorted(SYSTEMS))
OPERATIONS = {
    "page_faults": st.floats(0.0, 2.0),
    "kernel_compute": st.floats(0.0, 1e-5),
    "file_mb": st.floats(0.0, 0.01),
    "packets_received": st.floats(0.0, 2.0),
    "kernel_lock": st.floats(0.0, 1e-6),
    "machine_resource": st.floats(0.0, 1e-6),
    "machine_interference": st.floats(0.0, 0.05),
    "spawns": st.floats(0.0, 1e-4),
    "address_space_calls": st.floats(0.0, 0.1),
}


def plain(value: float, unit: str = "1") -> Quantity:
    return Quantity(value=value, unit=unit)


def machine(threads_per_core: int = 1, **quantities: float) -> Machine:
    """The paper's costs on two nodes of eight cores, with these quantities beside."""
    paper = catalog.machine("amd48")
    topology = Topology.regular(sockets=2, cores_per_l3=8, threads_per_core=threads_per_core)
    kept = {name: q for name, q in paper.quantities.items() if name != "memory_bandwidth"}
    return replace(paper, topology=topology, quantities=kept | {n: plain(v) for n, v in quantities.items()})


def rate(system: str, costs: Costs, vms: int, threads: int, **operations: float) -> float:
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    structure = SYSTEMS[system].law(costs, Costs("workload", operations), *splits.columns)
    return float(throughput(structure, splits, 1)[0, 0])


memories = st.fixed_dictionaries(
    {"memory_bandwidth": st.floats(1e8, 1e12)},
    optional={"memory_bandwidth_core": st.floats(1e8, 1e12), "memory_bandwidth_node": st.floats(1e8, 1e12)},
)
programs = st.fixed_dictionaries(
    {"memory_bytes": st.floats(1e3, 1e9), "compute": st.floats(0.0, 1e-3)}, optional=OPERATIONS
)


@pytest.mark.slow
@settings(max_examples=80)
@given(systems, st.tuples(st.integers(1, 40), st.integers(1, 40)), memories, st.sampled_from([1, 2]), programs)
def test_no_system_moves_more_bytes_than_the_machine(
    system: str, split: tuple[int, int], memory: dict[str, float], siblings: int, program: dict[str, float]
) -> None:
    """Throughput times bytes stays within all memory, the nodes in use, and what the threads can ask for."""
    vms, threads = split if SYSTEMS[system].clustered else (1, split[1])
    moved = rate(system, machine(siblings, **memory).costs(), vms, threads, **program) * program["memory_bytes"]
    nodes = -(-vms * threads // 8)
    assert moved <= memory["memory_bandwidth"] * (1 + 1e-9)
    assert moved <= nodes * memory.get("memory_bandwidth_node", np.inf) * (1 + 1e-9)
    assert moved <= vms * threads * memory.get("memory_bandwidth_core", np.inf) * (1 + 1e-9)


@given(systems, st.floats(1e-6, 1e-3), st.floats(0.0, 1.0))
def test_one_thread_computes_as_long_as_it_was_measured(system: str, compute: float, share: float) -> None:
    """The time in the program holds its memory part: alone, knowing the bytes changes nothing."""
    costs = machine(memory_bandwidth=1e10, memory_bandwidth_core=4e9).costs()
    moved = share * compute * 4e9
    known = rate(system, costs, 1, 1, compute=compute, memory_bytes=moved)
    assert known == pytest.approx(rate(system, replace(costs, values=_native(costs)), 1, 1, compute=compute), rel=0.2)
    if SYSTEMS[system].paging == "native":
        assert known == pytest.approx(rate(system, costs, 1, 1, compute=compute))


def _native(costs: Costs) -> dict[str, float]:
    return {**costs.values, "nested_paging_user": 1.0, "instance_overhead": 0.0}


def test_a_stream_saturates_memory_and_the_ledger_says_so() -> None:
    """Where one core takes a third of the bandwidth, the fourth core adds nothing."""
    costs = machine(memory_bandwidth=1.2e10, memory_bandwidth_core=4e9).costs()
    rates = [rate("linux", costs, 1, n, memory_bytes=1e6) for n in (1, 2, 3, 4, 512)]
    assert rates == pytest.approx([4e3, 8e3, 12e3, 12e3, 12e3])
    splits = Splits(vms=np.array([1.0]), threads=np.array([512.0]))
    structure = SYSTEMS["linux"].law(costs, Costs("w", {"compute": 1e-4, "memory_bytes": 1e6}), *splits.columns)
    assert occupancy(structure, splits)[MEMORY][0] > 0.99 * 512


@given(st.integers(1, 64), st.floats(1e9, 1e11), st.floats(1e9, 1e11))
def test_bandwidth_never_falls_with_more_threads(n: int, total: float, node: float) -> None:
    """More threads reach at least as much, up to everything."""
    costs = machine(memory_bandwidth=total, memory_bandwidth_node=node).costs()
    assert bandwidth(costs, n) <= bandwidth(costs, n + 1) <= total


@settings(max_examples=20)
@given(systems, st.sampled_from([(1, 6), (3, 2), (6, 1), (2, 8)]), st.floats(1e4, 3e5))
def test_tables_equal_the_general_solver_with_memory(system: str, split: tuple[int, int], moved: float) -> None:
    """The station of memory beside others that are shared is solved exactly."""
    vms, threads = split if SYSTEMS[system].clustered else (1, split[0] * split[1])
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    costs = machine(2, memory_bandwidth=1e10, memory_bandwidth_core=4e9, memory_bandwidth_node=6e9).costs()
    operations = {"compute": 1e-4, "memory_bytes": moved, "page_faults": 1.0, "packets_sent": 1.0, "file_mb": 0.01}
    structure = SYSTEMS[system].law(costs, Costs("w", operations), *splits.columns)
    exact = solution(structure, splits, 0).throughput / float(np.ravel(structure.stretch)[0])
    assert float(throughput(structure, splits, 1)[0, 0]) == pytest.approx(exact, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("vms", "threads"), [(1, 12), (4, 3)])
def test_the_simulator_agrees_about_memory(vms: int, threads: int) -> None:
    """Event by event, the same throughput within its noise."""
    workload = replace(
        catalog.workload("histogram"),
        operations={"compute": plain(1e-4, "s"), "memory_bytes": plain(2e5, "B"), "page_faults": plain(1.0)},
        job_units=None,
    )
    known = machine(memory_bandwidth=1e10, memory_bandwidth_core=4e9)
    network = network_of(known, workload, SYSTEMS["kvm"], vms=vms, threads=threads)
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    structure = SYSTEMS["kvm"].law(known.costs(), workload.costs(), *splits.columns)
    judged = simulate(instances=network.instances, shared=network.shared, completions=1_000_000, seed=3)
    assert judged.throughput == pytest.approx(solution(structure, splits, 0).throughput, rel=0.01)


@pytest.mark.slow
@given(systems, st.integers(1, 16))
def test_siblings_count_as_a_share_of_a_core(system: str, cores: int) -> None:
    """Thirty-two threads of sixteen cores do less than 1.4 times the work of sixteen, and never less than they."""
    smt, single = machine(2).costs(), machine(1).costs()
    for n in (cores, 16):
        assert rate(system, smt, 1, n, compute=1e-4) == pytest.approx(rate(system, single, 1, n, compute=1e-4))
    ratio = rate(system, smt, 1, 32, compute=1e-4) / rate(system, single, 1, 16, compute=1e-4)
    assert 1.0 <= ratio < 1.4


def test_a_measured_gain_of_the_second_thread_is_used() -> None:
    """Whoever measured a gain of 90 % gets it."""
    found = rate("linux", machine(2, smt_gain=0.9).costs(), 1, 32, compute=1e-4)
    assert found == pytest.approx(16 * 1.9 / 1e-4)


@given(st.integers(1, 16))
def test_small_vms_pay_more_than_large_ones(threads: int) -> None:
    """A VM costs a share of a core whatever its size."""
    costs = machine(instance_overhead=0.1, nested_paging_user=1.0).costs()
    found = rate("kvm", costs, 1, threads, compute=1e-4)
    assert found == pytest.approx((threads - 0.1) / 1e-4)


@given(st.integers(1, 64))
def test_the_clock_falls_no_further_than_it_was_measured(n: int) -> None:
    """On sixteen measured cores; the fiftieth is not slower than the sixteenth."""
    costs = machine(active_core_slowdown=0.01).costs()
    found = rate("linux", costs, 1, n, compute=1e-4)
    assert found == pytest.approx(n / 1e-4 / (1 + 0.01 * (min(n, 16) - 1)))


@pytest.mark.slow
@given(st.integers(1, 32), st.floats(1e9, 1e11), st.floats(1e9, 1e11))
def test_cores_of_a_cache_move_no_more_than_their_link(n: int, total: float, link: float) -> None:
    """Two caches of eight cores: nine threads use two links."""
    costs = machine(memory_bandwidth=total, memory_bandwidth_l3=link).costs()
    assert bandwidth(costs, n) == pytest.approx(min(total, -(-n // 8) * link))


def test_the_second_thread_of_a_core_reads_little_more_than_the_first() -> None:
    """Where the machine has more to give than its cores can ask for, siblings add what was measured."""
    plenty = {"memory_bandwidth": 1e12, "memory_bandwidth_core": 1e10, "smt_gain": 0.2}
    found = rate("linux", machine(2, **plenty, smt_gain_memory=0.1).costs(), 1, 32, memory_bytes=1e6)
    assert found == pytest.approx(16 * 1.1 * 1e4)


hybrids = st.tuples(st.integers(1, 16), st.integers(1, 2), st.integers(1, 16))


@pytest.mark.slow
@given(hybrids, st.floats(0.2, 1.0), st.floats(0.0, 0.4))
def test_each_thread_adds_what_its_place_is_worth(shape: tuple[int, int, int], speed: float, gain: float) -> None:
    """Fast cores first, each one whole; then slow ones; then second threads."""
    fast, siblings, slow = shape
    topology = Topology.hybrid([("P-core", fast, siblings), ("E-core", slow, 1)])
    plain_costs = {"smt_gain": plain(gain), "efficiency_core_speed": plain(speed)}
    costs = replace(catalog.machine("amd48"), topology=topology, quantities=plain_costs).costs()
    worth = [1.0] * fast + [speed] * slow + [gain] * fast * (siblings - 1)
    for n in {1, fast, min(fast + 1, len(worth)), fast + slow, len(worth)}:
        assert rate("linux", costs, 1, n, compute=1e-4) == pytest.approx(sum(worth[:n]) * 1e4)


def test_the_ledger_tells_slow_cores_from_second_threads() -> None:
    """Each has its own part of what all times are stretched by."""
    topology = Topology.hybrid([("P-core", 8, 2), ("E-core", 8, 1)])
    quantities = {"smt_gain": plain(0.2), "efficiency_core_speed": plain(0.5)}
    costs = replace(catalog.machine("amd48"), topology=topology, quantities=quantities).costs()
    structure = SYSTEMS["linux"].law(costs, Costs("w", {"compute": 1e-4}), np.array([[1.0]]), np.array([[24.0]]))
    assert set(structure.stretched_by) == {"SMT siblings", "efficiency cores"}
    product = np.prod([np.ravel(part)[0] for part in structure.stretched_by.values()])
    assert product == pytest.approx(24 / (8 + 4 + 1.6))


@settings(max_examples=40)
@given(systems, st.integers(1, 40), st.floats(1e5, 1e9), st.floats(1e3, 1e8), st.sampled_from([1, 2]))
def test_what_falls_out_of_the_cache_is_bounded_by_memory_too(
    system: str, threads: int, working_set: float, moved: float, siblings: int
) -> None:
    """Throughput times the bytes that the crowd moves stays within the bandwidth."""
    known = machine(siblings, memory_bandwidth=1e10, memory_bandwidth_core=4e9, l3_bytes=2**25, memory_miss=4e-8)
    program = {"compute": 1e-5, "cache_bytes": moved, "working_set_bytes": working_set}
    done = rate(system, known.costs(), 1, threads, **program)
    operations = crowded(known.costs(), Costs("w", program), threads)
    assert done * operations("memory_bytes") <= 1e10 * (1 + 1e-9)


@given(systems, st.integers(1, 32))
def test_a_program_that_moves_nothing_is_bounded_by_nothing(system: str, threads: int) -> None:
    """Zero bytes, and a working set of zero, are a program without memory."""
    known = machine(memory_bandwidth=1e10, memory_bandwidth_core=4e9, l3_bytes=2**25, memory_miss=4e-8).costs()
    nothing = {"memory_bytes": 0.0, "cache_bytes": 1e6, "working_set_bytes": 0.0}
    with_zeros = rate(system, known, 1, threads, compute=1e-4, **nothing)
    assert with_zeros == pytest.approx(rate(system, known, 1, threads, compute=1e-4))
    assert most_cycles(known, Costs("w", nothing), threads) > 1e30
