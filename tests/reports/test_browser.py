"""Pages in a real browser: drawn, quiet, self-contained, accessible."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import example_findings
import pytest
from axe_playwright_python.sync_playwright import Axe
from example_pages import PAGES, a_fit, plans
from example_plan import a_plan
from example_splits import a_splits_page

from cerberus_plan.reports.formats import percent
from cerberus_plan.reports.pages.plan_document import plan_document
from cerberus_plan.reports.pages.plan_page import plan_page

COUNT_MARKS = """[...document.querySelectorAll('.chart')].map(
  (chart) => chart.querySelectorAll('.mark-group path, .mark-rect path, .mark-text text').length
)"""

# Options of commands in the text of the page that stand on two lines.
PARTED = """(() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = texts.nextNode());) {
    if (!node.parentElement.closest('script, style, svg')) {
      for (const option of node.data.matchAll(/(?<![\\w-])--?[a-z][a-z0-9-]*/g)) {
        const range = document.createRange();
        range.setStart(node, option.index);
        range.setEnd(node, option.index + option[0].length);
        const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
        found.push([option[0], lines.size]);
      }
    }
  }
  return found;
})()"""

# Labels of each chart that leave the window or touch another label, a point or a tick. A text is drawn twice where it
# has a halo; those two are one label. Text on a bar is meant to lie there; a tick mark has no width of its own.
BAD_LABELS = """[...document.querySelectorAll('.chart')].flatMap((chart) => {
  const box = (node) => node.getBoundingClientRect();
  const name = chart.closest('[id]').id;
  const unlike = (node) => node.textContent.trim() !== '' && Number(node.getAttribute('opacity') ?? 1) > 0;
  const labels = [...chart.querySelectorAll('svg text')].filter(unlike);
  const marks = [...chart.querySelectorAll('.mark-symbol.role-mark path')]
    .filter((node) => Number(node.getAttribute('opacity') ?? 1) > 0);
  const touch = (a, b) => {
    const [p, q] = [box(a), box(b)];
    const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    return across > 1 && down > 2;
  };
  const same = (a, b) => a.textContent === b.textContent && Math.abs(box(a).left - box(b).left) < 3;
  const found = [];
  labels.forEach((label, at) => {
    const { left, right } = box(label);
    if (left < 0 || right > document.documentElement.clientWidth) found.push([name, label.textContent, 'cut']);
    for (const other of labels.slice(at + 1))
      if (!same(label, other) && touch(label, other)) found.push([name, label.textContent, other.textContent]);
    for (const mark of marks) if (touch(label, mark)) { found.push([name, label.textContent, 'mark']); break; }
  });
  return found;
})"""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


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


@pytest.mark.parametrize("width", [1280, 400])
def test_no_label_of_a_chart_is_cut_or_covered(visit: Any, text: str, width: int) -> None:
    """Bounding boxes of all labels lie within the window, and none touches another label or a mark."""
    page = visit(text, width=width).page
    assert page.evaluate("document.querySelectorAll('.chart svg text').length") > 3
    assert page.evaluate(BAD_LABELS) == []


def test_no_option_is_parted_at_its_hyphens(visit: Any, text: str) -> None:
    """ "--" ended a line and "repeats" began the next: who types that gets an error. Widths of phones."""
    page = visit(text, script=False).page  # options are text; charts would be drawn again at every width
    for width in range(320, 480, 20):
        page.set_viewport_size({"width": width, "height": 800})
        assert [option for option, lines in page.evaluate(PARTED) if lines > 1] == []


def test_the_check_of_options_sees_one_that_is_parted(visit: Any) -> None:
    """In a column as wide as two hyphens."""
    page = visit(example_findings.observe()).page
    page.evaluate("document.querySelector('main').innerHTML = '<p style=\"width: 1.5em\">use --max-repeats</p>'")
    assert [option for option, lines in page.evaluate(PARTED) if lines > 1] == ["--max-repeats"]


def test_the_check_of_labels_sees_what_is_wrong(visit: Any) -> None:
    """A label pushed out of the window, one onto another, one onto a point."""
    page = visit(a_fit()).page
    assert page.evaluate(BAD_LABELS) == []
    move = "(to) => { const t = document.querySelector('.mark-text text'); t.setAttribute('transform', to); }"
    page.evaluate(move, "translate(5000, 0)")
    assert any(found[2] == "cut" for found in page.evaluate(BAD_LABELS))
    page.evaluate("document.querySelector('.mark-symbol.role-mark path[opacity=\"1\"]').id = 'point'")
    page.evaluate(
        """() => { const t = document.querySelector('.mark-text text'), at = document.querySelector('#point');
        t.setAttribute('transform', 'translate(0, 0)');
        const [p, q] = [t.getBoundingClientRect(), at.getBoundingClientRect()];
        t.setAttribute('transform', `translate(${q.left - p.left}, ${q.top - p.top})`); }"""
    )
    assert any(found[2] == "mark" for found in page.evaluate(BAD_LABELS))


@pytest.mark.parametrize("width", [1280, 400])
def test_a_number_on_a_bar_has_room_there(visit: Any, width: int) -> None:
    """Numbers of the ledger lie within their parts of the bar, on a phone too; "6.8 %" once reached into the next."""
    alone = plan_page([a_plan()], document=plan_document([a_plan()]), command=["cerberus-plan"], version="0")
    assert any(0.05 < share < 0.1 for share in a_plan().best.ledger.values())
    page = visit(alone, width=width).page
    outside = page.evaluate(
        """[...document.querySelectorAll('[id$="-ledger"]')].flatMap((figure) => {
          const box = (node) => node.getBoundingClientRect();
          const bars = [...figure.querySelectorAll('.mark-rect path')].map(box);
          const texts = [...figure.querySelectorAll('.mark-text text')].filter((t) => t.textContent.endsWith(' %'));
          return [texts.length, ...texts.filter((text) => {
            const t = box(text), middle = (t.left + t.right) / 2, down = (t.top + t.bottom) / 2;
            const on = bars.find((b) => b.left <= middle && middle <= b.right && b.top <= down && down <= b.bottom);
            return !on || t.left < on.left || t.right > on.right;
          }).map((text) => text.textContent)];
        })"""
    )
    assert outside[0] > 2
    assert outside[1:] == []


def test_the_controls_tell_shares_as_the_page_does(visit: Any) -> None:
    """Where nothing was moved they say what the ledger says, in the same digits."""
    page = visit(plans()).page
    page.locator("#w0 .fold").click()
    told = page.locator("#w0-live .compared").inner_text()
    shares = re.findall(r"([\d.]+) %", told)
    assert len(shares) >= 2
    assert all("." not in share or float(share) < 10.0 for share in shares)
    best = a_plan().best
    largest = sorted(best.ledger.items(), key=lambda item: -item[1])[0]
    assert f"{largest[0]} {percent(largest[1])}" in told


def test_workloads_open_from_their_row_and_all_are_printed(visit: Any) -> None:
    """Several answers: folded at first, a link or the button opens one; without scripts and on paper all are open."""
    page = visit(plans()).page
    assert not page.locator("#w1-ledger").is_visible()
    page.locator("table a[href='#w1']").click()
    page.wait_for_function("!document.querySelector('#w1').classList.contains('folded')")
    assert page.locator("#w1-ledger").is_visible()
    assert not page.locator("#w0-ledger").is_visible()
    page.locator("#w1 .fold").click()
    assert page.locator("#w1 .fold").get_attribute("aria-expanded") == "false"
    page.emulate_media(media="print")
    assert page.locator("#w0-ledger").is_visible()
    assert visit(plans(), script=False).page.locator("#w0-ledger").is_visible()


def test_a_wide_table_says_that_it_goes_on(visit: Any) -> None:
    """At 400 px beside a table that is cut, never beside one that is not; and whether it is cut aside or below."""
    for width in (1280, 400):
        page = visit(plans(), width=width).page
        page.locator("#w0 .fold").click()
        page.locator("#w0-map0 summary").click()
        page.wait_for_timeout(100)
        told = page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter(s => s.checkVisibility())"
            ".map(s => [s.scrollWidth > s.clientWidth + 1, s.scrollHeight > s.clientHeight + 1,"
            " s.nextElementSibling.hidden ? '' : s.nextElementSibling.textContent])"
        )
        assert all((wide, long) == ("sideways" in hint, "down" in hint) for wide, long, hint in told)
        assert any(wide for wide, _, _ in told) == (width == 400)
        assert any(long for _, long, _ in told)


def test_the_live_chart_names_what_it_draws(visit: Any) -> None:
    """As many keys as lines; another paging mode changes both."""
    page = visit(plans()).page
    page.locator("#w0 .fold").click()

    def keys() -> tuple[set[str], set[str]]:
        told = page.locator("#w0-live .keys span").all_inner_texts()
        drawn = page.evaluate("document.querySelector('#w0-live .chart').view.data('now').map(row => row.system)")
        return set(told), set(drawn)

    assert keys() == ({"linux", "xen-linux", "cerberus"},) * 2
    page.locator("#w0-paging").select_option("nested")
    page.wait_for_function("document.querySelector('#w0-live .keys').textContent.includes('kvm')")
    told, drawn = keys()
    assert told == drawn
    assert "cerberus" not in told


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
    page.locator("#w0 .fold").click()
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
    for selector in ("#w0-live", ".top nav", ".button", "summary"):
        assert not page.locator(selector).first.is_visible()
    for selector in ("#w0-verdict", "#w0-map0 svg", "#w1-map0 svg", "#evidence table"):
        assert page.locator(selector).first.is_visible()


# Tables and charts that reach beyond the paper, and rows of tables that take no room on it.
NOT_ON_PAPER = """() => {
  const width = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll('table, .chart svg, .floor, pre')]
    .filter((node) => node.checkVisibility() && node.getBoundingClientRect().right > width + 1);
  const hidden = [...document.querySelectorAll('tbody tr')]
    .filter((row) => !row.closest('.live') && !row.checkVisibility());
  return [...wide, ...hidden].map((node) => node.textContent.trim().slice(0, 60));
}"""
# Words of headings of tables that go on in the next line.
CUT_HEADINGS = """[...document.querySelectorAll('thead th')].flatMap((heading) => {
  const text = heading.firstChild, words = text?.textContent.matchAll(/\\S+/g) ?? [];
  return [...words].filter((word) => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map((word) => word[0]);
})"""
PAPER_PX = 718  # A4 less margins of a centimetre


def test_no_heading_is_cut_within_a_word_on_paper(visit: Any) -> None:
    """Where columns are narrow words stay whole: "measured" once ended in a line of its own, as "d"."""
    page = visit(a_splits_page(), width=PAPER_PX).page
    page.emulate_media(media="print")
    for width in (PAPER_PX, 480):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(CUT_HEADINGS) == []


def test_a_printed_page_is_complete(visit: Any, text: str) -> None:
    """On paper every row of every table is there, closed ones too, and nothing is cut at the edge."""
    page = visit(text, width=PAPER_PX).page
    closed = page.evaluate("document.querySelectorAll('details:not([open])').length")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(NOT_ON_PAPER) == []
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") == closed
    page.emulate_media(media="screen")
    if closed:
        assert page.evaluate(NOT_ON_PAPER) != []  # the check sees what is folded
