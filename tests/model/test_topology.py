"""Memberships that cannot be are refused; siblings and nodes are counted from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.topology import Topology


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 6), st.integers(1, 4))
def test_siblings_partition_the_cpus(sockets, caches, cores, threads):
    """Every CPU is in one group of its core, as many groups as physical cores."""
    found = Topology.regular(sockets=sockets, l3_per_node=caches, cores_per_l3=cores, threads_per_core=threads)
    assert found.physical_cores == sockets * caches * cores == len(found.sibling_groups)
    assert sorted(cpu for group in found.sibling_groups for cpu in group) == list(found.cpus)
    assert {len(group) for group in found.sibling_groups} == {threads}
    assert found.nodes == tuple(range(sockets))


def test_cores_are_slower_only_beside_faster_ones():
    """E-cores beside P-cores are; a machine of E-cores alone has none that is slower."""
    assert Topology.hybrid([("P-core", 1, 2), ("E-core", 2, 1)]).efficiency_cpus == (2, 3)
    assert Topology.hybrid([("E-core", 2, 1)]).efficiency_cpus == ()
    assert Topology.hybrid([("P-core", 1, 2), ("E-core", 2, 1)]).counts()["efficiency_share"] == pytest.approx(2 / 3)
    assert Topology.regular(sockets=1, cores_per_l3=4).counts()["efficiency_share"] == 0.0


GOOD = {"cpus": (0, 1), "sockets": (0, 0), "numa_nodes": (0, 8), "l3_groups": (0, 0), "cores": (0, 1)}


def test_node_numbers_may_have_gaps():
    """POWER and systems with memory nodes number theirs 0, 8, 252; memory follows in that order."""
    assert Topology(**GOOD, memory_bytes=(1.0, 2.0)).nodes == (0, 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cpus": (-1, 0)}, "cpus must be whole numbers of at least 0"),
        ({"cpus": (0, 0.5)}, "cpus must be whole numbers"),
        ({"cpus": (0, True)}, "cpus must be whole numbers"),
        ({"sockets": (None, None)}, "sockets must be whole numbers"),
        ({"cores": ("0", "1")}, "cores must be whole numbers"),
        ({"cores": (0,)}, "every CPU needs one socket"),
        ({"cpus": (3, 3)}, "listed twice"),
        ({"memory_bytes": (1e9,)}, "memory_bytes has 1 sizes for 2 NUMA nodes"),
        ({"memory_bytes": (1e9, float("inf"))}, "memory_bytes must be finite"),
        ({"memory_bytes": (1e9, -1.0)}, "memory_bytes must be finite"),
        ({"kinds": ("P",)}, "kinds must be one name for each CPU"),
        ({"kinds": ("P", 2)}, "kinds must be one name for each CPU"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    """Damaged profiles hold such numbers."""
    with pytest.raises(InputError, match=message):
        Topology(**(GOOD | change))
