"""The catalog: what every entry must hold, which host comes close to which, and machines made of parts."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from latency_machines import machine as latencies

from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.kernel_costs import LEVELS, mean_round_trip
from cerberus_plan.calibration.store.made_machine import WIDER, make_machine, round_trips
from cerberus_plan.calibration.store.nearest import candidates, nearest, processor_of_host
from cerberus_plan.calibration.store.profile import machine_of
from cerberus_plan.choices import PAPER_SYSTEMS, systems_for, why_this_machine
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.mechanisms.instance_cost import clock_stretch
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.placing.distance import distances_of, mean_distance, shares

PAPER = ("amd48", "intel16")
TODAY = [name for name in catalog.shipped("machines") if name not in PAPER]


def test_the_catalog_has_the_machines_of_today():
    """Three generations of EPYC with one and two sockets, Xeons, Arm, a workstation, a hybrid, 512 CPUs."""
    cpus = {name: catalog.machine(name).topology.n_cpus for name in TODAY}
    assert len(TODAY) >= 12
    assert cpus["epyc-9654-2s"] == 384
    assert max(cpus.values()) == 512
    for generation in ("7742", "7763", "9654"):
        assert cpus[f"epyc-{generation}-2s"] == 2 * cpus[f"epyc-{generation}-1s"]
    assert set(catalog.machine("core-i9-12900k").topology.kinds) == {"P-core", "E-core"}


@pytest.mark.parametrize("name", TODAY)
def test_every_entry_says_where_its_numbers_come_from(name):
    """Sources everywhere, intervals wherever a cost is assumed, distances that grow outwards."""
    machine = catalog.machine(name)
    assert machine.name == name
    assert machine.deployable
    assert not machine.measured
    assert machine.quantities["memory_bandwidth"].value > 20e9
    assert all(quantity.source for quantity in machine.quantities.values())
    kernel = [machine.quantities[key] for key in ("page_fault", "page_fault_parallel", "packet", "message_round_trip")]
    assert all(quantity.high / quantity.low >= 4.0 for quantity in kernel)
    trips = [machine.quantities[level].value for level in LEVELS if level in machine.quantities]
    assert trips == sorted(trips)
    distances = distances_of(machine)
    assert distances.known == (len(trips) > 1)  # a single mesh of single threads is flat
    assert distances.same_core <= distances.same_l3 == 1.0 <= distances.same_node <= distances.other_socket


@pytest.mark.parametrize("name", TODAY)
def test_the_mean_round_trip_is_that_of_the_planner(name):
    """The planner's shares of pairs and the catalog's are one law, written in two rooms."""
    machine = catalog.machine(name)
    near = machine.quantities["round_trip_same_l3"].value
    topology = machine.topology
    planned = near * mean_distance(shares(topology, topology.cpus), distances_of(machine))
    assert mean_round_trip(topology, machine.quantities) == pytest.approx(planned)


def test_a_machine_of_today_is_planned_with_what_can_be_deployed():
    """The paper's machines keep the paper's systems."""
    names = {system.name for system in systems_for(catalog.machine("epyc-9654-2s"), None)}
    assert {"linux", "processes", "kvm"} <= names
    assert [system.name for system in systems_for(catalog.machine("amd48"), None)] == list(PAPER_SYSTEMS)


def host(processor, topology):
    """The catalog machine that such a host comes close to."""
    texts = {name: catalog._shipped_text("machines", name) for name in catalog.shipped("machines")}
    found = nearest(topology, [catalog.machine(name) for name in candidates(processor, texts)])
    return found and found.name


@pytest.mark.parametrize("name", TODAY)
def test_a_machine_comes_closest_to_itself(name):
    """With the model name that its kernel tells and all its CPUs, or one thread a core."""
    processors = {
        "epyc-7742": "AMD EPYC 7742 64-Core Processor",
        "epyc-7763": "AMD EPYC 7763 64-Core Processor",
        "epyc-9654": "AMD EPYC 9654 96-Core Processor",
        "epyc-9754": "AMD EPYC 9754 128-Core Processor",
        "xeon-e5": "Intel(R) Xeon(R) CPU E5-2695 v4 @ 2.10GHz",
        "xeon-8375c": "Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz",
        "xeon-8360y": "Intel(R) Xeon(R) Platinum 8360Y CPU @ 2.40GHz",
        "xeon-8480": "Intel(R) Xeon(R) Platinum 8480+",
        "graviton3": "Neoverse-V1",
        "kunpeng": "Kunpeng-920",
        "threadripper": "AMD Ryzen Threadripper 3960X 24-Core Processor",
        "ryzen": "AMD Ryzen 9 5900X 12-Core Processor",
        "core-i9": "12th Gen Intel(R) Core(TM) i9-12900K",
    }
    processor = next(text for start, text in processors.items() if name.startswith(start))
    assert host(processor, catalog.machine(name).topology) == name


@pytest.mark.parametrize(
    ("processor", "shape"),
    [
        ("AMD EPYC 9654 96-Core Processor", {"sockets": 1, "cores_per_l3": 2}),  # a small virtual machine
        ("AMD EPYC 9654 96-Core Processor", {"sockets": 4, "cores_per_l3": 96}),
        ("AMD EPYC", {"sockets": 1, "cores_per_l3": 64, "threads_per_core": 2}),
        ("AMD Opteron(tm) Processor 8431", {"sockets": 8, "cores_per_l3": 6}),
        ("", {"sockets": 1, "cores_per_l3": 4}),
    ],
)
def test_what_is_not_close_is_not_matched(processor, shape):
    """Few CPUs of a large processor, other sockets, a model that nobody knows."""
    assert host(processor, Topology.regular(**shape)) is None


def test_the_processor_is_the_one_that_the_kernel_tells(tmp_path):
    """The first model name; empty where there is none."""
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: AMD EPYC 9654\n\nmodel name\t: other\n")
    assert processor_of_host(tmp_path / "cpuinfo") == "AMD EPYC 9654"
    assert processor_of_host(tmp_path / "none") == ""


def test_a_plan_says_why_it_is_for_this_machine():
    """Nothing where the machine was asked for; else which and how to calibrate."""
    near, paper = catalog.machine("graviton3"), catalog.machine("amd48")
    assert why_this_machine("graviton3", near) == ""
    assert re.search(r"graviton3, the nearest of the catalog.*cerberus-plan calibrate", why_this_machine(None, near))
    assert "the paper's machine" in why_this_machine(None, paper)


def test_unknown_costs_and_kinds_are_refused():
    """With the field, and what is known."""
    good = "format = 1\nname = 'x'\n[topology]\nsockets = 1\ncores_per_l3 = 2\n[quantities]\n"
    for change, message in (
        (good.replace("name", "costs = 'linux-9'\nname"), r"costs = 'linux-9' is unknown; known: linux-6"),
        (good.replace("name", "deployable = 1\nname"), r"deployable = 1 must be true or false"),
        (good.replace("sockets = 1\ncores_per_l3 = 2", "kinds = [{ name = 'P', cores = 0 }]"), r"kinds: cores and"),
        (good.replace("sockets = 1\ncores_per_l3 = 2", "kinds = 3"), r"kinds must be a list of tables"),
    ):
        with pytest.raises(InputError, match=message):
            catalog.parse_machine(change, "x.toml")


@pytest.mark.slow
@given(st.sampled_from(TODAY), st.integers(1, 2), st.integers(1, 4), st.integers(2, 8), st.integers(1, 2))
def test_a_made_machine_has_the_costs_of_one_and_the_shape_of_another(name, sockets, caches, cores, threads):
    """Carried over: assumed, wider, never narrower than there; and it can be read back as a machine."""
    like = catalog.machine(name)
    shape = Topology.regular(sockets=sockets, l3_per_node=caches, cores_per_l3=cores, threads_per_core=threads)
    made = machine_of(make_machine("mine", like, shape))
    assert made.topology == shape
    assert made.deployable
    assert not made.measured
    # what siblings gain is assumed of every machine that has any, carried over or not
    assert set(made.quantities) - {"smt_gain"} == set(like.quantities) - {"smt_gain"}
    for key, there in like.quantities.items():
        quantity = made.quantities[key]
        assert quantity.provenance is Provenance.ASSUMED
        assert quantity.value == there.value
        if not there.source.startswith("as on "):
            assert quantity.low == pytest.approx((there.value if there.low is None else there.low) / WIDER)
            assert quantity.high == pytest.approx((there.value if there.high is None else there.high) * WIDER)
            assert like.name in quantity.source


def test_a_bandwidth_of_zero_is_refused():
    """It would move nothing; what is not known is left out."""
    text = """format = 1
