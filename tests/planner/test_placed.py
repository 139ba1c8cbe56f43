"""Splits that respect caches win where the measured hand-over says so, and what crossing costs is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.placing.distance import Distances, distances_of
from cerberus_plan.planner.placing.placed import placed, respecting
from cerberus_plan.planner.plan import Candidate, Constraints, Plan
from cerberus_plan.planner.splits.choose import plan

NEAR = Distances(source="test")
FAR = Distances(same_node=5.0, same_socket=6.0, other_socket=8.0, source="test")
MEMCACHED = replace(catalog.workload("memcached"), needs_network_card=False)


def chiplets(handover_us: float) -> Machine:
    """Two sockets of four caches of eight cores, with this hand-over of the network path."""
    paper = catalog.machine("amd48")
    handover = Quantity(value=handover_us * 1e-6, unit="s")
    return replace(
        paper,
        name="chiplets",
        topology=Topology.regular(sockets=2, l3_per_node=4, cores_per_l3=8),
        quantities={**paper.quantities, "packet_handover": handover, "packet": Quantity(value=1e-6, unit="s")},
        limits={},
    )


def even(found: Plan, size: int) -> Candidate:
    """The even split of 64 cores into instances of this size."""
    return next(c for c in found.candidates if c.split == (size,) * (64 // size))


def planned(handover_us: float) -> Plan:
    """memcached in processes or VMs on all 64 cores."""
    return plan(chiplets(handover_us), MEMCACHED, [SYSTEMS["kvm"]], Constraints(cores=64))


def test_eight_core_instances_beat_sixteen_by_more_when_crossing_is_dear() -> None:
    """Instances of 8 stay inside a cache, of 16 do not: with distance the gap is wider than if nothing crossed."""
    found = planned(0.2)
    eight, sixteen = (placed(found, even(found, size), FAR) for size in (8, 16))
    assert eight.throughput / sixteen.throughput > 1.01 * eight.close / sixteen.close
    assert placed(found, even(found, 8), NEAR).throughput == pytest.approx(even(found, 8).throughput)


def test_the_cost_of_crossing_is_zero_inside_a_cache_and_grows_with_distance() -> None:
    """8 cores in one cache cost nothing; 16 across two cost more the dearer crossing is."""
    found = planned(0.2)
    farther = Distances(same_node=10.0, same_socket=12.0, other_socket=16.0, source="test")
    assert placed(found, even(found, 8), FAR).crossing_cost == pytest.approx(0.0, abs=1e-12)
    near, far = (placed(found, even(found, 16), each).crossing_cost for each in (NEAR, FAR))
    assert near == pytest.approx(0.0, abs=1e-12)
    assert far > 0.0
    assert placed(found, even(found, 16), farther).close > 0.0


def test_without_hand_over_costs_distance_changes_nothing() -> None:
    """Only hand-overs depend on distance."""
    found = planned(0.0)
    candidate = even(found, 16)
    assert placed(found, candidate, FAR).throughput == pytest.approx(candidate.throughput)


def test_respecting_ranks_by_what_the_placement_makes_of_it() -> None:
    """Six cores inside one chip beat six across two: among candidates of equal promise the close one leads."""
    found = planned(0.2)
    ranked = respecting(found, FAR, candidates=[even(found, 16), even(found, 8)])
    assert [each.candidate.cores_per_vm for each in ranked] == [8, 16]
    assert ranked[0].throughput >= ranked[1].throughput


def test_candidates_larger_than_the_machine_have_no_place() -> None:
    """Extrapolated plans are left out, not guessed."""
    machine = catalog.machine("amd48")
    found = plan(machine, MEMCACHED, [SYSTEMS["kvm"]], Constraints(cores=96))
    large = [c for c in found.candidates if c.cores == 96][:2]
    assert respecting(found, distances_of(machine), candidates=large) == []


def measured(chip_distance: float, handover_us: float = 2.0) -> Machine:
    """The chiplet machine as a calibrated host."""
    machine = chiplets(handover_us)
    distance = Quantity(value=chip_distance, unit="1")
    return replace(machine, measured=True, quantities={**machine.quantities, "chip_distance": distance})


def test_the_planner_prefers_whole_caches_when_the_measured_hand_over_says_so() -> None:
    """Of 8 and 16 cores a VM, 8 gains on a calibrated host in proportion to what crossing costs there."""
    gaps = []
    for distance in (0.0, 4.0):
        found = plan(measured(distance), MEMCACHED, [SYSTEMS["kvm"]], Constraints(cores=64, max_vms=8))
        eight, sixteen = even(found, 8), even(found, 16)
        gaps.append(eight.throughput / sixteen.throughput)
        assert found.best_all_cores is not None
        assert found.best_all_cores.split == (8,) * 8
    assert gaps[1] > gaps[0]


def test_plans_of_published_machines_are_left_as_they_were_fitted() -> None:
    """Their costs were fitted to runs as placed; correcting them again would count distance twice."""
    machine = replace(measured(4.0), measured=False)
    found = plan(machine, MEMCACHED, [SYSTEMS["kvm"]], Constraints(cores=64))
    near = plan(replace(measured(0.0), measured=False), MEMCACHED, [SYSTEMS["kvm"]], Constraints(cores=64))
    assert even(found, 16).throughput == even(near, 16).throughput


def test_a_plan_says_what_crossing_costs() -> None:
    """Where the best split crosses caches the plan's warnings hold the price."""
    found = plan(measured(4.0), MEMCACHED, [SYSTEMS["kvm"]], Constraints(cores=64, max_vms=4))
    assert found.best.split[0] > 8
    assert any("cross L3 groups" in warning for warning in found.warnings)
