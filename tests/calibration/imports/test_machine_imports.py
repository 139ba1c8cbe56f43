"""Other tools' measurements of a machine: real shapes read, bad files refused with file and line."""

import itertools

import pytest

from cerberus_plan.calibration.programs.imports import core_to_core_latency, lstopo_xml, will_it_scale_machine
from cerberus_plan.calibration.programs.imports.imported_profile import import_profile
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.store.profile import machine_of
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.quantity import Provenance


def matrix(groups=2, cores=4):
    """What core-to-core-latency --csv prints: pairs below the diagonal, nothing elsewhere."""
    n = groups * cores
    rows = [["" if j >= i else ("23.5" if i // cores == j // cores else "91.25") for j in range(n)] for i in range(n)]
    return "\n".join(",".join(row) for row in rows) + "\n"


LSTOPO = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE topology SYSTEM "hwloc2.dtd">
<topology version="2.0">
  <object type="Machine" os_index="0" cpuset="0x000000ff">
    {packages}
  </object>
</topology>
"""


def package(number):
    cores = "".join(
        f'<object type="Core" os_index="{core}"><object type="PU" os_index="{core}"/>'
        f'<object type="PU" os_index="{core + 4}"/></object>'
        for core in (2 * number, 2 * number + 1)
    )
    mask = hex(0x33 << 2 * number)
    return (
        f'<object type="Package" os_index="{number}" cpuset="{mask}">'
        f'<object type="NUMANode" os_index="{number}" cpuset="{mask}"/>'
        f'<object type="L3Cache" cpuset="{mask}">{cores}</object></object>'
    )


def test_latencies_are_read_as_round_trips():
    """The tool prints one-way nanoseconds below the diagonal; ours are round trips in seconds."""
    text = matrix()
    assert core_to_core_latency.sniff(text)
    found = core_to_core_latency.parse(Source("m.csv", text))
    assert set(found) == set(itertools.combinations(range(8), 2))
    assert found[0, 1] == pytest.approx(47e-9)
    assert found[0, 7] == pytest.approx(182.5e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",,\n1,,\n", r"line 1: found 3 cells; expected 2"),
        (",\nx,\n", r"line 2: found 'x'; expected nanoseconds"),
        (",\n-1,\n", r"line 2: found '-1'"),
        (",\n0,\n", r"line 2: found '0'; expected nanoseconds above 0"),
        (",\n,\n", r"found no pair of cores"),
        (",\ninf,\n", r"line 2: found 'inf'"),
    ],
)
def test_bad_matrices_are_refused_with_the_line(text, message):
    """Not square, not numbers, or empty."""
    with pytest.raises(InputError, match=message):
        core_to_core_latency.parse(Source("m.csv", text))


def test_topology_comes_from_lstopo():
    """Two packages of two cores with two threads; each package is a node and has an L3."""
    text = LSTOPO.format(packages=package(0) + package(1))
    assert lstopo_xml.sniff(text)
    found = lstopo_xml.parse(Source("t.xml", text))
    assert found.cpus == (0, 4, 1, 5, 2, 6, 3, 7)
    assert found.sockets == found.numa_nodes == found.l3_groups == (0, 0, 0, 0, 1, 1, 1, 1)
    assert found.cores == (0, 0, 1, 1, 2, 2, 3, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<topology><object type='PU' os_index='0'></topology>", r"line 1: found not XML"),
        ("<topology/>", r"found no PU"),
        ("<topology><object type='PU'/></topology>", r"found a PU with os_index None"),
        ("<!DOCTYPE t [<!ENTITY a 'b'>]><topology/>", r"found an entity declaration"),
    ],
)
def test_bad_xml_is_refused(text, message):
    """Broken, empty, or dangerous XML."""
    with pytest.raises(InputError, match=message):
        lstopo_xml.parse(Source("t.xml", text))


HEADER = "tasks,processes,processes_idle,threads,threads_idle,linear\n0,0,100,0,100,0\n"


@pytest.mark.slow
def test_threads_that_do_not_scale_are_a_serial_cost():
    """Threads stay at one thread's speed while processes scale: the whole fault is serial."""
    rows = "".join(f"{n},{n * 1000000},0,1000000,0,{n * 1000000}\n" for n in (1, 2, 4, 8))
    found = will_it_scale_machine.parse(Source("runs/page_fault1.csv", HEADER + rows))
    assert found["page_fault"].value == pytest.approx(1e-6, rel=0.02)
    assert found["page_fault_parallel"].value < 0.03e-6
    assert found["page_fault_handover"].provenance == Provenance.DERIVED


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("open1.csv", "1,5,0,5,0,5\n2,9,0,9,0,10\n", r"found a file called 'open1'; expected one named after its test"),
        ("page_fault1.csv", "1,5,0,5,0,5\n", r"found threads at too few numbers of tasks"),
    ],
)
def test_files_without_a_cost_are_refused(name, rows, message):
    """A test that no cost is made of, and one with too few points."""
    with pytest.raises(InputError, match=message):
        will_it_scale_machine.parse(Source(name, HEADER + rows))


def test_a_profile_is_made_of_other_tools_files(tmp_path):
    """Latencies give the groups, will-it-scale a cost; the planner gets a machine whose numbers are published."""
    (tmp_path / "big host.csv").write_text(matrix(groups=4, cores=4))
    rows = "".join(f"{n},{n * 900000},0,{n * 700000},0,0\n" for n in (1, 2, 4))
    (tmp_path / "page_fault1.csv").write_text(HEADER + rows)
    profile = import_profile([str(tmp_path / "big host.csv"), str(tmp_path / "page_fault1.csv")])
    machine = machine_of(profile)
    assert machine.topology.n_cpus == 16
    assert len(set(machine.topology.l3_groups)) == 4
    assert profile.quantities["core_to_core_round_trip"].provenance == Provenance.PUBLISHED
    assert profile.quantities["page_fault"].provenance == Provenance.PUBLISHED
    assert any("latencies show 4 groups" in note for note in profile.notes)


def test_files_of_no_known_kind_are_refused(tmp_path):
    """The message names what can be imported here, and where the rest is read."""
    path = tmp_path / "x.txt"
    path.write_text("hello\n")
    with pytest.raises(InputError, match=r"is none of lstopo --of xml.*`cerberus-plan import`"):
        import_profile([str(path)])


def test_costs_alone_do_not_make_a_machine(tmp_path):
    """Without topology there is nothing to plan on."""
    path = tmp_path / "page_fault1.csv"
    path.write_text(HEADER + "1,5,0,5,0,5\n2,9,0,9,0,10\n")
    with pytest.raises(InputError, match=r"nothing says where the cores are"):
        import_profile([str(path)])