name = "x"
description = "x"
[topology]
sockets = 1
cores_per_l3 = 2
[quantities]
memory_bandwidth = { value = 0, unit = "GB/s" }
"""
    with pytest.raises(InputError, match="a bandwidth of 0 moves nothing; leave it out"):
        catalog.parse_machine(text, "x.toml")


def test_measured_bandwidth_is_carried_to_more_cores_with_doubt():
    """Two cores cannot show what a socket's memory has: eight have between as much and four times as much."""
    amount = Quantity(value=2e10, unit="B/s", low=1.8e10, high=2.2e10, provenance=Provenance.MEASURED, source="streams")
    names = ("memory_bandwidth", "memory_bandwidth_node", "memory_bandwidth_core")
    small = Topology.regular(sockets=1, cores_per_l3=2)
    like = Machine(name="small", description="", topology=small, quantities=dict.fromkeys(names, amount), measured=True)
    made = make_machine("large", like, Topology.regular(sockets=1, cores_per_l3=8)).quantities
    assert set(made) == {"memory_bandwidth", "memory_bandwidth_core"}
    total = made["memory_bandwidth"]
    assert (total.low, total.value, total.high) == pytest.approx((1.8e10 / WIDER, 4e10, 4 * 2.2e10 * WIDER))
    assert made["memory_bandwidth_core"].value == 2e10
    same = make_machine("same", like, small).quantities["memory_bandwidth"]
    assert (same.low, same.value) == pytest.approx((1.8e10 / WIDER, 2e10))


