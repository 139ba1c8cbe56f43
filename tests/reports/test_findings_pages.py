"""The pages of observe, tune, verify, explain and audit say what their documents say, and escape names."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from example_findings import (
    AUDIT,
    HOSTILE,
    OBSERVE,
    TUNE,
    VERIFY,
    audit,
    explain,
    explanation,
    observe,
    tune,
    verify,
)
from lxml import html

from cerberus_plan.reports.explain_words import numbers
from cerberus_plan.reports.formats import number, percent
from cerberus_plan.reports.pages import page
from cerberus_plan.reports.pages.explain_page import explain_page
from cerberus_plan.reports.pages.tune_page import tune_page
from cerberus_plan.reports.text.observe_text import print_observation
from cerberus_plan.reports.tune_words import doubts

# Page and document; made when asked for, not when tests are collected.
PAGES: dict[str, tuple[Callable[[], str], Callable[[], Any]]] = {
    "observe": (observe, lambda: OBSERVE),
    "tune": (tune, lambda: TUNE),
    "verify": (verify, lambda: VERIFY),
    "explain": (explain, explanation),
    "audit": (audit, lambda: AUDIT),
}


@pytest.fixture(params=PAGES)
def named(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_page_embeds_its_document_and_escapes_names(named: str) -> None:
    """The document is the one given, in a page that holds together, and no name becomes a script."""
    make, document = PAGES[named]
    text = make()
    tree = html.fromstring(text)
    assert json.loads(tree.get_element_by_id("document").text) == json.loads(json.dumps(document()))
    assert HOSTILE not in text
    assert len(text.encode()) < 3_000_000
    names = tree.xpath("//@id")
    assert len(set(names)) == len(names)
    for chart in tree.find_class("chart"):
        assert len(chart.get("aria-label")) > 40


def test_tuning_shows_every_run_as_it_came_and_how_sure_it_became() -> None:
    """A row a run in order, a bar a run with the loss expected after it, and why it stopped."""
    tree = html.fromstring(tune())
    rows = [
        [cell.text for cell in row] for row in tree.xpath("//h2[text()='The runs in order']/following::tbody[1]/tr")
    ]
    assert [row[2] for row in rows] == [number(run["value"], 4) for run in TUNE["runs"]]
    bars = json.loads(tree.get_element_by_id("narrowing-spec").text)["datasets"]["bars"]
    assert [bar["share"] for bar in bars] == [run["regret_after"] for run in TUNE["runs"]]
    assert "the budget is spent" in tree.text_content()


def test_a_refuted_prediction_is_the_headline() -> None:
    """Predicted beside measured, both with intervals; the conflict is named first, with what to trust."""
    tree = html.fromstring(verify())
    assert tree.find(".//h1").text_content() == "The runs refute the prediction of 2 × 1."
    data = json.loads(tree.get_element_by_id("ratios-spec").text)["datasets"]
    assert {(line["kind"], line["low"], line["high"]) for line in data["lines"]} == {
        ("measured", 0.9, 1.1),
        ("predicted", 1.4, 2.0),
    }
    assert "trust the runs" in tree.text_content()


def test_an_audit_puts_the_dearest_deviation_first() -> None:
    """Each deviation with its price; one without is no bar."""
    tree = html.fromstring(audit())
    assert tree.find(".//h1").text_content().replace("\xa0", " ") == AUDIT["verdict"]
    rows = [row.findtext("td[4]") for row in tree.xpath("//h2[text()='Deviations']/following::tbody[1]/tr")]
    assert rows == [percent(0.4), percent(0.1), "not known"]
    assert len(json.loads(tree.get_element_by_id("prices-spec").text)["datasets"]["bars"]) == 2


def test_deviations_are_marked_on_the_machine_with_their_prices() -> None:
    """Every CPU once, in its socket; the dearest deviation's letter at its CPU; prices beside the letters."""
    tree = html.fromstring(audit())
    squares = [cell for socket in tree.find_class("socket") for cell in socket.find_class("cpu")]
    assert len(tree.find_class("socket")) == 2
    assert [cell.get("title").split(":")[0] for cell in squares] == [f"CPU {cpu}" for cpu in range(12)]
    labels = [cell.text or "" for cell in squares]
    assert labels == ["C", "C", "1", "1", "2", "2", "3", "A", "", "", "", "h"]
    assert "B: a-01, cpus" in squares[7].get("title")
    marks = [mark.text_content().strip() for mark in tree.find_class("marks")[0]]
    assert [mark[0] for mark in marks] == ["A", "B", "C"]
    assert [percent(0.4) in marks[0], percent(0.1) in marks[1], "not known" in marks[2]] == [True] * 3
    cpus = [row.findtext("td[3]") for row in tree.xpath("//h2[text()='Deviations']/following::tbody[1]/tr")]
    assert cpus == ["7", "7", "0-1"]


def test_an_observation_draws_curve_and_splits() -> None:
    """Every repeat of every count, and the splits beside them."""
    dots = json.loads(html.fromstring(observe()).get_element_by_id("runs-spec").text)["datasets"]["dots"]
    given = [value for point in OBSERVE["curve"] for value in point["values"]]
    assert sorted(dot["value"] for dot in dots) == sorted([*given, 18.0])


