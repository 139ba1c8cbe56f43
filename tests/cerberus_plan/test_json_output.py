"""Commands print JSON that every reader reads."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.cli.json_output import print_document


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_json_cannot_write_is_never_printed(value: float, capsys: pytest.CaptureFixture[str]) -> None:
    """No half document either."""
    with pytest.raises(ValueError, match="JSON"):
        print_document({"good": 1.0, "bad": [value]})
    assert not capsys.readouterr().out


@pytest.mark.slow
@given(value=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.none() | st.text()))
def test_everything_else_is_read_back(value: dict[str, object]) -> None:
    """One document, one line, equal to what was given."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        print_document(value)
    assert json.loads(printed.getvalue()) == value
