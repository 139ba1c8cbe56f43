"""Tables print names as they are, whatever rich would read in them."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from cerberus_plan.reports.text.console import literal_console, print_whole, print_wrapped

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


WORDS = st.lists(st.sampled_from(["1,234", "(cerberus)", "requests/s", "9 %", "a", "0.00012"]), max_size=4)


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=4), width=st.integers(10, 90))
def test_no_table_cuts_a_word_or_a_number(rows: list[tuple[list[str], ...]], width: int) -> None:
    """However narrow the terminal: a number that lost its end is another number."""
    table = Table(title="what it is")
    for name in ("throughput", "90 % interval", "bottleneck"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(" ".join(cell) for cell in row))
    console = Console(width=width, markup=False)
    with console.capture() as printed:
        print_whole(console, table)
    out = printed.get()
    assert "…" not in out
    told = Counter(word for row in rows for cell in row for text in cell for word in text.split())
    told.update(["what", "it", "is", "throughput", "90", "%", "interval", "bottleneck"])
    assert Counter(re.sub("[^!-~]", " ", out).split()) == told
    assert console.width == width


def test_a_printed_sentence_keeps_a_number_and_its_sign() -> None:
    """Where rich would break the line between both."""
    console = Console(width=12, markup=False)
    with console.capture() as printed:
        print_wrapped(console, "it is about 11 % of it")
    assert printed.get() == "it is about\n11 % of it\n"