def test_an_explanation_adds_up() -> None:
    """Bars of each split's stations are the shares of the document."""
    tree = html.fromstring(explain())
    one = explanation()["plans"][0]["explanations"][0]
    bars = json.loads(tree.get_element_by_id("time0-0-spec").text)["datasets"]["bars"]
    assert sum(bar["share"] for bar in bars) == pytest.approx(1.0, abs=0.02)
    assert all(found["says"] in tree.text_content() for found in one["findings"])
    told = tree.text_content().replace("\u00a0", " ")
    assert all(numbers(station["numbers"]) in told for station in one["stations"] if station["share"] >= 0.005)
    assert HOSTILE in tree.find_class("notes")[0].text_content()


def test_an_observation_says_where_a_unit_goes_and_whose_the_contention_is() -> None:
    """Bars of each count add up; every demand is a row with its share, interval and origin; owners with chances."""
    tree = html.fromstring(observe())
    bars = json.loads(tree.get_element_by_id("ledger-spec").text)["datasets"]["shares"]
    assert {bar["label"] for bar in bars} == {"1 core", "2 cores"}
    assert sum(bar["share"] for bar in bars) == pytest.approx(2.0)
    title = "The demands of a unit of work on 1 core"
    rows = [[cell.text for cell in row] for row in tree.xpath(f"//h2[text()='{title}']/following::tbody[1]/tr")]
    assert rows[0] == ["compute", "100 ms", "90 %", "85 % to 95 %", "measured", "user time"]
    assert rows[1][3:] == ["–", "derived", "65 of them"]
    owners = json.loads(tree.get_element_by_id("owner-spec").text)["datasets"]["bars"]
    assert [bar["share"] for bar in owners] == [0.7, 0.15, 0.1, 0.045]
    assert "a lock or a serial share of the process itself" in tree.text_content()


def test_the_terminal_tells_an_observation_as_the_page_does(capsys: pytest.CaptureFixture[str]) -> None:
    """The same shares and chances, a line each; marks in names are printed as they are."""
    print_observation({**OBSERVE, "program": "[bold]p", "files": [], "boundaries": []}, work="run")
    told = capsys.readouterr().out
    assert "where the core-seconds of one run go on 1 core: compute 90 %, page faults 10 %" in told
    assert "whose the contention on 2 cores is: process 70 %, machine 15 %, kernel 10 %, instances 4.5 %" in told
    assert "[bold]p" in told


@pytest.mark.parametrize(("share", "said"), [(0.5, True), (0.05, False)])
def test_an_owner_found_on_a_busy_host_is_not_relied_on(
    share: float, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which of two splits did more is then as much a matter of what the others did meanwhile."""
    ledger = copy.deepcopy(OBSERVE["ledger"])
    ledger[-1]["parts"].append({"name": "others", "share": share})
    document = {
        **OBSERVE,
        "files": [],
        "boundaries": [],
        "ledger": ledger,
        "owner_from_splits": True,
        "owner_next": None,
    }
    print_observation(document, work="run")
    assert ("observe again on a quiet host" in capsys.readouterr().out) == said


def test_a_rate_that_is_an_end_of_its_interval_has_no_more_digits(capsys: pytest.CaptureFixture[str]) -> None:
    """On a busy host a run is the least that it may have done: told without its ends it needs no digits for them."""
    rows = [
        {"instances": 2, "cores_per_instance": 1, "value": 1.311103272, "low": 1.311103272, "high": 65.0},
        {"instances": 1, "cores_per_instance": 2, "value": 0.702, "low": 0.68, "high": 36.0},
    ]
    print_observation({**OBSERVE, "files": [], "boundaries": [], "measured": rows}, work="run")
    assert "2 x 1: 1.311, 1 x 2: 0.7\n" in capsys.readouterr().out


def test_a_disturbed_tuning_says_so_on_the_page_as_on_the_terminal() -> None:
    """A sure choice among runs that others disturbed is not to be relied on; undisturbed runs have no note."""
    document = {**TUNE, "best": {**TUNE["best"], "instances": 2}, "disturbed": 1, "caution": "a run was cut short"}
    shown = tune_page(document, command=["cerberus-plan", "tune"], version="0")
    (note,) = html.fromstring(shown).find_class("notes")
    told = [each.text_content() for each in note.iterfind(".//li")]
    assert told == doubts(document)
    assert "1 of" in told[0]
    assert told[1] == "But a run was cut short."
    assert not html.fromstring(tune()).find_class("notes")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([["1 x 2", "./a.sh {cores}", "9,490", "–"]], [False, True, False, False]),
        ([["a", "12 ms", "under 0.1 %"], ["b", "no faster", "3 %"], ["c", "2 s", "–"]], [True, False, False]),
        ([["–"], ["–"]], [False]),
        ([], [False, False]),
    ],
)
def test_columns_are_set_by_what_most_of_their_cells_are(columns: list[list[str]], expected: list[bool]) -> None:
    """What is read stands on the left, what is compared on the right, whatever the first row holds."""
    assert page.prose_columns(columns, ["name"] * len(expected)) == expected


def test_an_explanation_of_several_workloads_says_which_is_which() -> None:
    """The recommendation of the first was the headline of all, the others' followed without their names."""
    one = explanation()
    several = {**one, "plans": [{**plan, "workload": name} for name in ("first", "second") for plan in one["plans"]]}
    tree = html.fromstring(explain_page(several, ["Run this. Since.", "Run that."], command=["x"], version="0"))
    assert tree.findtext(".//h1") == "Where the time of 2 workloads goes."
    notes = [item.text_content() for item in tree.xpath("//aside[@class='notes']//li")]
    assert notes == ["first: Run this. Since.", "second: Run that."]
