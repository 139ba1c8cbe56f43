"""Prices are the definition's, whatever is changed, and a thousand instances take no longer than they must."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.audit.compare import compare, planned_pins
from cerberus_plan.planner.audit.neighbours import Neighbour
from cerberus_plan.planner.audit.price import Pricer
from cerberus_plan.planner.audit.promised import Instance, Promise
from cerberus_plan.planner.deploy.seen import Seen
from cerberus_plan.planner.placing.distance import Distances, as_placed, handover_factor
from cerberus_plan.planner.placing.placed import rate

AMD48, DBENCH, KVM = catalog.machine("amd48"), catalog.workload("dbench"), SYSTEMS["kvm"]
FAR = Distances(same_node=2.0, same_socket=3.0, other_socket=4.0)
PLANNED = {f"a{i}": tuple(frozenset({cpu}) for cpu in range(3 * i, 3 * i + 3)) for i in range(4)}
PRICER = Pricer(AMD48, DBENCH, KVM, PLANNED, FAR)


def defined(pins: Mapping[str, Sequence[frozenset[int]]], beside: Mapping[int, float]) -> float:
    """Throughput by the definition: each instance at the mean speed of its vCPUs, each vCPU at that of its CPUs."""
    load = dict(beside)
    for vcpus in pins.values():
        for cpus in vcpus:
            for cpu in cpus:
                load[cpu] = load.get(cpu, 0.0) + 1 / len(cpus)
    total = 0.0
    for vcpus in pins.values():
        known = sorted({cpu for cpus in vcpus for cpu in cpus} & {*AMD48.topology.cpus})
        factor = round(handover_factor(AMD48.topology, known, FAR), 6) if known else 1.0
        speeds = [sum(1 / max(load[cpu], 1.0) for cpu in cpus) / len(cpus) for cpus in vcpus]
        if vcpus:
            full = rate(as_placed(AMD48, factor), DBENCH, KVM, len(PLANNED), len(vcpus)) / len(PLANNED)
            total += full * sum(speeds) / len(speeds)
    return total


pins = st.lists(st.frozensets(st.integers(0, 60), min_size=1, max_size=4), max_size=4).map(tuple)
loads = st.dictionaries(st.integers(0, 60), st.floats(0.0, 5.0), max_size=6)


@given(st.dictionaries(st.sampled_from(sorted(PLANNED)), pins), loads)
def test_a_price_is_what_its_definition_says(
    changed: dict[str, tuple[frozenset[int], ...]], beside: dict[int, float]
) -> None:
    """Of any change of any instances, CPUs that the machine does not have included, with any load beside."""
    whole = defined(PLANNED, {})
    expected = 1.0 - defined({**PLANNED, **changed}, beside) / whole
    assert PRICER.loss(changed, beside=beside) == pytest.approx(expected, abs=1e-9)


@given(loads.map(lambda load: dict.fromkeys(load, 0.0)))
def test_what_changes_nothing_costs_nothing_exactly(beside: dict[int, float]) -> None:
    """No rounding is left that would be shown as a price."""
    assert PRICER.loss(PLANNED, beside=beside) == 0.0
    swapped = {"a0": PLANNED["a1"], "a1": PLANNED["a0"]}
    assert PRICER.loss(swapped) == pytest.approx(0.0, abs=1e-3)


def shifted(n: int) -> tuple[list[Seen], list[Neighbour]]:
    """Every instance on the CPU of the next."""
    return [_sight(i, frozenset({(i + 1) % n})) for i in range(n)], []


def floating(n: int) -> tuple[list[Seen], list[Neighbour]]:
    """Every instance on all CPUs."""
    return [_sight(i, frozenset(range(n))) for i in range(n)], []


def gone(n: int) -> tuple[list[Seen], list[Neighbour]]:
    """None of them found."""
    assert n
    return [], []


def crowded(n: int) -> tuple[list[Seen], list[Neighbour]]:
    """As planned, with a neighbour on each CPU."""
    beside = [
        Neighbour(name=f"n{i}", source="s", pins=(frozenset({i}),), memory={0: 2**30}, deployment="o", twin=_name(i))
        for i in range(n)
    ]
    return [_sight(i, frozenset({i})) for i in range(n)], beside


def _name(i: int) -> str:
    return f"a-{i:04d}"


def _sight(i: int, cpus: frozenset[int]) -> Seen:
    return Seen(name=_name(i), source=f"file {i}", vcpus=(cpus,))


def seconds(n: int, case: Callable[[int], tuple[list[Seen], list[Neighbour]]]) -> float:
    """Processor time of comparing and pricing so many instances of one CPU."""
    topology = Topology.regular(sockets=2, l3_per_node=n // 8, cores_per_l3=4)
    promise = Promise(
        path=Path("plan.json"), files="libvirt", machine="m", workload="dbench", system="kvm", throughput=1.0,
        unit="MB/s", host_cpus=(),
        instances=tuple(Instance(name=_name(i), cpus=(i,), nodes=(0,), memory_bytes=(2**30,)) for i in range(n)),
    )  # fmt: skip
    pricer = Pricer(replace(AMD48, topology=topology), DBENCH, KVM, planned_pins(promise), FAR)
    found, beside = case(n)
    started = time.process_time()
    verdict = compare(promise, found, pricer, topology=topology, neighbours=beside)
    spent = time.process_time() - started
    assert len(verdict.deviations) >= n
    return spent


@pytest.mark.slow
@pytest.mark.hardware
@pytest.mark.parametrize("case", [shifted, floating, gone, crowded])
def test_a_thousand_instances_are_priced_in_a_second(case: Callable[[int], tuple[list[Seen], list[Neighbour]]]) -> None:
    """It was 8 to 13 s of processor time for 1,024 instances, and four times as much for twice as many."""
    assert min(seconds(1024, case) for _ in range(2)) < 2.0


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0))
def test_a_limit_of_time_costs_what_so_many_threads_would(quota: float, other: float) -> None:
    """At whole CPUs the rate of as many threads; nothing above those planned; no time is no instance; never gains."""
    threads = len(PLANNED["a0"])
    factor = round(handover_factor(AMD48.topology, [0, 1, 2], FAR), 6)
    rates = [0.0] + [rate(as_placed(AMD48, factor), DBENCH, KVM, len(PLANNED), k) / 4 for k in range(1, threads + 1)]
    whole = defined(PLANNED, {})
    for count, done in enumerate(rates):
        assert PRICER.throttled("a0", count) == pytest.approx(max(rates[-1] - done, 0.0) / whole, abs=1e-9)
    assert PRICER.throttled("a0", threads + quota) == 0.0
    assert PRICER.throttled("a0", 0.0) == pytest.approx(PRICER.loss({"a0": ()}), abs=1e-9)
    assert PRICER.throttled("a0", quota) >= 0.0
    if int(quota) == int(other) and quota < other < threads and rates == sorted(rates):
        assert PRICER.throttled("a0", quota) >= PRICER.throttled("a0", other)
