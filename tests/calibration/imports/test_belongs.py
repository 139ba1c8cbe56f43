"""A file given to the wrong command is named for what it is, with the command that reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.curves.read import read_curve
from cerberus_plan.calibration.programs.imports.belongs import belongs
from cerberus_plan.calibration.programs.imports.imported_profile import import_profile
from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.network_file import read_network
from cerberus_plan.model.errors import InputError

LSTOPO = '<?xml version="1.0"?>\n<topology>\n<object type="Machine"/></topology>\n'
LSCPU = "Architecture: x86_64\nCPU(s): 8\n"
SYSBENCH = "sysbench 1.0.20\nNumber of threads: 4\nCPU speed:\n    events per second:   50.0\n"
CURVE = "n,value\n1,100\n2,190\n"
MATRIX = ",50,90\n50,,91\n90,91,\n"
CALIBRATE, IMPORT, FIT = "cerberus-plan calibrate --import", "cerberus-plan import FILE", "cerberus-plan fit FILE"


def read_machine(path: str) -> object:
    """As ``--machine FILE`` does."""
    return catalog.machine(path)


def read_workload(path: str) -> object:
    """As ``--workload FILE`` does."""
    return catalog.workload(path)


def describe(path: str) -> object:
    """As ``calibrate --import FILE`` does."""
    return import_profile([path])


@pytest.mark.parametrize(
    ("read", "name", "text", "command"),
    [
        (read_machine, "m.xml", LSTOPO, CALIBRATE),
        (read_machine, "m.txt", LSCPU, CALIBRATE),
        (read_machine, "m.csv", MATRIX, CALIBRATE),
        (read_machine, "m.json", LSTOPO, CALIBRATE),
        (read_workload, "w.csv", CURVE, FIT),
        (read_workload, "w.txt", SYSBENCH, IMPORT),
        (read_network, "n.csv", CURVE, FIT),
        (read_curve, "c.txt", SYSBENCH, IMPORT),
        (read_curve, "c.xml", LSTOPO, CALIBRATE),
        (read_curve, "c.txt", LSCPU, CALIBRATE),
        (describe, "m.csv", CURVE, FIT),
        (describe, "m.txt", SYSBENCH, IMPORT),
    ],
)
def test_the_command_that_reads_it_is_named(
    tmp_path: Path, read: Callable[[str], object], name: str, text: str, command: str
) -> None:
    """With the file's name, in one sentence."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read(str(path))
    assert str(refused.value).startswith(f"{path} ")
    assert command in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        'format = 1\nname = "a, b"\n[operations]\ncompute = { value = 1, unit = "us", provenance = "measured" \n',
        "cpus = [1, 2]\nnodes = [3, 4\n",
        '{"format": "cerberus-plan profile", "version": 1,\n "quantities": {"a": 1, 2}}\n',
    ],
)
def test_a_slip_in_a_document_of_ours_stays_a_slip(tmp_path: Path, text: str) -> None:
    """Its line, and not another command, is what helps."""
    path = tmp_path / ("p.json" if text.startswith("{") else "w.toml")
    path.write_text(text)
    with pytest.raises(InputError, match=r"not valid TOML|not JSON"):
        catalog.machine(str(path))


@pytest.mark.parametrize("cell", ["x", "-1", "nan", "1e999"])
def test_a_bad_cell_of_a_curve_stays_a_bad_cell(tmp_path: Path, cell: str) -> None:
    """However much the rows of a wide table look like a matrix."""
    path = tmp_path / "c.csv"
    path.write_text(f"n,value,p99\n1,{cell},3\n2,20,4\n4,40,5\n8,80,5\n")
    with pytest.raises(InputError, match="line 2: value is"):
        read_curve(path)


@given(st.text(max_size=400))
def test_any_text_belongs_somewhere_or_nowhere(text: str) -> None:
    """No text breaks it, and what is said has a command or what to do in it."""
    said = belongs(text)
    assert said is None or "cerberus-plan" in said or "repeat" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("available: 2 nodes (0-1)\nnode 0 cpus: 0 1 2 3\nnode 0 size: 64215 MB\n", "numactl.*lstopo --of xml"),
        ("policy: default\nphyscpubind: 0 1 2 3 \ncpubind: 0 \n", "numactl.*lscpu -e"),
        ("processor\t: 0\nphysical id\t: 0\ncore id\t\t: 0\nbogomips\t: 4600.00\n", "/proc/cpuinfo.*lstopo"),
        ("processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n", "/proc/cpuinfo.*lstopo"),
        (
            "Machine (63GB total)\n  Package L#0\n    L3 L#0 (20MB)\n      Core L#0 + PU L#0 (P#0)\n",
            "repeat with lstopo",
        ),
        ('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>\n', "drawing.*lstopo --of xml"),
        ("Hardware Thread Topology\nSockets:\t\t2\nHWThread  Thread  Core  Die\n", "likwid-topology.*lscpu -e"),
        ("<capabilities><host><topology><cells num='1'/></topology></host></capabilities>", "virsh.*lstopo"),
        ("Architektur:    x86_64\nCPU(s):    8\nThread(s) pro Kern:  2\nBogoMIPS:   3984.00\n", "LC_ALL=C lscpu -e"),
        ("架构：    x86_64\nCPU:    32\n每个核的线程数：  2\nBogoMIPS：   4190.15\n", "LC_ALL=C lscpu -e"),
        ("Intel(R) Memory Latency Checker - v3.9\nMeasuring idle latencies\n", "Intel MLC.*lstopo --of xml"),
        (LSCPU, "lscpu, but is cut short: give all of it"),
        (MATRIX + "92,93,94\n95,96,97\n", "matrix.*not square"),
    ],
)
def test_what_says_too_little_of_a_machine_is_told_with_what_says_enough(
    tmp_path: Path, text: str, message: str
) -> None:
    """Other tools' views of a machine, other languages, files cut short: never the command that was just given."""
    file = tmp_path / "m.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as told:
        describe(str(file))
    assert str(file) in str(told.value)
    assert CALIBRATE not in str(told.value)
