"""The report of a verification: each split as it was measured beside what was predicted, and what they disagree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports.charts.strips import Strip, strips
from cerberus_plan.reports.formats import number
from cerberus_plan.reports.pages.findings import findings_page


def verify_page(document: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of a ``verify --json`` document."""
    rows = document["splits"]
    judged = [row for row in rows if row.get("verdict")]
    refuted = [row for row in judged if row["agrees"] is False]
    return findings_page(
        document,
        what="verify",
        subject=f"{counted(len(rows), 'split')}, pinned by {document['pinned_by']}",
        verdict=_verdict(judged, refuted),
        notes=[
            *(f"{_name(row)}: {row['verdict']}; trust {row['trust']}; next: {row['next']}"
              for row in judged if row["agrees"] is not True),
            *document["notes"],
        ],
        figures=[
            strips([_strip(row) for row in rows], name="ratios", title="Throughput relative to one big instance",
                   caption="Dots are measured, diamonds predicted, lines their 90 % intervals.",
                   columns=("split", "measured", "predicted")),
        ],
        tables=[
            (
                "Seconds of every counted run",
                ("split", "seconds", "verdict"),
                [
                    (_name(row), ", ".join(number(each) for each in row["seconds"]), _judgement(row, at))
                    for at, row in enumerate(rows)
                ],
            )
        ],
        command=command,
        version=version,
    )  # fmt: skip


def _verdict(judged: Sequence[Mapping[str, Any]], refuted: Sequence[Mapping[str, Any]]) -> str:
    if refuted:
        return f"The runs refute the prediction of {', '.join(_name(row) for row in refuted)}."
    if judged and all(row["agrees"] for row in judged):
        return "The runs agree with what was predicted."
    if not any(row["predicted"] for row in judged):
        return "The splits were run; nothing was predicted of them (--workload does)."
    return "The runs neither confirm nor refute a prediction."


def _strip(row: Mapping[str, Any]) -> Strip:
    measured, predicted = row["measured"] or {}, row["predicted"] or {}
    return Strip(
        name=_name(row),
        values=[measured["value"]] if measured else [],
        low=measured.get("low"),
        high=measured.get("high"),
        predicted=predicted.get("value"),
        predicted_low=predicted.get("low"),
        predicted_high=predicted.get("high"),
    )


def _name(row: Mapping[str, Any]) -> str:
    return f"{len(row['split'])} × {row['split'][0]}"


def _judgement(row: Mapping[str, Any], at: int) -> str:
    """The verdict of a row; the first is what the others are compared with."""
    return row.get("verdict") or ("not predicted" if at else "the base")
