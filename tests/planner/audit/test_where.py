"""A deviation is marked where it is seen: on CPUs that should not be used, else where the instance was planned."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.planner.audit.deviation import Deviation
from cerberus_plan.planner.audit.promised import Instance, Promise
from cerberus_plan.planner.audit.where import marked
from cerberus_plan.planner.deploy.seen import Seen

PROMISE = Promise(
    path=Path("plan.json"), files="libvirt", machine="amd48", workload="dbench", system="kvm", throughput=1.0,
    unit="MB/s", host_cpus=(), instances=tuple(
        Instance(name=f"a_{at}", cpus=(2 * at, 2 * at + 1), nodes=(0,), memory_bytes=(1,)) for at in range(4)
    ),
)  # fmt: skip


def deviation(kind: str, name: str = "a-1") -> Deviation:
    return Deviation(instance=name, kind=kind, what="", source="file", price=None)


def seen(**fields: object) -> Seen:
    return Seen(name="a-1", source="file", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "sight", "cpus"),
    [
        ("cpus", seen(vcpus=(frozenset({2}), frozenset({7}))), [7]),
        ("cpus", seen(vcpus=(frozenset({3}), frozenset({2}))), [2, 3]),
        ("cpus", seen(vcpus=(frozenset(), frozenset({3}))), [2, 3]),
        ("cpus", seen(cpus=frozenset({3, 6})), [6]),
        ("cpus", seen(cpus=frozenset(range(8))), [2, 3]),
        ("cpus", seen(vcpus=(frozenset(range(8)), frozenset({3}))), [2, 3]),
        ("count", seen(vcpus=(frozenset({2}),)), [2, 3]),
        ("count", seen(vcpus=(frozenset({2}), frozenset({3}), frozenset({4}))), [4]),
        ("memory", seen(memory_bytes=5), [2, 3]),
        ("emulator", seen(emulator=frozenset({0})), [0]),
        ("io-thread", seen(io_threads={"1": frozenset({5}), "2": frozenset({6})}), [5, 6]),
    ],
)
def test_where_a_deviation_is_seen(kind: str, sight: Seen, cpus: list[int]) -> None:
    """One case a kind; names are compared as Kubernetes writes them."""
    assert marked(deviation(kind), PROMISE, [sight]) == cpus


def test_what_nobody_saw() -> None:
    """A missing instance is marked where it was planned; one that nobody planned where it runs, or nowhere."""
    assert marked(deviation("missing"), PROMISE, []) == [2, 3]
    stranger = Seen(name="x", source="file", cpus=frozenset({9}))
    assert marked(deviation("unplanned", "x"), PROMISE, [stranger]) == [9]
    assert marked(deviation("unplanned", "y"), PROMISE, [stranger]) == []


@given(st.sets(st.integers(0, 7)), st.sampled_from(["cpus", "count", "nodes", "memory", "missing"]))
def test_a_planned_instance_is_always_marked_somewhere(cpus: set[int], kind: str) -> None:
    """Whatever is wrong with an instance that was planned has a place on the machine."""
    assert marked(deviation(kind), PROMISE, [seen(cpus=frozenset(cpus))])
