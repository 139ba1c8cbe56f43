"""Readers of deployed files understand what the tools accept, not only what the exporter writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.all_formats import read_files
from cerberus_plan.planner.deploy.formats.libvirt import libvirt_domain
from cerberus_plan.planner.deploy.seen import Seen, cpu_set
from tests.planner.audit.deployed import AMD48, audited, deploy

DOMAIN = """<domain type="kvm">
  <name>dbench-03</name>
  <memory unit="MiB">4915</memory>
  <vcpu placement="static" cpuset="{cpus}">2</vcpu>
  <iothreads>1</iothreads>
  <cputune>
    {tune}
    <emulatorpin cpuset="{host}"/>
  </cputune>
  <numatune><memory mode="strict" nodeset="{node}"/></numatune>
</domain>
"""


def planned(tmp_path: Path) -> tuple[Path, str]:
    """A deployment with host CPUs, and a domain as planned, written by hand."""
    folder = deploy("libvirt", tmp_path, host_cores=4)
    text = (folder / "dbench-03.xml").read_text()
    pins = re.findall(r'vcpupin vcpu="\d" cpuset="(\d+)"', text)
    host = re.search(r'emulatorpin cpuset="([^"]+)"', text)
    node = re.search(r'nodeset="(\d+)"', text)
    assert host
    assert node
    tune = "".join(f'<vcpupin vcpu="{i}" cpuset="{cpu}"/>' for i, cpu in enumerate(pins))
    return folder, DOMAIN.format(cpus=",".join(pins), tune=tune, host=host[1], node=node[1])


def words(folder: Path, text: str) -> list[tuple[str, str]]:
    """Kind and words of each deviation of a domain."""
    file = folder / "seen.xml"
    file.write_text(text)
    verdict = audited(folder, [libvirt_domain(file)], expect_all=False)
    return [(each.kind, each.what) for each in verdict.deviations]


def test_a_domain_written_by_hand_is_as_planned(tmp_path: Path) -> None:
    """Nothing that is right is a deviation, an I/O thread that inherits its CPUs included."""
    assert words(*planned(tmp_path)) == []


EDITS = [
    (
        r"<emulatorpin",
        '<iothreadpin iothread="1" cpuset="40"/><emulatorpin',
        "io-thread",
        r"I/O thread 1 on CPU 40 of dbench",
    ),
    (r"<emulatorpin[^>]*>", "", "emulator", r"emulator threads on CPU \d+-\d+, its own vCPUs', instead of CPU"),
    (r' cpuset="[^"]*">2', ">2", "io-thread", "I/O thread 1 not pinned"),
    (r'placement="static"', 'placement="auto"', "io-thread", "I/O thread 1 not pinned"),
    (r'mode="strict"', 'mode="preferred"', "nodes", "memory preferred, not strict, from node"),
    (r'mode="strict"', 'mode="interleave"', "nodes", "memory interleave, not strict, from node"),
    (r'mode="strict" nodeset="\d"', 'mode="interleave" nodeset="6-7"', "nodes", "not strict, from nodes 6-7"),
    (r"<memory mode[^>]*>", '<memory mode="strict" placement="auto"/>', "nodes", "memory from any node instead of"),
    (
        r"<memory mode[^>]*>",
        r'\g<0><memnode cellid="0" mode="strict" nodeset="7"/>',
        "nodes",
        "memory from node 7 instead",
    ),
    (r'placement="static"', 'current="1"', "count", "1 vCPU instead of 2"),
    (
        r"<iothreads>",
        '<vcpus><vcpu id="0" enabled="yes"/><vcpu id="1" enabled="no"/></vcpus><iothreads>',
        "count",
        "1 vCPU",
    ),
    (r"<vcpu ", '<currentMemory unit="MiB">1024</currentMemory><vcpu ', "memory", "1024 MiB of memory instead of 4915"),
    (r'unit="MiB">4915', 'unit="MB">4915', "memory", "4687 MiB of memory instead of 4915"),
]


@pytest.mark.parametrize(
    ("old", "new", "kind", "what"), EDITS, ids=[f"{kind}-{i}" for i, (_, _, kind, _) in enumerate(EDITS)]
)
def test_what_else_is_wrong_in_a_domain_is_found(tmp_path: Path, old: str, new: str, kind: str, what: str) -> None:
    """Threads beside the vCPUs, how memory is bound, vCPUs and memory that the guest does not have yet."""
    folder, right = planned(tmp_path)
    wrong = re.sub(old, new, right, count=1)
    assert wrong != right
    found = words(folder, wrong)
    assert any(each == kind and re.search(what, said) for each, said in found), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('mode="strict"', 'mode="restrictive"'),
        ('unit="MiB">4915', 'unit="M">4915'),
        ('unit="MiB">4915', f'unit="bytes">{4915 << 20}'),
        (' unit="MiB">4915', f">{4915 << 10}"),
        ('placement="static"', 'placement="static" current="2"'),
        ('cpuset="0', 'cpuset=" 0'),
    ],
)
def test_what_libvirt_takes_as_the_same_is_the_same(tmp_path: Path, old: str, new: str) -> None:
    """Other spellings of what was planned are as planned."""
    folder, right = planned(tmp_path)
    assert words(folder, right.replace(old, new, 1)) == []


def test_guest_nodes_swapped_are_found(tmp_path: Path) -> None:
    """Each guest node's memory is compared with its own node, not only all of them together."""
    folder = deploy("libvirt", tmp_path, size=12)
    text = (folder / "dbench-00.xml").read_text()
    swapped = re.sub(r'cellid="(\d)"', lambda match: f'cellid="{1 - int(match[1])}"', text)
    assert swapped != text
    assert [said for _, said in words(folder, swapped)] == [
        "guest node 0 from node 1 instead of 0",
        "guest node 1 from node 0 instead of 1",
    ]


