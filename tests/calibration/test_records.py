"""Records written as JSON are read back as they were, and nothing else is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.calibration.store.records import encode, record
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.record import Record, field
from cerberus_plan.model.workload import Workload


class Kind(StrEnum):
    """An enumeration, as provenance is one."""

    ONE = "one"
    TWO = "two"


class Inner(Record):
    """A record within a record."""

    value: float
    name: str = "x"


class Outer(Record):
    """Every kind of field that records have."""

    count: int
    flag: bool
    kind: Kind
    inner: Inner
    maybe: float | None = None
    several: tuple[Inner, ...] = ()
    pairs: tuple[tuple[str, float], ...] = ()
    named: Mapping[str, Inner] = field(default_factory=dict)


names = st.text(st.characters(categories=("L", "N", "Zs")), min_size=1, max_size=8).filter(str.strip)
# What an answer can hold: further from 0 no ratio of two could be held, and reading refuses it.
numbers = st.floats(-1e100, 1e100)
inners = st.builds(Inner, value=numbers, name=names)
outers = st.builds(
    Outer,
    count=st.integers(-(2**53), 2**53),
    flag=st.booleans(),
    kind=st.sampled_from(Kind),
    inner=inners,
    maybe=st.none() | numbers,
    several=st.lists(inners, max_size=3).map(tuple),
    pairs=st.lists(st.tuples(names, numbers), max_size=3).map(tuple),
    named=st.dictionaries(names, inners, max_size=3),
)


def there_and_back(kind: Any, value: Any) -> Any:
    return record(kind, json.loads(json.dumps(encode(value), allow_nan=False)), "f.json")


@pytest.mark.slow
@given(outers)
def test_what_is_written_is_read_back(value: Outer) -> None:
    """Every field, through the text of a file."""
    assert there_and_back(Outer, value) == value


@given(st.floats(1e101, 1.7e308), st.sampled_from([-1.0, 1.0]))
def test_what_no_answer_holds_is_refused(size: float, sign: float) -> None:
    """Numbers that would overflow later, in ratios and sums, with the member's name."""
    with pytest.raises(InputError, match="value"):
        record(Inner, {"value": sign * size, "name": "a"}, "f.json")


@pytest.mark.parametrize("name", catalog.shipped("machines"))
def test_shipped_machines_are_read_back(name: str) -> None:
    """With topology, costs, limits, and whose error each shares."""
    machine = catalog.machine(name)
    assert there_and_back(Machine, machine) == machine


@pytest.mark.parametrize("name", catalog.shipped("workloads"))
def test_shipped_workloads_are_read_back(name: str) -> None:
    """With operations and measured rows."""
    workload = catalog.workload(name)
    assert there_and_back(Workload, workload) == workload


GOOD = {"count": 1, "flag": True, "kind": "one", "inner": {"value": 1.0}}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"count": 1.5}, "f.json: count = 1.5 must be a whole number"),
        ({"count": True}, "count"),
        ({"flag": 1}, "f.json: flag = 1 must be true or false"),
        ({"kind": "tow"}, "did you mean 'two'"),
        ({"inner": {"value": "1"}}, "f.json: inner: value"),
        ({"inner": {}}, "f.json: inner: field 'value' is missing"),
        ({"inner": None}, "f.json: inner = None must be a table"),
        ({"pairs": [["a"]]}, "f.json: pairs"),
        ({"several": {}}, "f.json: several = {} must be a list"),
        ({"surplus": 1}, "unknown field 'surplus'"),
    ],
)
def test_anything_else_is_refused_with_its_place(change: dict[str, Any], says: str) -> None:
    """The message names the member and what it should be."""
    assert record(Outer, GOOD, "f.json").count == 1
    with pytest.raises(InputError) as refused:
        record(Outer, GOOD | change, "f.json")
    assert says in str(refused.value)


def test_a_record_checks_itself_when_read() -> None:
    """An interval that does not hold its value is refused, as everywhere."""
    with pytest.raises(InputError, match="does not hold the value"):
        record(Quantity, {"value": 1.0, "unit": "s", "low": 2.0, "high": 3.0}, "f.json")


def test_members_that_are_no_fields_are_passed_over_where_allowed() -> None:
    """Documents gain keys; a reader of today reads those of tomorrow."""
    assert record(Inner, {"value": 1.0, "more": 2}, "f.json", more=True) == Inner(value=1.0)
