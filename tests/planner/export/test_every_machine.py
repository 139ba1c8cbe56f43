"""Every machine, every format: files name CPUs and nodes that exist, memory where the CPUs are, siblings together."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.bundle import bundle
from cerberus_plan.planner.deploy.deployment import Deployment
from cerberus_plan.planner.placing.placement import Placement, place

from .readers import READERS

# Kubernetes and KubeVirt pin through the kubelet, which is told which CPUs are the host's.
PINNED = [form for form in FORMATS if form not in ("kubernetes", "kubevirt")]


def numbered(topology: Topology, first: int, step: int) -> Topology:
    """The machine with gaps between its node numbers and CPU numbers, as POWER and half-used machines have them."""
    return replace(
        topology,
        cpus=tuple(first + 2 * cpu for cpu in topology.cpus),
        numa_nodes=tuple(first + step * node for node in topology.numa_nodes),
    )


topologies = st.builds(
    numbered,
    st.builds(
        Topology.regular,
        sockets=st.integers(1, 3),
        nodes_per_socket=st.integers(1, 2),
        l3_per_node=st.integers(1, 2),
        cores_per_l3=st.integers(1, 6),
        threads_per_core=st.integers(1, 2),
        memory_bytes=st.sampled_from([0.0, 2.0**37]),
    ),
    st.integers(0, 8),
    st.integers(1, 8),
)


def check(topology: Topology, placement: Placement, form: str) -> None:
    """Laws of one deployment, as an independent reader sees its files."""
    deployment = Deployment(name="work", topology=topology, placement=placement)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in bundle(FORMATS[form], deployment, {"system": "kvm"}, ()).items():
            (folder / file).write_text(text)
        found = READERS[form](folder)
    node_of = dict(zip(topology.cpus, topology.numa_nodes, strict=True))
    assert len(found) == len(placement.places)
    given: Counter[int] = Counter()
    for pins in found.values():
        cpus = frozenset().union(*pins.cpus) if pins.cpus is not None else frozenset()
        assert cpus <= set(topology.cpus)
        given.update(cpus)
        if pins.nodes is not None:
            assert pins.nodes == {node_of[cpu] for cpu in cpus}
    assert max(given.values(), default=1) == 1


def check_siblings(topology: Topology, placement: Placement) -> None:
    """No core is shared by two instances while other cores are idle."""
    owner = {cpu: number for number, each in enumerate(placement.places) for cpu in each.cpus}
    taken = set(owner) | set(placement.host_cpus)
    shared = [group for group in topology.sibling_groups if len({owner[cpu] for cpu in group if cpu in owner}) > 1]
    idle = [group for group in topology.sibling_groups if not taken & set(group)]
    assert not (shared and idle)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.data(), topologies, st.sampled_from(PINNED))
def test_any_machine(data: st.DataObject, topology: Topology, form: str) -> None:
    """Random machines with gaps in their numbers, random splits."""
    each = data.draw(st.integers(1, topology.n_cpus))
    count = data.draw(st.integers(1, min(topology.n_cpus // each, 12)))
    placement = place(topology, [each] * count, exact=False)
    check_siblings(topology, placement)
    check(topology, placement, form)


@pytest.mark.slow
@pytest.mark.parametrize("name", catalog.shipped("machines"))
def test_every_machine_of_the_catalog(name: str) -> None:
    """Quarters and halves of each, and one instance a last-level cache, in every format."""
    topology = catalog.machine(name).topology
    cores = topology.physical_cores
    caches = len(set(topology.l3_groups))
    for split in ([cores // 4] * 4, [cores // 2] * 2, [cores // caches] * caches, [topology.n_cpus // 2] * 2):
        placement = place(topology, split, exact=False)
        check_siblings(topology, placement)
        for form in PINNED:
            check(topology, placement, form)