sizes = st.integers(1, 2**30)


@given(sizes, st.sampled_from("KMGTkmgt"), st.sampled_from(["", "iB", "IB", "B", "b"]))
def test_units_of_memory(amount: int, prefix: str, rest: str) -> None:
    """K and KiB are 1024, KB is 1000, in any case; what is no amount is refused."""
    from cerberus_plan.calibration.store.xml_tree import Element
    from cerberus_plan.planner.deploy.formats.libvirt import _memory

    element = Element("memory", {"unit": prefix + rest}, line=1, serial=1)
    base = 1000 if rest.lower() == "b" else 1024
    assert _memory(str(amount), element, "f") == amount * base ** ("kmgt".index(prefix.lower()) + 1)
    for bad in ("²", "-1", "", "1.5"):
        with pytest.raises(InputError, match="is not an amount of memory"):
            _memory(bad, element, "f")


@given(st.sets(st.integers(0, 500), min_size=1), st.sampled_from([",", " ", ", ", "  ", " ,", "\t"]))
def test_lists_are_separated_by_blanks_or_commas(cpus: set[int], separator: str) -> None:
    """``6 7`` is two CPUs, not CPU 67."""
    assert cpu_set(separator.join(cpu_list(cpus).split(",")), "f") == cpus
    assert cpu_set(separator.join(map(str, sorted(cpus))), "f") == cpus


def test_blanks_about_hyphens_and_carets_separate_nothing() -> None:
    """People write ranges with blanks."""
    assert cpu_set("0 - 3, ^ 2", "f") == {0, 1, 3}


SLICE = "[Unit]\nDescription=x\nAllowedCPUs=9\n\n[Slice]\n"


