"""Pages in a real browser: drawn, quiet, self-contained, accessible."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from example_fleet import a_fleet_document
from example_plan import a_plan
from example_profile import a_profile
from example_simulation import a_simulation

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.document import document
from cerberus_plan.calibration.curves.fit import fit_curve
from cerberus_plan.calibration.paper import compare
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.mixtures.allocate import plan_mix
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.reports.pages.calibration_page import calibration_page
from cerberus_plan.reports.pages.fit_page import fit_page
from cerberus_plan.reports.pages.fleet_page import fleet_page
from cerberus_plan.reports.pages.mix_page import mix_page
from cerberus_plan.reports.pages.plan_document import plan_document
from cerberus_plan.reports.pages.plan_page import plan_page
from cerberus_plan.reports.pages.reproduce_page import reproduce_page
from cerberus_plan.reports.pages.simulation_page import simulation_page

COUNT_MARKS = """[...document.querySelectorAll('.chart')].map(
  (chart) => chart.querySelectorAll('.mark-group path, .mark-rect path, .mark-text text').length
)"""

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert(1)</script>"


@cache
def plans() -> str:
    given = [a_plan(), a_plan("histogram", name=HOSTILE)]
    return plan_page(given, document=plan_document(given), command=["cerberus-plan"], version="0")


def a_fit() -> str:
    measured = Curve.from_points([1, 2, 4, 8, 16], [10.0, 19.5, 37.0, 64.0, 88.0], name=HOSTILE)
    given = document(fit_curve(measured.up_to(8)), measured=measured)
    return fit_page(given, command=["cerberus-plan", "fit"], version="0")


def a_reproduction() -> str:
    return reproduce_page(compare.document(compare.compare()), command=["cerberus-plan", "reproduce"], version="0")


def a_calibration() -> str:
    return calibration_page(a_profile(processor=HOSTILE), command=["cerberus-plan", "calibrate"], version="0")


def a_simulated_network() -> str:
    return simulation_page(a_simulation(HOSTILE), command=["cerberus-plan", "simulate"], version="0")


def a_mixture() -> str:
    parts = [(catalog.workload("dbench"), 1.0), (replace(catalog.workload("histogram"), name=HOSTILE), 2.0)]
    found = plan_mix(catalog.machine("amd48"), parts, Constraints(cores=8), [SYSTEMS["cerberus"]])
    return mix_page(found, document={"mix": found.to_json()}, command=["cerberus-plan", "--mix"], version="0")


def a_fleet() -> str:
    return fleet_page(a_fleet_document(HOSTILE), command=["cerberus-plan", "fleet"], version="0")


PAGES: dict[str, Callable[[], str]] = {
    "plans": plans,
    "fit": a_fit,
    "reproduction": a_reproduction,
    "calibration": a_calibration,
    "simulation": a_simulated_network,
    "mixture": a_mixture,
    "fleet": a_fleet,
}


@pytest.fixture(scope="module", params=PAGES)
def text(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]()


def test_a_page_draws_its_charts_in_silence_and_asks_for_nothing(visit: Any, text: str) -> None:
    """No console message, no request but the file itself, marks in every chart, nothing wider than the window."""
    for width in (1280, 390):
        found = visit(text, width=width)
        assert found.complaints == []
        assert [url.split(":")[0] for url in found.requests] == ["file"]
        marks = found.page.evaluate(COUNT_MARKS)
        assert marks
        assert min(marks) >= 4
        assert found.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_page_has_no_serious_accessibility_fault(visit: Any, text: str) -> None:
    """axe-core reports nothing serious or critical, with a table open, in light and dark."""
    page = visit(text).page
    page.evaluate("document.querySelector('details').open = true")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        faults = Axe().run(page).response["violations"]
        serious = [fault for fault in faults if fault["impact"] in {"serious", "critical"}]
        assert [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in serious] == []


def test_a_page_tells_its_numbers_without_scripts(visit: Any, text: str) -> None:
    """Verdict and tables are there when scripts are switched off."""
    page = visit(text, script=False).page
    assert page.locator("h1").inner_text()
    assert page.locator("table tbody tr").count() > 1


def test_the_controls_answer_and_return_to_the_plan(visit: Any) -> None:
    """Moving a control changes the answer and the chart; resetting brings both back."""
    page = visit(plans()).page
    live = page.locator("#w0-live")
    before = live.locator(".answer").inner_text()
    page.locator("#w0-cores").fill("4")
    page.wait_for_function("before => document.querySelector('#w0-live .answer').textContent !== before", arg=before)
    assert (
        page.evaluate("Math.max(...document.querySelector('#w0-live .chart').view.data('now').map(r => r.cores))") == 4
    )
    live.get_by_role("button").click()
    page.wait_for_function("before => document.querySelector('#w0-live .answer').textContent === before", arg=before)
    page.locator("#w0-paging").select_option("nested")
    page.wait_for_function("document.querySelector('#w0-live .answer').textContent.includes('kvm')")
    page.locator("#w0-cores").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('#w0-cores-value').textContent === '47'")


def test_the_document_can_be_saved(visit: Any) -> None:
    """The link saves the embedded document under its name."""
    page = visit(plans()).page
    with page.expect_download() as download:
        page.get_by_role("link", name="Save plan.json").click()
    assert download.value.suggested_filename == "plan.json"
    assert json.loads(Path(download.value.path()).read_text())["cores"] == 48


def test_a_printed_page_keeps_the_answer_and_drops_the_controls(visit: Any) -> None:
    """On paper: verdict, charts and evidence, on white; no buttons, no links to jump by."""
    page = visit(plans(), scheme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in ("#w0-live", ".top nav", ".button", "details.numbers"):
        assert not page.locator(selector).first.is_visible()
    for selector in ("#w0-verdict", "#w0-map0 svg", "#evidence table"):
        assert page.locator(selector).first.is_visible()
