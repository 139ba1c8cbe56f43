"""Placement: laws on every topology, optimality against exhaustive search."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.placing.distance import Distances, distances_of, handover_factor, mean_distance, shares
from cerberus_plan.planner.placing.placement import place

AMD48 = Topology.regular(sockets=8, cores_per_l3=6, memory_bytes=128 * 2.0**30)
# every level crossed costs one more: the objective that placement minimises
STEPS = Distances(same_node=2.0, same_socket=3.0, other_socket=4.0)

topologies = st.builds(
    Topology.regular,
    sockets=st.integers(1, 3),
    nodes_per_socket=st.integers(1, 2),
    l3_per_node=st.integers(1, 3),
    cores_per_l3=st.integers(1, 5),
    threads_per_core=st.integers(1, 2),
    memory_bytes=st.sampled_from([0.0, 2.0**36]),
)


def splits(n_cpus: int) -> st.SearchStrategy[list[int]]:
    """Sizes that together need no more than the CPUs."""

    def fit(sizes: list[int]) -> list[int]:
        found: list[int] = []
        for size in sizes:
            if sum(found) + size <= n_cpus:
                found.append(size)
        return found or [1]

    return st.lists(st.integers(1, n_cpus), min_size=1, max_size=n_cpus).map(fit)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.data(), topologies)
def test_every_vcpu_gets_one_cpu_and_no_cpu_is_given_twice(data: st.DataObject, topology: Topology) -> None:
    """Instances, host and idle CPUs together are exactly the machine."""
    split = data.draw(splits(topology.n_cpus))
    host = data.draw(st.integers(0, topology.n_cpus - sum(split)))
    found = place(topology, split, host_cores=host)
    everything = [cpu for each in found.places for cpu in each.cpus] + list(found.host_cpus) + list(found.idle_cpus)
    assert sorted(everything) == sorted(topology.cpus)
    assert [len(each.cpus) for each in found.places] == split
    assert len(found.host_cpus) == host
    assert bool(found.notes) or not found.idle_cpus


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.data(), topologies)
def test_memory_is_bound_to_the_nodes_of_the_cpus_and_fits_them(data: st.DataObject, topology: Topology) -> None:
    """No node promises more memory than it has."""
    found = place(topology, data.draw(splits(topology.n_cpus)))
    node_of = dict(zip(topology.cpus, topology.numa_nodes, strict=True))
    promised: dict[int, float] = {}
    for each in found.places:
        assert set(each.nodes) == {node_of[cpu] for cpu in each.cpus}
        for node, size in zip(each.nodes, each.memory_bytes, strict=True):
            promised[node] = promised.get(node, 0.0) + size
    if topology.memory_bytes:
        assert all(size <= topology.memory_bytes[node] for node, size in promised.items())


def _cost(topology: Topology, cpus: tuple[int, ...]) -> float:
    return len(cpus) * mean_distance(shares(topology, cpus), STEPS)


def _exhaustive(topology: Topology, split: list[int]) -> float:
    """The least cost over all ways to choose CPUs."""
    best = float("inf")

    def choose(v: int, free: frozenset[int], cost: float) -> None:
        nonlocal best
        if cost >= best - 1e-12:
            return
        if v == len(split):
            best = cost
            return
        for cpus in combinations(sorted(free), split[v]):
            choose(v + 1, free - set(cpus), cost + _cost(topology, cpus))

    choose(0, frozenset(topology.cpus), 0.0)
    return best


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(1, 4))
def test_no_way_to_choose_cpus_is_better_than_the_placement(
    data: st.DataObject, sockets: int, nodes: int, caches: int, cores: int
) -> None:
    """Up to 8 CPUs the placement's cost equals that of exhaustive search."""
    while sockets * nodes * caches * cores > 8:
        cores -= 1
    topology = Topology.regular(sockets=sockets, nodes_per_socket=nodes, l3_per_node=caches, cores_per_l3=max(cores, 1))
    split = data.draw(splits(topology.n_cpus))
    placed = sum(_cost(topology, each.cpus) for each in place(topology, split).places)
    assert placed == pytest.approx(_exhaustive(topology, split))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 8, 12, 16, 24, 48])