@pytest.mark.parametrize(
    ("body", "cpus"),
    [
        ("AllowedCPUs=6 7\n", {6, 7}),
        ("AllowedCPUs = 6,7\n", {6, 7}),
        ("AllowedCPUs=\"6\" '7-8'\n", {6, 7, 8}),
        ("AllowedCPUs=6\nAllowedCPUs=7\n", {6, 7}),
        ("AllowedCPUs=1\nAllowedCPUs=\nAllowedCPUs=6 7\n", {6, 7}),
        ("AllowedCPUs=6 \\\n  # between\n  7\n", {6, 7}),
        ("#AllowedCPUs=1\n; AllowedCPUs=2\nAllowedCPUs=6-7\n", {6, 7}),
        ("AllowedCPUs=6-7\nStartupAllowedCPUs=1\n", {6, 7}),
        ("[Service]\nAllowedCPUs=9\n[Slice]\nAllowedCPUs=6-7\n", {6, 7}),
    ],
)
def test_systemd_lists(tmp_path: Path, body: str, cpus: set[int]) -> None:
    """Lines add up, an empty one begins anew, other sections and comments say nothing."""
    (tmp_path / "a-00.slice").write_text(SLICE + body)
    assert [each.cpus for each in read_files("systemd", tmp_path)] == [cpus]


def test_systemd_drop_ins_are_read_after_their_slice(tmp_path: Path) -> None:
    """`systemctl set-property` writes there."""
    (tmp_path / "a-00.slice").write_text(SLICE + "AllowedCPUs=1\n")
    (tmp_path / "a-00.slice.d").mkdir()
    (tmp_path / "a-00.slice.d" / "50-AllowedCPUs.conf").write_text("[Slice]\nAllowedCPUs=\nAllowedCPUs=4-5\n")
    assert [each.cpus for each in read_files("systemd", tmp_path)] == [{4, 5}]


COMPOSE = """# made by hand
x-common: &common
  image: a
name: dbench
networks:
  default:
    name: dbench_default
services:
    "dbench-00":
        <<: *common
        cpuset: '0-1'   # two
        environment:
            cpuset: "9"
    dbench-01:
        image: a
volumes:
  data: {}
"""


def test_compose_sections_that_are_no_services(tmp_path: Path) -> None:
    """Only services are instances, at any depth, and only their own cpuset counts."""
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    found = {each.name: each.cpus for each in read_files("compose", tmp_path)}
    assert found == {"dbench-00": frozenset({0, 1}), "dbench-01": frozenset()}


@pytest.mark.parametrize(
    ("line", "vcpus"),
    [
        ('cpus = "nodes:1"', ["6-11", "6-11"]),
        ('cpus = "node:1,^7"', ["6,8-11", "6,8-11"]),
        ('cpus = "0-2,nodes:1,^node:1,^1"', ["0,2", "0,2"]),
        ('cpus = "all,^nodes:0-6"', ["42-47", "42-47"]),
        ('cpus = ["nodes:0", "3"]', ["0-5", "3"]),
        ('cpus = "all"', ["", ""]),
        ('cpus = ["4"]', ["4", ""]),
        ("cpus = [4, 5, 6]", ["4", "5"]),
        ('cpus = "4, 5"', ["4-5", "4-5"]),
    ],
)
def test_xl_lists_of_nodes(tmp_path: Path, line: str, vcpus: list[str]) -> None:
    """xl.cfg(5): nodes:, node:, all and ^, as one list for all vCPUs or one for each."""
    (tmp_path / "a.cfg").write_text(f'name = "a"\nvcpus = 2\n{line}\n')
    (seen,) = read_files("xl", tmp_path)
    assert [cpu_list(cpus) for cpus in seen.on(AMD48.topology).vcpus or ()] == vcpus


@pytest.mark.parametrize("pin", ["nodes:9", "node", "nodes:x", "elsewhere"])
def test_nodes_that_are_none_are_refused(tmp_path: Path, pin: str) -> None:
    """A node that the machine does not have is a mistake to tell, not an empty set."""
    (tmp_path / "a.cfg").write_text(f'name = "a"\nvcpus = 2\ncpus = "{pin}"\n')
    (seen,) = read_files("xl", tmp_path)
    with pytest.raises(InputError, match=r"a\.cfg"):
        seen.on(AMD48.topology)


def test_pins_of_nodes_are_priced(tmp_path: Path) -> None:
    """A guest on all CPUs of a node shares them with its neighbours: a deviation with a price."""
    folder = deploy("xl", tmp_path)
    file = folder / "dbench-03.cfg"
    file.write_text(re.sub(r"cpus = \[.*\]", 'cpus = "nodes:1"', file.read_text(), count=1))
    (each,) = audited(folder).deviations
    assert each.kind == "cpus"
    assert "vCPU 0 on CPU 6-11 instead of CPU 6" in each.what
    assert (each.price or 0.0) > 0.0


