"""Measured splits in CSV: every way of saying it is read, every irregularity is refused with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.splits.read import ALIASES, holds_splits, ignored_in, read_splits
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.measurement import Measurement

COUNTS = st.integers(1, 4096)
VALUES = st.floats(1e-200, 1e200)
ROWS = st.lists(st.tuples(COUNTS, COUNTS, VALUES), min_size=1, max_size=20)


def write(folder: Path, text: str) -> Path:
    path = folder / "splits.csv"
    path.write_text(text)
    return path


@pytest.mark.slow
@given(rows=ROWS)
def test_what_is_written_is_read(rows: list[tuple[int, int, float]], tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = "".join(f"{m},{k},{value!r}\n" for m, k, value in rows)
    path = write(tmp_path_factory.mktemp("read"), "instances,cores_per_instance,value\n" + lines)
    assert [(x.instances, x.cores_per_instance, x.value) for x in read_splits(path)] == rows


@pytest.mark.parametrize("instances", ALIASES["instances"])
@pytest.mark.parametrize("cores", ALIASES["cores_per_instance"])
def test_the_words_of_other_tools_are_understood(instances: str, cores: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"note,value,{cores},{instances}\nwarm,10.5,8,2\n")
    assert holds_splits(path)
    assert read_splits(path) == (Measurement(instances=2, cores_per_instance=8, value=10.5),)


@pytest.mark.parametrize("header", ["Instances,Cores per instance,Value", "instances, CORES-PER-INSTANCE , value"])
def test_headings_of_a_spreadsheet_are_understood(header: str, tmp_path: Path) -> None:
    """Words apart, hyphens and capitals."""
    path = write(tmp_path, f"{header}\n2,8,10.5\n")
    assert holds_splits(path)
    assert read_splits(path) == (Measurement(instances=2, cores_per_instance=8, value=10.5),)


@pytest.mark.parametrize(
    "text",
    [
        "instances,cores,ops/s\n2,8,10.5\n",
        "vms;cores_per_vm;value (MB/s)\n2;8;10,5\n",
        "Instances\tCores per instance\tRequests per second\n2\t8\t10.5\n",
        "split,throughput\n2x8,10.5\n",
        "split,value,note\n2 x 8,10.5,warm\n",
        "| split | value |\n|-------|------:|\n| 2×8 | 10.5 |\n",
    ],
)
def test_values_called_like_rates_and_splits_as_they_are_written_are_understood(text: str, tmp_path: Path) -> None:
    """Units in brackets, the only rate, one column of 2x8, a table of Markdown."""
    path = write(tmp_path, text)
    assert holds_splits(path)
    assert read_splits(path) == (Measurement(instances=2, cores_per_instance=8, value=10.5),)
    assert [name for name in ignored_in(text, "f") if name != "note"] == []


def test_a_time_is_one_where_it_is_said_to_be(tmp_path: Path) -> None:
    path = write(tmp_path, "instances,cores_per_instance,elapsed_seconds\n2,8,0.5\n")
    assert read_splits(path, time=True)[0].value == 2.0
    with pytest.raises(InputError, match=r"splits.csv, line 1: .*'elapsed_seconds' like a time.*--time"):
        read_splits(path)


def test_a_curve_is_one_instance(tmp_path: Path) -> None:
    path = write(tmp_path, "n,value\n1,10\n4,30\n")
    assert not holds_splits(path)
    assert [(x.instances, x.cores_per_instance) for x in read_splits(path)] == [(1, 1), (1, 4)]


def test_times_are_turned_over(tmp_path: Path) -> None:
    assert read_splits(write(tmp_path, "vms,cores_per_vm,value\n2,4,0.5\n"), time=True)[0].value == 2.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("instances,cores_per_instance,value\n", "no split"),
        ("instances,cores_per_instance,value\n0,4,1\n", "line 2: instances is '0'"),
        ("instances,cores_per_instance,value\n2,1.5,1\n", "line 2: cores_per_instance is '1.5'"),
        ("instances,cores_per_instance,value\n2,4,nan\n", "line 2: value is 'nan'"),
        ("instances,cores_per_instance,value\n2,4,-3\n", "line 2: value is '-3'"),
        ("instances,cores_per_instance,value\n2,4,inf\n", "line 2: value is 'inf'"),
        ("instances,cores_per_instance,value\n\n2,4\n", "line 3: 2 fields where the header has 3"),
        ("instances,vms,cores_per_instance,value\n", "'instances' and 'vms'"),
        ("instances,value\n2,4\n", "must be called 'cores_per_instance'"),
        ("value,cores,value\n", "'value' appears twice"),
        ("a,b\n1,2\n", "must be called 'value'"),
        ("instances,cores_per_instance,value\n99999999999,4,1\n", "from 1 to 1000000"),
        ('instances,cores_per_instance,value\n2,4,"1\n2,4,5\n', "value is"),
        ("", "empty"),
        ("split,value\ntrain,4\n", "line 2: split is 'train'; instances x cores of each, such as 2x8"),
        ("split,value\n0x4,4\n", "line 2: instances is '0'"),
        ('instances,cores_per_instance,value\n2,4,"1,010"\n', "write 1010 or 1.010"),
        ("instances,cores_per_instance,value\n2,4,1.5k\n", "without k, M or G"),
    ],
)
def test_broken_files_are_refused_with_their_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"splits.csv") as refused:
        read_splits(write(tmp_path, text))
    assert said in str(refused.value)
