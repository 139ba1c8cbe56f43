"""Shipped machines and workloads load; every broken file is refused with place, allowed values and next step."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError

MACHINES = catalog.shipped("machines")
WORKLOADS = catalog.shipped("workloads")
DATA = Path(__file__).parents[2] / "model" / "data"

MACHINE = """format = 1
name = "small"
description = "two sockets"

[topology]
sockets = 2
cores_per_l3 = 4

[quantities]
page_fault = { value = 2.0, unit = "us", low = 1.5, high = 3.0, provenance = "measured", source = "here" }
"""
WORKLOAD = """format = 1
name = "job"
unit = "jobs/s"
units_per_cycle = 1.0

[operations]
compute = { value = 3, unit = "ms" }
page_faults = { value = 100, unit = "1" }
"""


def test_every_shipped_file_loads_under_its_own_name() -> None:
    """The paper's machines and workloads are there, and a file's name is the name inside."""
    assert {"amd48", "intel16"} <= set(MACHINES)
    assert {"histogram", "dbench", "apache", "memcached"} <= set(WORKLOADS)
    assert [catalog.machine(name).name for name in MACHINES] == list(MACHINES)
    assert [catalog.workload(name).name for name in WORKLOADS] == list(WORKLOADS)


@pytest.mark.parametrize("name", MACHINES)
def test_shipped_costs_are_si_and_say_where_they_are_from(name: str) -> None:
    """Every number of a shipped machine has a provenance and a source, in SI units."""
    for cost, quantity in catalog.machine(name).quantities.items():
        assert quantity.source, cost
        assert quantity.unit in {"s", "1", "B", "1/s", "B/s"}, cost


def test_units_are_converted_once_on_reading() -> None:
    """Microseconds in the file are seconds inside, with their interval."""
    fault = catalog.parse_machine(MACHINE, "f").quantities["page_fault"]
    assert (fault.value, fault.low, fault.high, fault.unit) == (2e-6, 1.5e-6, 3e-6, "s")
    assert catalog.parse_workload(WORKLOAD, "f").operations["compute"].value == pytest.approx(3e-3)


def test_a_copied_and_edited_file_is_read_by_its_path(tmp_path: Path) -> None:
    """What users do first: copy a shipped file, change a number, give its path."""
    copy = tmp_path / "mine.toml"
    copy.write_text((DATA / "workloads" / "dbench.toml").read_text().replace('name = "dbench"', 'name = "mine"'))
    assert catalog.workload(str(copy)).name == "mine"


def test_machines_of_ones_own_are_known_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calibrated host was taken by its name, but not among the names that a wrong one was answered with."""
    monkeypatch.setenv("CERBERUS_PLAN_HOME", str(tmp_path))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "db-host.json").write_text("{}")
    with pytest.raises(InputError, match=r"\(did you mean 'db-host'\?\); known: .*, db-host; .*\.json file"):
        catalog.machine("dbhost")
    with pytest.raises(InputError, match="unknown workload") as found:
        catalog.workload("dbhost")
    assert "db-host" not in str(found.value)


