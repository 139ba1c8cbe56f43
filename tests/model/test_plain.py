"""What strangers wrote is shown without control characters and in bounded length."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.plain import plain, shortened, shown

HOSTILE = st.text(st.characters() | st.sampled_from("\x1b\x07\x9b\r\n\t\u202e\u2066\u200b\ud800[];m"))
NESTED = st.recursive(
    HOSTILE | st.integers() | st.floats() | st.none() | st.sampled_from([10]).map(lambda ten: ten**6000),
    lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner),
    max_leaves=30,
)


def harmless(text: str) -> bool:
    """No control, direction or invisible character, and it can be encoded."""
    text.encode()
    return all(unicodedata.category(c) != "Cc" for c in text) and not set(text) & set("\u202e\u2066\u200b\u2028\ufeff")


@given(HOSTILE)
def test_nothing_moves_a_terminal(text: str) -> None:
    """One line is harmless whole; several keep their line feeds and tabs and nothing else."""
    assert harmless(plain(text, one_line=True))
    assert harmless(plain(text).replace("\n", "").replace("\t", ""))
    assert plain(plain(text)) == plain(text)


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"])))
def test_ordinary_text_stays(text: str) -> None:
    """Letters of any script, digits, marks and spaces are what they were."""
    assert plain(text) == text


@pytest.mark.slow
@given(NESTED)
def test_any_value_is_shown_in_bounded_length(value: object) -> None:
    """Also numbers that Python refuses to print."""
    assert len(shown(value)) < 200
    assert harmless(shown(value))


@given(st.text(max_size=500), st.integers(10, 200))
def test_what_is_left_out_is_counted(text: str, most: int) -> None:
    """Short texts stay; long ones say how much is missing."""
    found = shortened(text, most)
    assert found == text if len(text) <= most else "characters" in found and len(found) <= most + 40
