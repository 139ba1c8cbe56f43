"""The one decoding layer: what it refuses, that it says where, and that its texts are harmless."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import decode
from cerberus_plan.model.errors import InputError

SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)

REFUSED = object()


def taken(read: Callable[[], Any]) -> Any:
    """What is read, or that it was refused with its place."""
    try:
        return read()
    except InputError as error:
        if not str(error).startswith("f: x = "):
            raise
        return REFUSED


@pytest.mark.slow
@given(VALUES)
def test_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    """What breaks no rule is not changed."""
    assert decode.parse_json(json.dumps(value), "f") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "f, line 1: not JSON"),
        ("[NaN]", "f, line 1: NaN is not JSON"),
        ('{"a": "NaN",\n"b": -Infinity}', "f, line 2: -Infinity is not JSON"),
        ("9" * 5000, "f, line 1: a whole number of thousands of digits"),
        ("[" * 100_000, "f: .*nested too deep"),
        ('{"a": 1, "a": 2}', "f: the key 'a' is given twice"),
    ],
)
def test_bad_json_is_refused(text: str, message: str) -> None:
    """With the file's name, in a short message."""
    with pytest.raises(InputError, match=message) as error:
        decode.parse_json(text, "f")
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = ", "f: not valid TOML"),
        ("a = 1\na = 2", "f: not valid TOML"),
        ("\na = " + "9" * 5000, "f, line 2: a whole number of thousands of digits"),
        ("a = " + "[" * 20_000, "f: .*nested too deep"),
        (".".join("a" * 100_000) + " = 1", "f: a key of more than 64 parts"),
        ('"a" . ' * 100 + "b = 1", "f: a key of more than 64 parts"),
        ("# " + "x" * 5 * 2**20, "f is larger than 4 MiB"),
    ],
)
@pytest.mark.hardware
def test_bad_toml_is_refused(text: str, message: str) -> None:
    """Quickly, too."""
    started = time.process_time()
    with pytest.raises(InputError, match=message) as error:
        decode.parse_toml(text, "f")
    assert time.process_time() - started < 5.0
    assert len(str(error.value)) < 600


@pytest.mark.hardware
def test_one_long_word_is_no_long_key() -> None:
    """The search for long keys takes linear time."""
    started = time.process_time()
    assert decode.parse_toml("a" * 500_000 + ' = "' + "." * 500_000 + '"', "f")
    assert time.process_time() - started < 5.0


@pytest.mark.slow
@given(VALUES | st.sampled_from([10**400, math.inf, math.nan, 1e300, 1e-300, True]))
def test_numbers_are_finite_and_can_be_computed_with(value: object) -> None:
    """Whatever is let through is a float that squares neither to infinity nor to nothing."""
    found = taken(lambda: decode.number(value, "f: x"))
    if found is not REFUSED:
        assert type(found) is float
        assert found == value
        assert found == 0.0 or 0.0 < found * found < math.inf


@pytest.mark.slow
@given(VALUES | st.sampled_from([10**400, 1.0, 2.5, math.inf, True]))
def test_whole_numbers_are_whole(value: object) -> None:
    """A float is taken where it is a whole number; a truth value never."""
    found = taken(lambda: decode.whole(value, "f: x", low=0, high=100))
    if found is not REFUSED:
        assert type(found) is int
        assert 0 <= found <= 100
        assert found == value
        assert not isinstance(value, bool)


@pytest.mark.slow
@given(VALUES | st.text(st.characters(categories=["Cc", "Cf"]), min_size=1))
def test_texts_are_harmless(value: object) -> None:
    """Names are one line without control characters."""
    found = taken(lambda: decode.name(value, "f: x"))
    if found is not REFUSED:
        assert found.isprintable() or "\xa0" in found or not found.isascii()
        assert not set(found) & {chr(c) for c in (*range(32), *range(127, 160))}


def test_unknown_fields_name_the_one_meant() -> None:
    """Also where the field is a megabyte long."""
    with pytest.raises(InputError, match=r"f: unknown field 'nmae' \(did you mean 'name'\?\); known: name, unit"):
        decode.table({"nmae": 1}, "f", ("name", "unit"))
    with pytest.raises(InputError, match="unknown field") as error:
        decode.table({"x" * 1_000_000: 1}, "f", ("name",))
    assert len(str(error.value)) < 400
