"""lscpu as a source of the topology: one row a CPU, or the summary, as text and as JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.imports import lscpu_summary, lscpu_table
from cerberus_plan.calibration.programs.imports.imported_profile import import_profile
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.topology import Topology

topologies = st.builds(
    Topology.regular,
    sockets=st.integers(1, 3),
    nodes_per_socket=st.integers(1, 2),
    l3_per_node=st.integers(1, 3),
    cores_per_l3=st.integers(1, 6),
    threads_per_core=st.integers(1, 2),
)


def rows(topology):
    """Number, node, socket, core and L3 of each CPU."""
    return list(
        zip(topology.cpus, topology.numa_nodes, topology.sockets, topology.cores, topology.l3_groups, strict=True)
    )


def extended(topology):
    lines = ["CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE    MAXMHZ   MINMHZ"]
    lines += [f"{c:3d} {n:4d} {s:6d} {k:4d} {k}:{k}:{k}:{g} yes 3000.0 400.0" for c, n, s, k, g in rows(topology)]
    return "\n".join(lines) + "\n"


def parsable(topology):
    lines = ["# The following is the parsable format.", "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3"]
    return "\n".join(lines + [f"{c},{k},{s},{n},,{k},{k},{k},{g}" for c, n, s, k, g in rows(topology)]) + "\n"


def extended_json(topology):
    cpus = [
        {"cpu": c, "node": n, "socket": s, "core": k, "l1d:l1i:l2:l3": f"{k}:{k}:{k}:{g}", "online": True}
        for c, n, s, k, g in rows(topology)
    ]
    return json.dumps({"cpus": cpus}, indent=3)


@pytest.mark.parametrize("form", [extended, parsable, extended_json])
@settings(max_examples=30)
@given(topologies)
def test_one_row_a_cpu_tells_everything(form, topology):
    """Sockets, nodes, caches and siblings come back as they were."""
    text = form(topology)
    assert lscpu_table.sniff(text)
    assert lscpu_table.read(Source("l.txt", text)).topology == topology


def summary(topology, *, caches=True):
    threads = topology.n_cpus // topology.physical_cores
    sockets = len(set(topology.sockets))
    fields = {
        "Architecture": "x86_64",
        "CPU(s)": topology.n_cpus,
        "On-line CPU(s) list": cpu_list(topology.cpus),
        "Model name": "AMD EPYC 9654 96-Core Processor",
        "Thread(s) per core": threads,
        "Core(s) per socket": topology.physical_cores // sockets,
        "Socket(s)": sockets,
        "NUMA node(s)": len(topology.nodes),
    }
    if caches:
        fields["L3"] = f"32 MiB ({len(set(topology.l3_groups))} instances)"
    for node in topology.nodes:
        inside = [cpu for cpu, its in zip(topology.cpus, topology.numa_nodes, strict=True) if its == node]
        fields[f"NUMA node{node} CPU(s)"] = cpu_list(inside)
    return fields


def as_text(fields):
    return "".join(f"{name + ':':<25}{value}\n" for name, value in fields.items())


def as_json(fields):
    listed = [{"field": f"{name}:", "data": str(value)} for name, value in fields.items()]
    return json.dumps({"lscpu": [*listed[:4], {"field": "Model:", "data": "1", "children": listed[4:]}]})


@pytest.mark.parametrize("form", [as_text, as_json])
@settings(max_examples=30)
@given(topologies)
def test_the_summary_tells_a_regular_machine(form, topology):
    """Counts multiply to the same sockets, nodes, caches and siblings, numbered as Linux does on bare metal."""
    text = form(summary(topology))
    assert lscpu_summary.sniff(text)
    found = lscpu_summary.read(Source("l.txt", text))
    assert found.topology == topology
    assert found.processor.startswith("AMD EPYC 9654")


def test_nodes_tell_siblings_beside_each_other():
    """With node 0 on CPUs 0-7 of 16, CPU 8 cannot be the sibling of CPU 0."""
    fields = summary(Topology.regular(sockets=2, cores_per_l3=4, threads_per_core=2))
    fields |= {"NUMA node0 CPU(s)": "0-7", "NUMA node1 CPU(s)": "8-15"}
    found = lscpu_summary.read(Source("l.txt", as_text(fields)))
    assert found.topology.sibling_groups[:2] == ((0, 1), (2, 3))
    assert found.topology.sockets == (0,) * 8 + (1,) * 8
    assert not found.notes


def test_every_second_cpu_is_written_with_a_stride():
    """Two sockets that take turns: ``0-14:2`` and ``1-15:2``."""
    fields = summary(Topology.regular(sockets=2, cores_per_l3=4, threads_per_core=2))
    fields |= {"NUMA node0 CPU(s)": "0-14:2", "NUMA node1 CPU(s)": "1-15:2"}
    found = lscpu_summary.read(Source("l.txt", as_text(fields))).topology
    assert found.numa_nodes == (0, 1) * 8
    assert found.sockets == (0, 1) * 8
    assert found.sibling_groups[:2] == ((0, 8), (1, 9))


@pytest.mark.parametrize(
    ("named", "first"),
    [
        ({"Architecture": "ppc64le"}, (0, 1, 2, 3)),
        ({"Architecture": "s390x"}, (0, 1, 2, 3)),
        ({"Architecture": "sparc64"}, (0, 1, 2, 3)),
        ({"Model name": "POWER9 (architected), altivec supported"}, (0, 1, 2, 3)),
        ({"Architecture": "aarch64"}, (0, 4, 8, 12)),
    ],
)
def test_other_architectures_number_siblings_their_way(named, first):
    """POWER, s390 and SPARC one after another; a ThunderX2 as x86 does. What was assumed is said."""
    fields = {"Architecture": "", "CPU(s)": 16, "Thread(s) per core": 4, "Core(s) per socket": 4, "Socket(s)": 1}
    found = lscpu_summary.read(Source("l.txt", as_text(fields | named)))
    assert found.topology.sibling_groups[0] == first
    assert f"siblings are taken to be {','.join(map(str, first))}" in found.notes[0]


def test_sockets_of_s390_are_in_books_and_drawers():
    """2 sockets in each of 2 books in each of 3 drawers."""
    fields = {"CPU(s)": 24, "Thread(s) per core": 1, "Core(s) per socket": 2}
    fields |= {"Socket(s) per book": 2, "Book(s) per drawer": 2, "Drawer(s)": 3}
    text = as_text(fields)
    assert lscpu_summary.sniff(text)
    assert len(set(lscpu_summary.read(Source("l.txt", text)).topology.sockets)) == 12


def test_clusters_stand_for_sockets_that_firmware_does_not_tell():
    """As lscpu prints on Graviton."""
    fields = {"CPU(s)": 8, "Thread(s) per core": 1, "Core(s) per cluster": 4, "Socket(s)": "-", "Cluster(s)": 2}
    found = lscpu_summary.read(Source("l.txt", as_text({"Architecture": "aarch64"} | fields))).topology
    assert found.sockets == (0, 0, 0, 0, 1, 1, 1, 1)
    assert found.physical_cores == 8


def test_cores_that_number_anew_in_each_cluster_are_told_apart_by_their_cache():
    """A phone's four kinds of Arm cores: CORE 0 four times, an L2 cache each."""
    text = "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3\n" + "".join(
        f"{cpu},{core},0,,,{cpu},{cpu},{l2},0\n"
        for cpu, core, l2 in ((0, 0, 0), (1, 1, 1), (2, 2, 1), (3, 0, 2), (4, 1, 3), (5, 0, 4), (6, 1, 5), (7, 0, 6))
    )
    assert lscpu_table.read(Source("l.txt", text)).topology.sibling_groups == tuple((cpu,) for cpu in range(8))