@pytest.mark.parametrize(
    ("find", "name", "message"),
    [
        (catalog.machine, "amd84", r"unknown machine 'amd84' \(did you mean 'amd48'\?\); known: amd48, core-i9-12900k"),
        (catalog.machine, "zzz", "unknown machine 'zzz'; known: .*`cerberus-plan machines` lists them"),
        (catalog.workload, "a" * 300, r"unknown workload '?a+\S* ?.*; known: apache, dbench"),
        (catalog.machine, "a" * 5000, r"unknown machine '?a+\S* ?.*; known: amd48"),
        (catalog.workload, "d-bench", r"unknown workload 'd-bench' \(did you mean 'dbench'\?\); known: apache, dbench"),
        (catalog.workload, "", "the name is empty; known: apache, dbench"),
        (catalog.machine, "", "the name is empty; known: amd48"),
        (catalog.workload, "no/such.toml", "no/such.toml: there is no such file"),
        (catalog.workload, "missing.toml", "missing.toml: there is no such file"),
        (catalog.workload, str(DATA), "is a folder; give a file"),
    ],
)
def test_names_that_are_not_there(find: Callable[[str], object], name: str, message: str) -> None:
    """Unknown names list the known ones and the nearest; paths that lead nowhere say so."""
    with pytest.raises(InputError, match=message):
        find(name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x7fELF\x02\0", "a null byte; this is a binary file"),
        (b"\xff\xfe\x00", "UTF-16|not UTF-8"),
        (b"format = 1\nname = ", r"not valid TOML: .*\(at (?:line 2|end)"),
        (b"format = 2\n", "format = 2, but this version reads format 1; update cerberus-plan"),
        (b'format = "one"\n', "format = 'one', but this version reads format 1"),
        (b'name = "x"\n', "field 'format' is missing; write `format = 1` at the top"),
    ],
)
@pytest.mark.parametrize("find", [catalog.machine, catalog.workload])
def test_files_that_are_no_catalog_files(
    tmp_path: Path, find: Callable[[str], object], content: bytes, message: str
) -> None:
    """Empty, binary, broken, truncated and future files are refused with file and reason."""
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        find(str(path))
    assert str(raised.value).startswith(str(path))


def changed(text: str, old: str, new: str) -> str:
    """The text with one part replaced, which must be there."""
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "small"', "name = 7", "f: field 'name' must be a text, not 7"),
        ('name = "small"', "", "f: field 'name' must be a text, not None"),
        ('name = "small"', 'nam = "small"', r"f: unknown field 'nam' \(did you mean 'name'\?\)"),
        ("[topology]", "[topologie]", r"f: unknown field 'topologie' \(did you mean 'topology'\?\)"),
        ("[topology]\nsockets = 2\ncores_per_l3 = 4\n", "", r"f: section \[topology\] is missing"),
        ("sockets = 2", "", "f: topology: field 'sockets' is missing"),
        ("sockets = 2", "sockets = 0", "f: topology: sockets = 0 must be a whole number of at least 1"),
        ("sockets = 2", "sockets = -2", "f: topology: sockets = -2 must be a whole number of at least 1"),
        ("sockets = 2", "sockets = 1.5", "f: topology: sockets = 1.5 must be a whole number of at least 1"),
        ("sockets = 2", 'sockets = "two"', "f: topology: sockets = 'two' must be a whole number"),
        ("sockets = 2", "sockets = true", "f: topology: sockets = True must be a whole number"),
        ("sockets = 2", "sockets = 1000000000", "f: topology: more than 65536 CPUs; check the counts"),
        ("sockets = 2", "sockets = 2\nmemory = 4", r"f: topology.memory = 4 must be a table such as \{ value"),
        ("page_fault =", "page_falt =", r"f: quantities: unknown field 'page_falt' \(did you mean 'page_fault'\?\)"),
        (
            "value = 2.0",
            "value = -2.0",
            "f: quantities: page_fault: value = -2.0 must be a finite number of at least 0",
        ),
        ("value = 2.0", "value = nan", "f: quantities: page_fault: value = nan must be a finite number"),
        ("value = 2.0", "value = inf", "f: quantities: page_fault: value = inf must be a finite number"),
        ("value = 2.0", 'value = "2"', "f: quantities: page_fault: value = '2' must be a finite number"),
        ("value = 2.0", "value = true", "value = True must be a finite number"),
        ("value = 2.0, ", "", "f: quantities: page_fault: field 'value' is missing"),
        ('unit = "us", ', "", "f: quantities: page_fault: field 'unit' is missing"),
        ('unit = "us"', 'unit = "MB"', "unit 'MB' is not a time; use one of s, ms, us, ns"),
        ('unit = "us"', 'unit = "parsec"', "unit 'parsec' is not a time; use one of s, ms, us, ns"),
        ("low = 1.5", "low = 2.5", r"f: quantities: page_fault: interval \[2.5, 3.0\] does not hold the value 2.0"),
        ("high = 3.0", "high = nan", "high = nan must be a finite number"),
        ('"measured"', '"guessed"', "provenance 'guessed' is unknown; use one of measured, published"),
        ('source = "here"', "source = 3", "field 'source' must be a text, not 3"),
        ("page_fault = {", "page_fault = 2 #", "f: quantities: page_fault = 2 must be a table such as"),
    ],
)
def test_wrong_fields_of_a_machine(old: str, new: str, message: str) -> None:
    """The message names file, section, field, what was found and what is allowed."""
    with pytest.raises(InputError, match=message):
        catalog.parse_machine(changed(MACHINE, old, new), "f")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('unit = "jobs/s"', "", "f: field 'unit' must be a text, not None"),
        ("units_per_cycle = 1.0", "", "f: units_per_cycle = None must be a positive number"),
        ("units_per_cycle = 1.0", "units_per_cycle = 0", "f: units_per_cycle = 0 must be a positive number"),
        ("units_per_cycle = 1.0", "units_per_cycle = nan", "f: units_per_cycle = nan must be a positive number"),
        ("units_per_cycle = 1.0", "units_per_cycle = 1\njob_units = -1", "f: job_units = -1 must be a positive number"),
        ("units_per_cycle = 1.0", "units_per_cycle = 1\nneeds_network_card = 1", "must be true or false"),
        (
            "units_per_cycle = 1.0",
            "units_per_cycle = 1\nmemory_per_instance = 4",
            "memory_per_instance = 4 must be a table",
        ),
        ("value = 3, ", "value = -3, ", "f: operations: compute: value = -3 must be a finite number of at least 0"),
        ('unit = "ms"', 'unit = "1"', "f: operations: compute: unit '1' is not a time"),
        ("compute =", "computes =", r"f: operations: unknown field 'computes' \(did you mean 'compute'\?\)"),
        ("[operations]", "[operation]", r"unknown field 'operation' \(did you mean 'operations'\?\)"),
    ],
)
def test_wrong_fields_of_a_workload(old: str, new: str, message: str) -> None:
    """The message names file, section, field, what was found and what is allowed."""
    with pytest.raises(InputError, match=message):
        catalog.parse_workload(changed(WORKLOAD, old, new), "f")


