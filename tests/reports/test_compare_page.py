"""The page of a comparison: factors from one answer to the other, nothing lost on the way."""

from __future__ import annotations

import json

import pytest
from example_comparison import HOSTILE, a_comparison, a_document, comparisons
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from cerberus_plan.reports.charts.waterfall import waterfall

factors = st.lists(st.floats(0.01, 100.0), max_size=6)


@given(st.floats(1e-3, 1e9), factors)
def test_a_waterfall_has_no_gap(first: float, steps: list[float]) -> None:
    """Each bar begins where the last one ended, from one total to the other; the key names what is drawn alone."""
    last = first
    for step in steps:
        last *= step
    named = [(f"step {at}", step) for at, step in enumerate(steps)]
    found = waterfall(
        ("before", (first, first * 0.9, first * 1.1)), named, ("after", (last, last * 0.9, last * 1.1)),
        unit="requests/s", name="w", title="t", caption="c",
    )  # fmt: skip
    rows = found.spec["datasets"]["rows"]
    ends = [rows[0]["to"], *(row["to"] for row in rows[1:-1])]
    assert [row["from"] for row in rows[1:]] == pytest.approx(ends, rel=1e-5)
    assert rows[-1]["to"] == pytest.approx(last, rel=1e-5)
    assert [row["kind"] for row in rows[1:-1]] == ["more" if step >= 1.0 else "less" for step in steps]
    assert len(found.rows) == len(steps) + 2
    (bars,) = [layer for layer in found.spec["layer"] if "color" in layer["encoding"]]
    assert set(bars["encoding"]["color"]["scale"]["domain"]) == {row["kind"] for row in rows[1:-1]}


def test_the_page_says_what_the_document_says() -> None:
    """The document whole, names escaped, a bar for each cause with its factor, all inputs that differ in a table."""
    text, (one,) = a_comparison(), comparisons()
    tree = html.fromstring(text)
    assert json.loads(tree.get_element_by_id("document").text) == json.loads(json.dumps(a_document()))
    assert HOSTILE not in text
    rows = json.loads(tree.get_element_by_id("why0-spec").text)["datasets"]["rows"][1:-1]
    assert [row["to"] / row["from"] for row in rows] == pytest.approx([c.factor for c in one.causes], rel=1e-5)
    assert len(one.causes) >= 2
    listed = tree.xpath("//h2[text()='Inputs that differ']/following::tbody[1]/tr")
    assert len(listed) == len(one.differences)


def test_several_workloads_have_a_waterfall_each() -> None:
    """Titles name the workload; no identifier is there twice."""
    tree = html.fromstring(a_comparison(2))
    names = tree.xpath("//@id")
    assert len(names) == len(set(names))
    assert {"why0", "why1"} <= set(names)
    assert tree.xpath("//h3[starts-with(text(), 'apache: what changed')]")