def test_all_even_splits_of_48_cores_are_proven_best(size: int) -> None:
    """What uses every core of the paper's machine ends with a proof."""
    found = place(AMD48, [size] * (48 // size))
    assert found.proven
    assert not found.idle_cpus


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_small_instances_stay_inside_one_chip(size: int) -> None:
    """On eight chips of six cores nothing that divides six crosses a chip."""
    for each in place(AMD48, [size] * (48 // size)).places:
        assert each.shares.crossing_l3 == 0.0


def test_four_core_instances_cross_chips_as_rarely_as_possible() -> None:
    """Twelve instances of 4 on chips of 6: eight fit whole, four are made of two pairs."""
    crossing = [each.shares.crossing_l3 for each in place(AMD48, [4] * 12).places]
    assert sorted(crossing) == pytest.approx([0.0] * 8 + [4 / 6] * 4)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_eight_core_caches_are_respected_on_512_cores(size: int) -> None:
    """Instances that divide an L3 group stay inside one, on a machine with four levels."""
    topology = Topology.regular(sockets=4, nodes_per_socket=4, l3_per_node=4, cores_per_l3=8)
    assert all(each.shares.crossing_l3 == 0.0 for each in place(topology, [size] * (512 // size)).places)


def test_siblings_are_left_alone_while_there_are_cores() -> None:
    """Eight vCPUs on eight cores with SMT: each has its own core, and the idle siblings are explained."""
    topology = Topology.regular(sockets=2, cores_per_l3=4, threads_per_core=2)
    found = place(topology, [4, 4])
    assert {cpu % 8 for each in found.places for cpu in each.cpus} == set(range(8))
    assert len(found.idle_cpus) == 8
    assert any("SMT siblings" in note for note in found.notes)


def test_siblings_belong_to_one_instance_when_all_are_needed() -> None:
    """Sixteen vCPUs on eight cores with SMT: a core is never shared by two instances, and vCPU pairs are siblings."""
    topology = Topology.regular(sockets=2, cores_per_l3=4, threads_per_core=2)
    for each in place(topology, [2] * 8).places:
        assert each.cpus[0] % 8 == each.cpus[1] % 8
        assert each.siblings


def test_host_cores_hold_the_first_cpu() -> None:
    """Cores kept for the host include CPU 0, where unmoved interrupts arrive."""
    found = place(AMD48, [2] * 22, host_cores=4)
    assert 0 in found.host_cpus


def test_a_plan_larger_than_the_machine_is_refused() -> None:
    """The message says what to do."""
    with pytest.raises(CannotAnswerError, match=r"96 CPUs .* do not fit 48 CPUs; give the machine file"):
        place(AMD48, [2] * 48)


def test_close_instances_hand_over_cheaper_than_the_machine() -> None:
    """Inside a chip the factor is below one, across all chips it is one."""
    near = Distances(same_node=1.1, same_socket=1.1, other_socket=1.1, source="test")
    assert handover_factor(AMD48, (0, 1), near) < 1.0
    assert handover_factor(AMD48, AMD48.cpus, near) == pytest.approx(1.0)
    assert handover_factor(AMD48, (0, 6), near) > 1.0


def test_measured_round_trips_give_distances_by_level() -> None:
    """Means by level, relative to two cores at one cache; a level nobody measured is that inside it."""
    from cerberus_plan.model.machine import Machine

    machine = Machine(name="m", description="", topology=AMD48, quantities={})
    found = distances_of(machine, {(0, 1): 50e-9, (1, 2): 50e-9, (0, 6): 150e-9})
    assert (found.same_l3, found.same_node, found.other_socket) == pytest.approx((1.0, 1.0, 3.0))
    assert not distances_of(machine).known