def test_a_workload_that_does_nothing_is_refused() -> None:
    """A cycle without any operation would take no time."""
    text = changed(changed(WORKLOAD, "value = 3,", "value = 0,"), "value = 100", "value = 0")
    with pytest.raises(InputError, match="at least one must be above zero, or a cycle takes no time"):
        catalog.parse_workload(text, "f")


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*MACHINES, *WORKLOADS]), st.data())
def test_damaged_files_are_read_or_refused(name: str, data: st.DataObject) -> None:
    """Cutting a shipped file anywhere, or putting any character in it, gives numbers that hold or a refusal."""
    is_machine = name in MACHINES
    text = (DATA / ("machines" if is_machine else "workloads") / f"{name}.toml").read_text()
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", "x", "-", "0", "e999", "\n", '"', "[", "nan", "½", "1_0", "true"]))
    rest = data.draw(st.sampled_from([text[at:], text[at + 1 :], ""]))
    parse = catalog.parse_machine if is_machine else catalog.parse_workload
    try:
        found = parse(text[:at] + put + rest, "f")
    except InputError as error:
        assert str(error).startswith("f")  # noqa: PT017 (either outcome is fine; the message must name the file)
        return
    quantities = found.quantities if is_machine else found.operations  # type: ignore[union-attr]
    assert all(math.isfinite(quantity.value) and quantity.value >= 0.0 for quantity in quantities.values())
