"""Tables print names as they are, whatever rich would read in them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.table import Table

from cerberus_plan.reports.text.console import literal_console

_MARKS = st.lists(
    st.sampled_from(["[/red]", "[bold]", "[/]", ":warning:", "\\[", "a", "[link=x]"]), min_size=1, max_size=4
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=_MARKS.map("".join))
def test_names_reach_the_reader_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In sentences, titles and cells."""
    table = Table(title=name, box=None)
    table.add_column(name, no_wrap=True)
    table.add_row(name)
    console = literal_console()
    console.print(name, style="bold")
    console.print(table)
    assert capsys.readouterr().out.count(name) >= 4
