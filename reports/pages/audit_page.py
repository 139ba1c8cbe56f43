"""The report of an audit: every deviation from the plan with what it costs, the dearest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts.bars import bars
from cerberus_plan.reports.formats import percent
from cerberus_plan.reports.pages.findings import findings_page

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
        verdict=f"{len(found)} deviation{'s' * (len(found) != 1)} in {checked} instances."
        if found
        else f"All {checked} instances are as planned.",
        key_facts=[
            {"name": "Instances checked", "value": str(checked), "note": ""},
            {"name": "Deviations", "value": str(len(found)), "note": ""},
            {"name": "Wrong CPUs cost", "value": percent(document["total_price"]), "note": "of what the plan promises"},
        ],
        figures=[bars(priced, name="prices", title="What each deviation costs", column="price",
                      caption="Share of the promised throughput that is lost by it alone.")] if priced else [],
        tables=[
            (
                "Deviations",
                ("instance", "kind", "deviation", "price", "seen in"),
                [
                    (str(each["instance"]), str(each["kind"]), str(each["what"]),
                     "not known" if each["price"] is None else percent(each["price"]), str(each["source"]))
                    for each in found
                ],
            )
        ],
        command=command,
        version=version,
    )  # fmt: skip