@given(st.integers(2, 8), st.integers(1, 64), st.floats(0.01, 1.0))
def test_more_cores_slow_each_other_no_more_than_those_that_were_seen(seen, cores, slowdown):
    """Two CPUs that others kept busy, a third slower together, made 64 cores twenty times as slow as one."""
    fall = Quantity(
        value=slowdown, unit="1", low=slowdown / 2, high=slowdown * 2, provenance=Provenance.MEASURED, source="here"
    )
    small, large = (Topology.regular(sockets=1, cores_per_l3=count) for count in (seen, cores))
    like = Machine(
        name="seen", description="", topology=small, quantities={"active_core_slowdown": fall}, measured=True
    )
    made = make_machine("made", like, large).quantities["active_core_slowdown"]
    for active in range(1, cores + 1):
        here = clock_stretch(np, active, cores, made.value)
        assert here <= clock_stretch(np, active, seen, slowdown) * (1 + 1e-12)
    if cores >= seen:
        assert here == pytest.approx(clock_stretch(np, seen, seen, slowdown))
    assert (made.low * 2 * WIDER, made.high / 2 / WIDER) == (pytest.approx(made.value), pytest.approx(made.value))


def test_latencies_of_the_other_machine_are_published():
    """The matrix tells every level; a level that the shape does not have is not told."""
    found = latencies(sockets=2, caches=3, cores=4)
    shape = Topology.regular(sockets=2, l3_per_node=3, cores_per_l3=4, threads_per_core=2)
    made = make_machine("mine", catalog.machine("graviton3"), shape, latency=found.latency)
    told = round_trips(shape, found.latency)
    assert set(told) == {
        "round_trip_same_core",
        "round_trip_same_l3",
        "round_trip_same_node",
        "round_trip_other_socket",
    }
    assert told["round_trip_same_l3"].value == pytest.approx(50e-9, rel=0.05)
    assert told["round_trip_other_socket"].value == pytest.approx(400e-9, rel=0.05)
    assert all(made.quantities[level] == quantity for level, quantity in told.items())
    assert all(quantity.provenance is Provenance.PUBLISHED for quantity in told.values())


def test_a_cost_of_zero_stays_as_large_as_it_may_be():
    """No width is lost by multiplying zero."""
    free = Quantity(value=0.0, unit="s", low=0.0, high=1e-6, provenance=Provenance.MEASURED, source="here")
    like = catalog.machine("graviton3")
    like = type(like)(name="x", description="", topology=like.topology, quantities={"packet_handover": free})
    carried = make_machine("mine", like, like.topology).quantities["packet_handover"]
    assert (carried.value, carried.low, carried.high) == (0.0, 0.0, 1.5e-6)


@pytest.mark.parametrize("name", ["", "a/b", ".hidden", "x" * 80, "tab\t"])
def test_a_name_that_is_no_file_is_refused(name):
    """Nothing is written outside the folder of profiles."""
    with pytest.raises(InputError, match="cannot name a machine"):
        make_machine(name, catalog.machine("amd48"), Topology.regular(sockets=1, cores_per_l3=2))
