"""A deviation concerns the CPUs where it is seen: those that should not be used, else those planned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.audit.compare import compare, planned_pins
from cerberus_plan.planner.audit.deviation import Deviation
from cerberus_plan.planner.audit.neighbours import Neighbour
from cerberus_plan.planner.audit.price import Pricer
from cerberus_plan.planner.audit.promised import Instance, Promise
from cerberus_plan.planner.deploy.seen import Seen
from cerberus_plan.planner.placing.distance import distances_of

AMD48 = catalog.machine("amd48")
PROMISE = Promise(
    path=Path("plan.json"), files="libvirt", machine="amd48", workload="dbench", system="kvm", throughput=1.0,
    unit="MB/s", host_cpus=(46, 47), instances=tuple(
        Instance(name=f"a_{at}", cpus=(2 * at, 2 * at + 1), nodes=(0,), memory_bytes=(2**30,)) for at in range(4)
    ),
)  # fmt: skip


@cache
def pricer() -> Pricer:
    return Pricer(AMD48, catalog.workload("dbench"), SYSTEMS["kvm"], planned_pins(PROMISE), distances_of(AMD48))


def deviations(*found: Seen, expect_all: bool = False, neighbours: Sequence[Neighbour] = ()) -> tuple[Deviation, ...]:
    return compare(
        PROMISE, found, pricer(), topology=AMD48.topology, expect_all=expect_all, neighbours=neighbours
    ).deviations


def seen(**fields: object) -> Seen:
    return Seen(name="a-1", source="file", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "sight", "cpus"),
    [
        ("cpus", seen(vcpus=(frozenset({2}), frozenset({7}))), [7]),
        ("cpus", seen(vcpus=(frozenset({3}), frozenset({2}))), [2, 3]),
        ("cpus", seen(vcpus=(frozenset(), frozenset({3}))), [2, 3]),
        ("cpus", seen(cpus=frozenset({3, 6})), [6]),
        ("cpus", seen(cpus=frozenset({2, 3, 6})), [6]),
        ("cpus", seen(cpus=frozenset(range(8))), [2, 3]),
        ("cpus", seen(vcpus=(frozenset(range(8)), frozenset({3}))), [2, 3]),
        ("count", seen(vcpus=(frozenset({2}),)), [2, 3]),
        ("count", seen(vcpus=(frozenset({2}), frozenset({3}), frozenset({4}))), [4]),
        ("memory", seen(memory_bytes=5), [2, 3]),
        ("nodes", seen(nodes=frozenset({5})), [2, 3]),
        ("emulator", seen(emulator=frozenset({0})), [0]),
        ("emulator", seen(emulator=frozenset()), [2, 3]),
        ("emulator", seen(emulator=frozenset(range(48))), [2, 3]),
    ],
)
def test_where_a_deviation_is_seen(kind: str, sight: Seen, cpus: list[int]) -> None:
    """One case a kind; names are compared as Kubernetes writes them."""
    (found,) = [each for each in deviations(sight) if each.kind == kind]
    assert list(found.cpus) == cpus


def test_each_io_thread_is_marked_where_it_is() -> None:
    """Two of them on other instances' CPUs, one that is where it should be, on the host's."""
    sight = seen(io_threads={"1": frozenset({5}), "2": frozenset({6}), "3": frozenset({46})})
    assert [(each.kind, list(each.cpus)) for each in deviations(sight)] == [("io-thread", [5]), ("io-thread", [6])]


def test_a_neighbour_is_marked_where_it_is() -> None:
    """On the one CPU that is shared, not on all that the instance has; a name given twice on those of its instance."""
    beside = Neighbour(name="n", source="s", pins=(frozenset({3, 30}),), deployment="other", twin="a_2")
    found = deviations(seen(cpus=frozenset({2, 3})), neighbours=[beside])
    assert [(each.instance, list(each.cpus)) for each in found] == [("a_2", [4, 5]), ("a_1", [3])]


def test_a_crowded_node_is_marked_as_a_whole() -> None:
    """Memory that is promised twice concerns the node's CPUs."""
    beside = Neighbour(name="n", source="s", pins=(), memory={0: 2**40})
    (crowded,) = deviations(neighbours=[beside])
    assert (crowded.instance, list(crowded.cpus)) == ("node 0", list(range(6)))


def test_what_nobody_saw() -> None:
    """A missing instance is marked where it was planned; one that nobody planned where it runs, or nowhere."""
    missing = [each for each in deviations(expect_all=True) if each.kind == "missing"]
    assert [list(each.cpus) for each in missing] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    (stranger,) = deviations(Seen(name="x", source="file", cpus=frozenset({9})))
    assert (stranger.kind, list(stranger.cpus)) == ("unplanned", [9])
    assert deviations(Seen(name="y", source="file"))[0].cpus == ()


@given(st.sets(st.integers(0, 7)), st.sampled_from(["cpus", "vcpus", "nodes", "memory_bytes", "emulator"]))
def test_a_planned_instance_is_always_marked_somewhere(cpus: set[int], field: str) -> None:
    """Whatever is wrong with an instance that was planned has a place on the machine, each CPU once, ascending."""
    value = {"vcpus": (frozenset(cpus),), "memory_bytes": 1}.get(field, frozenset(cpus))
    for each in deviations(seen(**{field: value}), expect_all=True):
        assert each.cpus
        assert list(each.cpus) == sorted({*each.cpus})