def test_what_the_summary_does_not_tell_is_said():
    """Siblings on one node, caches of an old lscpu."""
    fields = summary(Topology.regular(sockets=1, cores_per_l3=4, threads_per_core=2), caches=False)
    notes = " ".join(lscpu_summary.read(Source("l.txt", as_text(fields))).notes)
    assert "siblings are taken to be 0,4" in notes
    assert "one last-level cache" in notes
    assert "lscpu -e" in notes


def test_offline_cpus_are_left_out():
    """A dash stands for what is not known of them."""
    text = "CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE\n0 0 0 0 0:0:0:0 yes\n1 0 0 1 1:1:1:0 yes\n2 - - - - no\n"
    found = lscpu_table.read(Source("l.txt", text))
    assert found.topology.cpus == (0, 1)
    assert list(found.notes) == ["CPUs 2 are offline and are left out"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"CPU(s)": "20", "On-line CPU(s) list": "0-19"}, r"8 cores of 2 threads but 20 CPUs online.*lscpu -e"),
        ({"Socket(s)": "-"}, r"found Socket\(s\) '-'; expected a whole number"),
        ({"On-line CPU(s) list": "0-x"}, r"On-line CPU\(s\) list: '0-x'"),
    ],
)
def test_a_summary_that_does_not_multiply_is_refused(change, message):
    """Hybrids and offline CPUs: the message says which file to give instead."""
    fields = summary(Topology.regular(sockets=2, cores_per_l3=4, threads_per_core=2)) | change
    with pytest.raises(InputError, match=message):
        lscpu_summary.read(Source("l.txt", as_text(fields)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CPU CORE\n0 0\n1\n", r"line 3: found 1 cell; expected 2"),
        ("CPU CORE\n0 zero\n", r"line 2: found core 'zero'"),
        ("CPU CORE\n0 0\n0 1\n", r"a CPU number is listed twice"),
        ("CPU CORE ONLINE\n0 0 no\n", r"no CPU that is online"),
        ('{"cpus": [{"cpu": 0]}', r"line 1: found ']}'; expected JSON"),
        ('{"cpus": {"cpu": 0}}', r"found no list of cpus"),
    ],
)
def test_a_bad_table_is_refused(text, message):
    """With the line where it has one."""
    with pytest.raises(InputError, match=message):
        lscpu_table.read(Source("l.txt", text))


