"""Topology from a system folder: full, silent, restricted."""

import pytest

from cerberus_plan.calibration.host.topology import spread_order, system_topology
from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.topology import Topology


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


@pytest.fixture
def two_sockets(tmp_path):
    """Two sockets of two cores with two threads each; siblings are n and n + 4; one L3 and one node a socket."""
    for cpu in range(8):
        folder, core, socket = tmp_path / "cpu" / f"cpu{cpu}", cpu % 4, cpu % 4 // 2
        shared = "0-1,4-5" if socket == 0 else "2-3,6-7"
        write(folder / "topology" / "physical_package_id", str(socket))
        write(folder / "topology" / "thread_siblings_list", f"{core},{core + 4}")
        for index, (level, kind, cpus) in enumerate(
            [("1", "Data", f"{core}"), ("1", "Instruction", f"{core}"), ("3", "Unified", shared)]
        ):
            write(folder / "cache" / f"index{index}" / "level", level)
            write(folder / "cache" / f"index{index}" / "type", kind)
            write(folder / "cache" / f"index{index}" / "shared_cpu_list", cpus)
    write(tmp_path / "node" / "node0" / "cpulist", "0-1,4-5")
    write(tmp_path / "node" / "node0" / "meminfo", "Node 0 MemTotal:       1024 kB")
    write(tmp_path / "node" / "node1" / "cpulist", "2-3,6-7")
    write(tmp_path / "node" / "node1" / "meminfo", "Node 1 MemTotal:       2048 kB")
    return tmp_path


def test_the_system_tells_sockets_nodes_caches_and_siblings(two_sockets):
    """Every level is read, and memory of each node with it."""
    found = system_topology(range(8), system=two_sockets)
    assert found.sockets == (0, 0, 1, 1, 0, 0, 1, 1)
    assert found.numa_nodes == found.sockets
    assert found.l3_groups == found.sockets
    assert found.cores == (0, 1, 2, 3, 0, 1, 2, 3)
    assert found.memory_bytes == (1024.0 * 1024, 2048.0 * 1024)


def test_a_restricted_mask_keeps_only_its_cores(two_sockets):
    """A container with cores 2 and 7 sees one socket with two cores, whose node keeps its number."""
    found = system_topology([2, 7], system=two_sockets)
    assert found == Topology(
        cpus=(2, 7),
        sockets=(0, 0),
        numa_nodes=(1, 1),
        l3_groups=(0, 0),
        cores=(0, 1),
        memory_bytes=(2048.0 * 1024,),
    )


def test_nodes_keep_their_numbers_and_those_without_cpus_are_nobodys(tmp_path):
    """POWER and persistent memory: nodes 0 and 8 have CPUs, node 252 memory only."""
    for node, cpus in ((0, "0-1"), (8, "2-3"), (252, "")):
        write(tmp_path / "node" / f"node{node}" / "cpulist", cpus)
        write(tmp_path / "node" / f"node{node}" / "meminfo", f"Node {node} MemTotal: {node + 1} kB")
    found = system_topology(range(4), system=tmp_path)
    assert found.numa_nodes == (0, 0, 8, 8)
    assert found.memory_bytes == (1024.0, 9 * 1024.0)


def test_hybrid_processors_tell_their_kinds(tmp_path):
    """Beside the system folder; a mask of one kind only has no kinds to tell."""
    write(tmp_path / "cpu_core" / "cpus", "0-3")
    write(tmp_path / "cpu_atom" / "cpus", "4-5")
    found = system_topology(range(6), system=tmp_path / "system")
    assert found.kinds == ("cpu_core",) * 4 + ("cpu_atom",) * 2
    assert system_topology(range(4), system=tmp_path / "system").kinds == ()


def test_a_silent_system_gives_one_group_of_single_cores(tmp_path):
    """Where /sys shows nothing, planning still works: one socket, node and cache, no siblings."""
    found = system_topology([0, 1, 2], system=tmp_path)
    assert (found.sockets, found.numa_nodes, found.l3_groups) == ((0,) * 3,) * 3
    assert found.cores == (0, 1, 2)
    assert found.memory_bytes == ()


def test_one_core_is_a_topology(tmp_path):
    """A single-core container is no error."""
    assert system_topology([5], system=tmp_path).n_cpus == 1


def test_workers_go_to_physical_cores_before_siblings(two_sockets):
    """The first four places are four physical cores, neighbours in cache first."""
    assert spread_order(system_topology(range(8), system=two_sockets)) == (0, 1, 2, 3, 4, 5, 6, 7)
    smt_neighbours = Topology(
        cpus=(0, 1, 2, 3), sockets=(0,) * 4, numa_nodes=(0,) * 4, l3_groups=(0,) * 4, cores=(0, 0, 1, 1)
    )
    assert spread_order(smt_neighbours) == (0, 2, 1, 3)


@pytest.mark.parametrize(
    ("text", "cpus"), [("0", (0,)), ("0-3", (0, 1, 2, 3)), ("8,0-1\n", (0, 1, 8)), ("", ()), (" 3 ", (3,))]
)
def test_cpu_lists_are_read_as_the_kernel_writes_them(text, cpus):
    """Ranges, single numbers and the empty list."""
    assert parse_cpu_list(text) == cpus


def test_a_bad_cpu_list_is_refused():
    """The message shows the text and a good example."""
    with pytest.raises(InputError, match=r"'0-x' is not a list of CPUs such as 0-3,8"):
        parse_cpu_list("0-x")


@pytest.mark.parametrize("text", ["0-99999999999", "70000", "5-3", "-1", "²", "٣", "1_0", "0-1-2", "+1", "9" * 10000])
def test_lists_are_bounded(text: str) -> None:
    """No list makes us count for ever, and no message repeats more than its beginning."""
    with pytest.raises(InputError) as error:
        parse_cpu_list(text)
    assert len(str(error.value)) < 300
