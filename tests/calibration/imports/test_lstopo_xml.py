"""lstopo XML of every version: what hwloc wrote is what is planned with."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.imports import lstopo_xml
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.topology import Topology

GIB = 2**30
HALVES = (range(4), range(4, 8))


def mask(cpus):
    """A bitmap as hwloc writes it: words of 32 bits, the highest first, empty words as nothing."""
    bits = sum(1 << cpu for cpu in cpus)
    words = []
    while bits or not words:
        words.append(bits & 0xFFFFFFFF)
        bits >>= 32
    shown = [f"0x{word:08x}" if word else ("0x0" if i == 0 else "") for i, word in enumerate(words)]
    return ",".join(reversed(shown))


def element(kind, cpus, inside="", **attributes):
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<object type="{kind}" cpuset="{mask(cpus)}"{more}>{inside}</object>\n'


def written(topology, *, version, node_numbers, cache=True):
    """The topology as XML of hwloc 1 (nodes enclose packages' CPUs, sockets) or later (nodes beside)."""
    old = version == 1

    def members(level, number):
        return [i for i in range(topology.n_cpus) if level[i] == number]

    def cpus(places):
        return [topology.cpus[i] for i in places]

    def unit(i):
        return element("PU", [topology.cpus[i]], os_index=topology.cpus[i])

    def cores(places):
        numbers = sorted({topology.cores[i] for i in places})
        return "".join(
            element("Core", cpus(each), "".join(unit(i) for i in each), os_index=number)
            for number in numbers
            for each in [members(topology.cores, number)]
        )

    def caches(places):
        if not cache:
            return cores(places)
        numbers = sorted({topology.l3_groups[i] for i in places})
        kind, more = ("Cache", {"depth": 3}) if old else ("L3Cache", {"depth": 3})
        return "".join(
            element(kind, cpus(each), cores(each), **more)
            for number in numbers
            for each in [members(topology.l3_groups, number)]
        )

    def node(number):
        each = members(topology.numa_nodes, number)
        about = {"os_index": node_numbers[number], "local_memory": (number + 1) * GIB}
        if old:
            return element("NUMANode", cpus(each), caches(each), **about)
        group = element("NUMANode", cpus(each), **about) + caches(each)
        return element("Group", cpus(each), group)

    def package(number):
        each = members(topology.sockets, number)
        nodes = sorted({topology.numa_nodes[i] for i in each})
        return element("Socket" if old else "Package", cpus(each), "".join(map(node, nodes)), os_index=number)

    packages = "".join(package(number) for number in sorted(set(topology.sockets)))
    everything = {"os_index": 0, "allowed_cpuset": mask(topology.cpus), "complete_cpuset": mask(topology.cpus)}
    head = "" if old else f' version="{version}.0"'
    # beside the objects hwloc 2 writes how far nodes are apart, and what their memory can do
    count = len(set(topology.numa_nodes))
    distances = (
        f'<distances2 type="NUMANode" nbobjs="{count}" kind="5" name="NUMALatency" indexing="os">'
        f'<indexes length="{2 * count}">{"1 " * count}</indexes></distances2>'
        '<distances2 type="Machine" nbobjs="1" kind="5"/><memattr name="Bandwidth" flags="5"/>'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc{"" if old else 2}.dtd">\n'
        f"<topology{head}>{element('Machine', topology.cpus, packages, **everything)}"
        f"{'' if old else distances}</topology>\n"
    )


def canonical(groups):
    numbers = {}
    return tuple(numbers.setdefault(group, len(numbers)) for group in groups)


topologies = st.builds(
    Topology.regular,
    sockets=st.integers(1, 3),
    nodes_per_socket=st.integers(1, 2),
    l3_per_node=st.integers(1, 3),
    cores_per_l3=st.integers(1, 8),
    threads_per_core=st.integers(1, 2),
)


@pytest.mark.slow
@settings(max_examples=60)
@given(topologies, st.sampled_from([1, 2, 3]), st.lists(st.integers(0, 200), min_size=6, max_size=6, unique=True))
def test_what_hwloc_writes_is_read(topology, version, numbers):
    """Sockets, nodes by their own numbers, caches, siblings and memory, in all three versions."""
    found = lstopo_xml.parse(Source("t.xml", written(topology, version=version, node_numbers=numbers)))
    place = {cpu: i for i, cpu in enumerate(topology.cpus)}
    order = [place[cpu] for cpu in found.cpus]
    assert sorted(found.cpus) == sorted(topology.cpus)
    assert found.numa_nodes == tuple(numbers[topology.numa_nodes[i]] for i in order)
    assert found.sockets == canonical(topology.sockets[i] for i in order)
    assert found.l3_groups == canonical(topology.l3_groups[i] for i in order)
    assert found.sibling_groups == topology.sibling_groups
    memory = {numbers[node]: (node + 1.0) * GIB for node in topology.numa_nodes}
    assert found.memory_bytes == tuple(memory[node] for node in found.nodes)


@pytest.mark.parametrize("version", [1, 2])
def test_without_caches_the_cores_of_a_package_count_as_sharing_one(version):
    """Socket and Package are the same thing."""
    topology = Topology.regular(sockets=2, cores_per_l3=4)
    text = written(topology, version=version, node_numbers=[0, 1], cache=False)
    assert lstopo_xml.parse(Source("t.xml", text)).l3_groups == (0, 0, 0, 0, 1, 1, 1, 1)


def test_cores_outside_every_cache_are_a_group_of_their_own():
    """The low-power cores of a hybrid lie on another die, without L3; the kinds are told."""
    inside = element("L3Cache", range(4), "".join(core(cpu) for cpu in range(4)))
    kinds = "".join(
        f'<cpukind cpuset="{mask(cpus)}"><info name="CoreType" value="{name}"/></cpukind>'
        for name, cpus in (("IntelCore", range(4)), ("IntelAtom", range(4, 6)))
    )
    text = f"<topology>{element('Package', range(6), inside + core(4) + core(5))}{kinds}</topology>"
    found = lstopo_xml.parse(Source("t.xml", text))
    assert found.l3_groups == (0, 0, 0, 0, 1, 1)
    assert found.kinds == ("IntelCore",) * 4 + ("IntelAtom",) * 2


def core(cpu):
    return element("Core", [cpu], element("PU", [cpu], os_index=cpu), os_index=cpu)


def test_a_cpu_belongs_to_the_smallest_node_around_it():
    """Memory that spans the package (CXL) and memory without CPUs are nobody's node, and are mentioned."""
    inside = (
        element("NUMANode", range(8), os_index=4, local_memory=64 * GIB)
        + element("NUMANode", range(4), os_index=0, local_memory=8 * GIB)
        + element("NUMANode", range(4, 8), os_index=1, local_memory=8 * GIB)
        + element("NUMANode", [], os_index=5, local_memory=32 * GIB)
        + "".join(core(cpu) for cpu in range(8))
    )
    found = lstopo_xml.read(Source("t.xml", f"<topology>{element('Package', range(8), inside)}</topology>"))
    assert found.topology.numa_nodes == (0, 0, 0, 0, 1, 1, 1, 1)
    assert found.topology.memory_bytes == (8.0 * GIB, 8.0 * GIB)
    assert list(found.notes) == ["memory of NUMA nodes 4-5 belongs to no CPU alone and is not planned with"]


memory_kinds = st.lists(st.sampled_from(["", "DRAM", "HBM", "MCDRAM", "CXL-DRAM", "NVM"]), min_size=1, max_size=4)


@given(memory_kinds, st.permutations(range(8)))
def test_of_nodes_with_the_same_cpus_ordinary_memory_is_theirs(kinds, numbers):
    """HBM, CXL and persistent memory stand beside it in any order; without ordinary memory the lowest number is."""
    beside = "".join(
        element("NUMANode", range(4), os_index=number, local_memory=GIB, **({"subtype": kind} if kind else {}))
        for kind, number in zip(kinds, numbers, strict=False)
    )
    text = element("Package", range(4), beside + "".join(core(cpu) for cpu in range(4)))
    found = lstopo_xml.read(Source("t.xml", f"<topology>{text}</topology>"))
    ordinary = [number for kind, number in zip(kinds, numbers, strict=False) if kind in ("", "DRAM")]
    assert set(found.topology.numa_nodes) == {min(ordinary or numbers[: len(kinds)])}
    assert len(list(found.notes)) == (len(kinds) > 1)


def test_the_memory_of_cpus_that_are_left_out_is_left_out_with_them():
    """Its node is nobody's for another reason than memory beside the CPUs (CXL)."""
    inside = "".join(element("NUMANode", cpus, os_index=i, local_memory=GIB) for i, cpus in enumerate(HALVES))
    text = element("Machine", range(8), inside + "".join(core(cpu) for cpu in range(8)), allowed_cpuset=mask(range(4)))
    found = lstopo_xml.read(Source("t.xml", f"<topology>{text}</topology>"))
    assert found.topology.memory_bytes == (GIB,)
    assert list(found.notes) == [
        "CPUs 4-7 are not allowed or offline and are left out",
        "memory of NUMA node 1 is left out with its CPUs",
    ]


def test_cpus_that_are_not_allowed_or_offline_are_left_out():
    """A cgroup or nosmt: the planner must not pin there."""
    inside = "".join(core(cpu) for cpu in range(8))
    text = element("Machine", range(8), inside, allowed_cpuset=mask(range(6)), online_cpuset=mask(range(7)))
    found = lstopo_xml.read(Source("t.xml", f"<topology>{text}</topology>"))
    assert found.topology.cpus == tuple(range(6))
    assert list(found.notes) == ["CPUs 6-7 are not allowed or offline and are left out"]


def test_an_endless_mask_allows_everything():
    """``0xf...f`` stands for all higher bits."""
    text = element("Machine", range(40), "".join(core(cpu) for cpu in range(40)))
    text = text.replace(">", ' allowed_cpuset="0xf...f,0x0000000f">', 1)
    assert lstopo_xml.parse(Source("t.xml", f"<topology>{text}</topology>")).cpus == (*range(4), *range(32, 40))


def test_the_processor_and_the_host_are_told():
    """Remarks of hwloc name them."""
    about = '<info name="CPUModel" value="AMD EPYC 9654"/><info name="HostName" value="big"/>'
    found = lstopo_xml.read(Source("t.xml", f"<topology>{element('Package', [0], about + core(0))}</topology>"))
    assert (found.processor, found.host) == ("AMD EPYC 9654", "big")


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ('<object type="NUMANode" cpuset="zz"/><object type="PU" os_index="0"/>', r"line 2: found cpuset='zz'"),
        ('<object type="NUMANode" cpuset="0x1_0"/><object type="PU" os_index="0"/>', r"line 2: found cpuset='0x1_0'"),
        ('<object type="NUMANode" cpuset="0x1"/><object type="PU" os_index="0"/>', r"line 2: found a NUMANode with"),
        ('<object type="PU" os_index="4294967295"/>', r"line 2: found a PU with os_index '4294967295'"),
        ('<object type="PU" os_index="0"/><object type="PU" os_index="0"/>', r"a CPU number is listed twice"),
        (
            '<object type="Machine"/><object type="Machine"><object type="PU" os_index="0"/></object>',
            "several machines",
        ),
        (
            '<object type="NUMANode" os_index="0" cpuset="0x1" local_memory="-1"/><object type="PU" os_index="0"/>',
            r"line 2: found local_memory='-1'",
        ),
        (
            '<object type="Machine" allowed_cpuset="0x2"><object type="PU" os_index="0"/></object>',
            r"found no PU that is allowed",
        ),
        ("<object>" * 200, r"more than 100 nested elements"),
    ],
)
def test_a_bad_topology_is_refused_with_its_line(inside, message):
    """Masks, numbers, sizes, several machines, depth."""
    with pytest.raises(InputError, match=message):
        lstopo_xml.parse(Source("t.xml", f"<topology>\n{inside}</topology>"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('os_index="0"', f'os_index="{"9" * 5000}"', "a number of more than 100 digits"),
        ('os_index="0"', f'os_index="{"9" * 50}"', "with os_index '9+"),
        ('local_memory="8"', f'local_memory="{"9" * 50}"', "bytes, a whole number"),
        ("<topology>", '<!DOCTYPE t [<!ENTITY a "b">]><topology>', "an entity declaration"),
        ("<topology>", "<topology>" + "<object>" * 200, "more than 100 nested elements"),
    ],
)
def test_what_overflows_later_is_refused_first(old, new, message):
    """Numbers that no machine has, entities, depth; the file is named."""
    good = "<topology>" + element("Machine", [0], element("NUMANode", [0], os_index=0, local_memory=8)
                                  + element("PU", [0], os_index=0)) + "</topology>"  # fmt: skip
    assert old in good
    with pytest.raises(InputError, match=message) as error:
        lstopo_xml.read(Source("l.xml", good.replace(old, new, 1)))
    assert str(error.value).startswith("l.xml")
    assert len(str(error.value)) < 400