@pytest.mark.slow
@given(st.lists(st.integers(0, 7), min_size=1, max_size=4), st.booleans())
def test_named_nodes_are_the_union_of_their_cpus(nodes: list[int], each: bool) -> None:
    """Whether named in one part or in several."""
    cpus = {cpu for cpu, node in zip(AMD48.topology.cpus, AMD48.topology.numa_nodes, strict=True) if node in nodes}
    text = ",".join(f"nodes:{node}" for node in nodes) if each else f"nodes:{cpu_list(nodes)}"
    if not each and "," in text:
        text = text.replace(",", ",nodes:")
    assert (Seen(name="a", source="f", pins=(text,)).on(AMD48.topology).vcpus or ())[0] == cpus


FIELDS = [
    ("systemd", "dbench-00.slice", r"(?<=AllowedCPUs=)\S+", "dbench-00.slice: AllowedCPUs: "),
    ("systemd", "dbench-00.slice", r"(?<=AllowedMemoryNodes=)\S+", "dbench-00.slice: AllowedMemoryNodes: "),
    ("compose", "compose.yaml", r'(?<=cpuset: ")[^"]+', "compose.yaml: dbench-00: cpuset: "),
    ("xl", "dbench-00.cfg", r'(?<=cpus = \[")[^"]+', "dbench-00.cfg: cpus: "),
    ("libvirt", "dbench-00.xml", r'(?<=<vcpupin vcpu="0" cpuset=")[^"]+', "dbench-00.xml: <vcpupin cpuset>: "),
    ("libvirt", "dbench-00.xml", r'(?<=<emulatorpin cpuset=")[^"]+', "dbench-00.xml: <emulatorpin cpuset>: "),
    ("libvirt", "dbench-00.xml", r'(?<=nodeset=")[^"]+', "dbench-00.xml: <memory nodeset>: "),
    ("firecracker", "start.sh", r"(?<=start dbench-00 )\S+", "start.sh: dbench-00: cpuset: "),
]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field[-1])
@pytest.mark.parametrize("wrong", ["0-x", "0-4000000000", "\u00b2"])
def test_a_list_that_is_none_is_named_with_its_file_and_field(
    tmp_path: Path, field: tuple[str, str, str, str], wrong: str
) -> None:
    """Whoever wrote the list finds the place without looking for it."""
    form, name, value, said = field
    folder = deploy(form, tmp_path, host_cores=4)
    text = (folder / name).read_text()
    (folder / name).write_text(re.sub(value, wrong, text, count=1))
    with pytest.raises(InputError, match=re.escape(said)):
        [seen.on(AMD48.topology) for seen in read_files(form, folder)]


def test_a_number_of_vcpus_that_is_none_is_named(tmp_path: Path) -> None:
    """A superscript is no digit, and a number beyond any guest is no number of vCPUs; nothing of ours is shown."""
    folder = deploy("libvirt", tmp_path, host_cores=4)
    file = folder / "dbench-00.xml"
    text = file.read_text()
    for wrong, said in (("\u00b2", "<vcpu> = "), ("100000000", "<vcpu>100000000 is not a number of vCPUs")):
        file.write_text(re.sub(r"(?<=<vcpu)([^>]*)>\d+", rf"\1>{wrong}", text))
        with pytest.raises(InputError, match=re.escape(said)) as refused:
            libvirt_domain(file)
        assert "None" not in str(refused.value)


def test_a_variable_in_a_compose_file_is_refused_with_the_command_that_fills_it_in(tmp_path: Path) -> None:
    """What it stands for is known to a shell alone."""
    (tmp_path / "compose.yaml").write_text('services:\n  a-00:\n    cpuset: "${CPUS:-6-7}"\n')
    with pytest.raises(InputError, match=r"compose.yaml: a-00: cpuset = .*CPUS.*docker compose config"):
        read_files("compose", tmp_path)
