"""Pages in a real browser: drawn, quiet, self-contained, accessible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from example_plan import a_plan

from reports.plan_page import plan_page

COUNT_MARKS = """[...document.querySelectorAll('.chart')].map(
  (chart) => chart.querySelectorAll('.mark-group path, .mark-rect path, .mark-text text').length
)"""

pytestmark = pytest.mark.browser

PAGES: dict[str, Callable[[], str]] = {
    "plan": lambda: plan_page([a_plan()], document={"plans": []}, command=["cerberus-plan"], version="0"),
    "plans": lambda: plan_page(
        [a_plan(), a_plan(workload="<script>alert(1)</script>")],
        document={"plans": []}, command=["cerberus-plan"], version="0",
    ),
}  # fmt: skip


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_has_no_serious_accessibility_fault(visit: Any, text: str, scheme: str) -> None:
    """axe-core reports nothing serious or critical, with all tables open."""
    found = visit(text, scheme=scheme)
    found.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    faults = Axe().run(found.page).response["violations"]
    serious = [
        (fault["id"], fault["nodes"][0]["html"][:200]) for fault in faults if fault["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_a_page_tells_its_numbers_without_scripts(visit: Any, text: str) -> None:
    """Verdict and tables are there when scripts are switched off."""
    page = visit(text, script=False).page
    assert page.locator("h1").inner_text()
    assert page.locator("table tbody tr").count() > 10
