"""Text of the planner on a page: every character of it, commands as code, options whole, nothing that is markup."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from cerberus_plan.reports.formats import unparted
from cerberus_plan.reports.pages.page import prose, typed

PIECES = st.sampled_from(["`", "--max-vms", "-p", "<b>", "&amp;", "x --cores 4", "5 %", " ", "a-b", "4 x 12", '"'])
texts = st.lists(PIECES, min_size=1, max_size=12).map("".join)


def shown(markup: str) -> html.HtmlElement:
    """What a browser makes of it."""
    return html.fragment_fromstring(f"<p>{markup}</p>")


@given(texts)
def test_a_command_keeps_every_character(text: str) -> None:
    """What is copied from the page is what was typed."""
    assert shown(typed(text)).text_content() == text


@given(texts)
def test_prose_loses_nothing_but_the_backticks_of_code(text: str) -> None:
    """Outside of code numbers keep their units; inside nothing changes; no piece becomes an element of its own."""
    page = shown(prose(text))
    assert {element.tag for element in page.iter()} <= {"p", "code", "span"}
    if text.count("`") % 2:
        assert page.text_content() == unparted(text)
    else:
        parts = text.split("`")
        assert page.text_content() == "".join(p if at % 2 else unparted(p) for at, p in enumerate(parts))
        assert [code.text_content() for code in page.iter("code")] == parts[1::2]


def test_options_are_whole() -> None:
    """Long and short ones, not the hyphen of a word."""
    page = shown(prose("a re-run with --max-vms 4 or -p: `x --host-cores 2`"))
    assert [span.text_content() for span in page.find_class("whole")] == ["--max-vms", "-p", "--host-cores"]
