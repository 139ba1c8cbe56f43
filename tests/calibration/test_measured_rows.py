"""Rows [[measured]]: what is written reads back, appending changes nothing else, broken rows are refused by number."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store.catalog import parse_workload
from cerberus_plan.calibration.store.measured_rows import append
from cerberus_plan.calibration.store.workload_file import to_toml
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.plain import plain

WORKLOAD = """format = 1
name = "job"
unit = "jobs/s"
units_per_cycle = 1.0

[operations]
compute = { value = 3, unit = "ms" }
"""
ROW = "\n[[measured]]\ninstances = 2\ncores_per_instance = 4\nvalue = 10\n"
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20).map(partial(plain, one_line=True))


@st.composite
def measurements(draw: st.DrawFn) -> Measurement:
    value = draw(st.floats(1e-6, 1e12))
    interval = draw(st.none() | st.tuples(st.floats(0.1, 1), st.floats(1, 10)))
    return Measurement(
        instances=draw(st.integers(1, 4096)),
        cores_per_instance=draw(st.integers(1, 4096)),
        value=value,
        low=None if interval is None else value * interval[0],
        high=None if interval is None else value * interval[1],
        host=draw(TEXT),
        date=draw(st.sampled_from(["", "2026-11-26"])),
    )


@pytest.mark.slow
@given(rows=st.lists(measurements(), max_size=5))
def test_what_is_appended_reads_back(rows: list[Measurement], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("rows") / "job.toml"
    path.write_text(WORKLOAD + ROW)
    append(path, rows)
    text = path.read_text()
    read = parse_workload(text, str(path))
    assert text.startswith(WORKLOAD + ROW)
    assert read.measured == (Measurement(instances=2, cores_per_instance=4, value=10.0), *rows)
    assert parse_workload(to_toml(read), "again.toml") == read


def test_appending_to_what_is_no_workload_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("a = 1\n")
    with pytest.raises(InputError, match=r"other.toml"):
        append(path, [Measurement(instances=1, cores_per_instance=1, value=1.0)])
    assert path.read_text() == "a = 1\n"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("measured = 3\n" + WORKLOAD, "must be rows"),
        (WORKLOAD + ROW + ROW.replace("2", "0", 1), "row 2: instances = 0"),
        (WORKLOAD + ROW.replace("4", "1.5"), "row 1: cores_per_instance = 1.5"),
        (WORKLOAD + ROW.replace("10", "-1"), "row 1: value = -1"),
        (WORKLOAD + ROW.replace("10", "nan"), "row 1: value = nan"),
        (WORKLOAD + ROW.replace("value = 10", ""), "row 1: field 'value' is missing"),
        (WORKLOAD + ROW + "hots = 'a'\n", "row 1: unknown field 'hots'"),
        (WORKLOAD + ROW + "host = 3\n", "row 1: host = 3 must be a text"),
        (WORKLOAD + ROW + "low = 1.0\n", "row 1: give both low and high"),
        (WORKLOAD + ROW + "low = 11.0\nhigh = 12.0\n", "row 1: low 11, value 10, high 12"),
    ],
)
def test_broken_rows_are_refused_by_number(row: str, said: str) -> None:
    with pytest.raises(InputError, match=r"job.toml") as refused:
        parse_workload(row, "job.toml")
    assert said in str(refused.value)
