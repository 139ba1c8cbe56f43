"""The report of an audit: every deviation from the plan with what it costs, the dearest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.reports.audit_words import price_words
from cerberus_plan.reports.charts.bars import bars
from cerberus_plan.reports.formats import percent
from cerberus_plan.reports.pages.findings import findings_page
from cerberus_plan.reports.pages.marked_floor import marked_floor

# Bars drawn; the table has all deviations.
_MOST = 20


def audit_page(document: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of an ``audit --json`` document."""
    found = sorted(document["deviations"], key=lambda each: -(each["price"] or 0.0))
    priced = [(f"{each['instance']}: {each['kind']}", each["price"]) for each in found if each["price"]][:_MOST]
    checked = document["checked"]
    return findings_page(
        document,
        what="audit",
        subject=str(document["plan"]),
        verdict=str(document["verdict"]),
        key_facts=[
            {"name": "Instances checked", "value": str(checked), "note": ""},
            {"name": "Deviations", "value": str(len(found)), "note": ""},
            {"name": "Together they cost", "value": percent(document["total_price"]), "note": "of the promise"},
        ],
        floor=marked_floor(document, found) if found else None,
        figures=[bars(priced, name="prices", title="What each deviation costs", column="price",
                      caption="Share of the promised throughput that is lost by it alone.")] if priced else [],
        tables=[
            (
                "Deviations",
                ("instance", "kind", "deviation", "CPUs", "price", "seen in"),
                [
                    (str(each["instance"]), str(each["kind"]), str(each["what"]),
                     cpu_list(each["cpus"]) or "–",
                     price_words(each["price"]), str(each["source"]))
                    for each in found
                ],
            )
        ],
        command=command,
        version=version,
    )  # fmt: skip
