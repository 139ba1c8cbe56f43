"""A fleet told on its page and on the terminal: what the document says, with and without an answer."""

from __future__ import annotations

import io
import json
import re

import pytest
from example_fleet import a_fleet_document
from lxml import html
from rich.console import Console

from cerberus_plan.reports.fleet_words import amount, brief, proof, verdict
from cerberus_plan.reports.formats import number
from cerberus_plan.reports.pages.fleet_page import fleet_page
from cerberus_plan.reports.text.fleet_text import print_fleet

HOSTILE = "</script><script>alert(1)</script>"


def page(document: dict) -> str:
    return fleet_page(document, command=["cerberus-plan", "fleet", "f.toml"], version="0")


def text(document: dict) -> str:
    out = io.StringIO()
    print_fleet(document, Console(file=out, width=300, markup=False))
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("count", [9, 1])
def test_names_cannot_break_out_of_a_page(count: int) -> None:
    """Neither where there is an answer nor where there is none."""
    document = a_fleet_document(HOSTILE, count=count)
    told = page(document)
    assert document["feasible"] == (count == 9)
    assert HOSTILE not in told
    assert json.loads(html.fromstring(told).get_element_by_id("document").text) == document
    assert len(told.encode()) < 3_000_000


@pytest.mark.slow
def test_page_and_terminal_tell_every_workload_and_machine() -> None:
    """Machines, loads, headroom and risk are those of the document."""
    document = a_fleet_document()
    tree = html.fromstring(page(document))
    rates = [[cell.text for cell in row] for row in tree.get_element_by_id("rates").iterfind(".//tbody/tr")]
    assert [row[0] for row in rates] == [row["name"] for row in document["workloads"]]
    assert [row[2] for row in rates] == [number(row["counted_on"], 4) for row in document["workloads"]]
    machines = [[cell.text for cell in row] for row in tree.get_element_by_id("machines").iterfind(".//tbody/tr")]
    assert [(row[0], row[3], row[4]) for row in machines] == [
        (row["name"], str(row["used"]), str(row["count"])) for row in document["machines"]
    ]
    told = text(document)
    for row in rates:
        assert f" {row[2]} {row[3]} " in re.sub(r"\s+", " ", told)
    for row in document["assignments"]:
        assert number(row["load"]) in told
    assert "too small for it" in told


@pytest.mark.slow
def test_page_and_terminal_print_one_rate() -> None:
    """A rate is told as it was given: the terminal once cut one that is not whole to four digits."""
    document = a_fleet_document()
    document["workloads"][0]["rate"] = 12345.678
    tree = html.fromstring(page(document))
    (told,) = [row[1].text for row in tree.get_element_by_id("rates").iterfind(".//tbody/tr")][:1]
    assert told.split()[0] == "12,345.678"
    assert " 12,345.678 " in text(document)


def test_without_an_answer_what_is_missing_and_what_to_add_are_told() -> None:
    """The first sentence says so; no table of an answer that is none."""
    document = a_fleet_document(count=1)
    told, tree = text(document), html.fromstring(page(document))
    assert "2 machines cannot keep every rate." in told
    assert "lacks" in told
    assert "Enough with" in told
    assert "What would be enough" in tree.text_content()
    assert tree.find(".//*[@id='where']") is None


def test_a_search_that_ran_out_of_time_says_how_far_it_may_be_from_the_best() -> None:
    """For both objectives; one that was finished says that it is the best."""
    document = a_fleet_document()
    assert proof(document) == "This is the least cost there is."
    assert "at most 25 % lower" in proof(document | {"proven": False, "cost": 80.0, "bound": 60.0})
    open_ended = document | {"proven": False, "objective": "headroom", "bound": 0.5}
    assert "the most headroom is at most 50 %" in proof(open_ended)


def test_amounts_have_cents_only_where_there_are_some() -> None:
    """And names are cut where a phone would."""
    assert [amount(value) for value in (12345.0, 0.0, 25.5, 0.125)] == ["12,345", "0", "25.50", "0.1250"]
    assert brief("x" * 28) == "x" * 28
    assert len(brief("x" * 29)) == 28


def test_one_rate_two_and_more_are_said_as_people_do() -> None:
    """The verdict is a sentence."""
    document = a_fleet_document()
    for rows, said in ((1, "The rate is kept"), (2, "Both rates are kept"), (3, "All 3 rates are kept")):
        assert verdict(document | {"workloads": document["workloads"][:rows]})[0].startswith(said)