def test_topology_and_latencies_of_one_machine_make_one_profile(tmp_path):
    """lscpu tells nodes and siblings, a matrix the distances."""
    topology = Topology.regular(sockets=2, cores_per_l3=4)
    (tmp_path / "l.txt").write_text(extended(topology))
    lines = [",".join("" if j >= i else ("45" if i // 4 == j // 4 else "120") for j in range(8)) for i in range(8)]
    (tmp_path / "m.csv").write_text("\n".join(lines) + "\n")
    profile = import_profile([str(tmp_path / "l.txt"), str(tmp_path / "m.csv")])
    assert profile.topology == topology
    assert len(profile.latency) == 28


def test_files_of_two_machines_are_refused(tmp_path):
    """Two topologies, a matrix of more CPUs, two matrices: never one profile of both."""
    small, large = Topology.regular(sockets=1, cores_per_l3=4), Topology.regular(sockets=1, cores_per_l3=8)
    paths = {}
    for name, text in (
        ("a.txt", extended(small)),
        ("b.txt", extended(large)),
        ("six.csv", "\n".join(",".join("" if j >= i else "45" for j in range(6)) for i in range(6))),
        ("eight.csv", "\n".join(",".join("" if j >= i else "45" for j in range(8)) for i in range(8))),
        ("slow.csv", "\n".join(",".join("" if j >= i else "145" for j in range(8)) for i in range(8))),
    ):
        paths[name] = str(tmp_path / name)
        (tmp_path / name).write_text(text + "\n")
    for first, second in (
        ("a.txt", "b.txt"),
        ("a.txt", "six.csv"),
        ("six.csv", "eight.csv"),
        ("slow.csv", "eight.csv"),
    ):
        with pytest.raises(InputError, match=r"two machines.*one by one"):
            import_profile([paths[first], paths[second]])
