"""Refinements told: one order and one measure in text, JSON and page, also where the least cost was wished for."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from example_plan import a_plan
from lxml import html
from rich.console import Console

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.objectives.reach import reaches
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.changes import CHANGES, what_if
from cerberus_plan.planner.splits.choose import plan as planned
from cerberus_plan.reports import what_if_words as words
from cerberus_plan.reports.formats import estimate
from cerberus_plan.reports.pages.plan_document import plan_document
from cerberus_plan.reports.pages.plan_page import plan_page
from cerberus_plan.reports.text.what_if_text import print_answers

ASKED = ("queue-lock", "per-core-network", "cheap-messages")
WISHES = {
    None: None,
    "cost": Objective(kind="cost", rate=12_000.0, slos=(Slo(name="p99", seconds=0.01),)),
    "impossible": Objective(kind="cost", rate=8_000.0, slos=(Slo(name="p99", seconds=1e-6),)),
}


@cache
def answered(wish: str | None) -> tuple[Plan, dict[str, Any]]:
    objective = WISHES[wish]
    plain = a_plan("apache", cores=8)
    plan = plain if objective is None else aimed(plain, objective)
    return plan, plan_document([plan], changes=ASKED)


def printed(plan: Plan, answers: list[dict[str, Any]]) -> list[str]:
    """The lines of the terminal, wide enough for every cell."""
    console = Console(width=400, record=True, file=None, quiet=False)
    with console.capture() as said:
        print_answers(plan, answers, console)
    return said.get().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("wish", WISHES)
def test_one_order_and_one_measure_everywhere(wish: str | None) -> None:
    """JSON, text and page name the same changes in the same order, with what the gain is of."""
    plan, document = answered(wish)
    answers = document["plans"][0]["what_if"]
    names = [one["name"] for one in answers]
    lines = printed(plan, list(reversed(answers)))
    assert [line.split()[0] for line in lines if line.split() and line.split()[0] in CHANGES] == names
    page = plan_page([plan], document=document, command=["cerberus-plan"], version="0")
    rows = html.fromstring(page).xpath("//div[@aria-label='Refinements, table']//tbody/tr")
    assert [row.findtext("th") for row in rows] == ["as it is", *(one["says"] for one in answers)]
    for one, row in zip(answers, rows[1:], strict=True):
        what = {"headroom": ("headroom", "headroom_low", "headroom_high"), "throughput": ("throughput", "low", "high")}
        told = estimate(*(one["best"][name] for name in what[one["gain_of"]]))
        cells = [cell.text for cell in row.iterfind("td")]
        assert told in cells[1]
        assert "\u00a0×\u00a0" in (cells[0] or "")
        assert " " not in (cells[0] or "")  # a split is not parted at the end of a line
        assert any(told in line for line in lines)
        assert cells == list(words.cells(plan, one, words.TIMES))


@pytest.mark.slow
def test_a_saving_comes_first_and_is_no_loss() -> None:
    """What carries the rate at the least cost heads the table, although it carries less than today's split."""
    plan, document = answered("cost")
    answers = document["plans"][0]["what_if"]
    costs = [one["best"]["cost"] for one in answers]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]
    assert {one["gain_of"] for one in answers} == {"headroom"}
    assert words.worthwhile(plan, answers[0])


@pytest.mark.slow
def test_a_change_is_explained_in_whole_words_on_a_narrow_terminal() -> None:
    """What a change is stands in at most two lines of 80 characters; beside the table it had two letters a line."""
    plan, document = answered("cost")
    answers = document["plans"][0]["what_if"]
    console = Console(width=80)
    with console.capture() as said:
        print_answers(plan, answers, console)
    lines = said.get().splitlines()
    assert len(lines) <= 4 + 3 * len(answers)
    for one in answers:
        assert one["says"] in " ".join(" ".join(lines).split())


@pytest.mark.slow
def test_a_change_that_makes_the_objective_possible_is_told_with_its_rate() -> None:
    """It was told as "0" and dimmed: the gain of throughput is all that has a number where nothing was carried."""
    systems = [SYSTEMS["cerberus"]]
    plain = planned(catalog.machine("amd48"), catalog.workload("dbench"), systems, Constraints(cores=2))
    rate = 1e-6 * plain.best.throughput
    times = [found.latency for found in reaches(plain, Objective(rate=rate))]
    lone = min(time.mean for time in times if time is not None)
    wish = Objective(slos=(Slo(name="mean", seconds=lone * (1.0 - 5e-4)),))
    plan = aimed(plain, wish)
    answer = what_if(plan, "nested-paging").to_json()
    assert (plan.best.headroom, answer["gain_of"]) == (0.0, "throughput")
    assert answer["best"]["headroom"] > 0.0
    assert "0 (of" in words.as_it_is(plan)[1]
    names = ("headroom", "headroom_low", "headroom_high")
    assert words.cells(plan, answer)[1] == estimate(*(answer["best"][name] for name in names))
    assert words.cells(plan, answer)[-1] == "–"
    assert words.worthwhile(plan, answer)


@pytest.mark.slow
def test_no_rate_is_told_as_none() -> None:
    """Where no split keeps the limits, the gain is of throughput, and the table says that nothing is carried."""
    plan, document = answered("impossible")
    answers = document["plans"][0]["what_if"]
    assert {one["gain_of"] for one in answers} == {"throughput"}
    assert all("without limits" in words.cells(plan, one)[1] for one in answers)
    assert "without limits" in words.as_it_is(plan)[1]
