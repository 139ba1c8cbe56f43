"""The report of an explanation: where the time goes in each split, the law behind it, what follows from the laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports import explain_words as words
from cerberus_plan.reports.charts.bars import bars
from cerberus_plan.reports.formats import number, percent, relative_gain
from cerberus_plan.reports.pages.findings import Table, findings_page

# Stations with a smaller share of the time are left to the document.
_SMALL = 0.005


def explain_page(
    document: Mapping[str, Any],
    verdicts: Sequence[str],
    *,
    notes: Sequence[str] = (),
    command: Sequence[str],
    version: str,
) -> str:
    """The page of an ``explain --json`` document.

    Args:
        document: The document.
        verdicts: The verdict of each of its plans.
        notes: What is explained instead of what each recommends; empty where that is explained.
        command: The command that made it, as a list of words.
        version: Version of the program.
    """
    named = [plan["workload"] for plan in document["plans"]]
    one_by_one = [f"{name}: {verdict}" for name, verdict in zip(named, verdicts, strict=True)]
    several = f"Where the time of {counted(len(named), 'workload')} goes."
    figures, tables = [], []
    for at, plan in enumerate(document["plans"]):
        for number_, one in enumerate(plan["explanations"]):
            title = f"{plan['workload']}, {_split(one)}"
            shown = [station for station in one["stations"] if station["share"] >= _SMALL]
            figures.append(
                bars([(station["name"], station["share"]) for station in shown], name=f"time{at}-{number_}",
                     title=f"Where the time goes: {title}", caption="Shares of the time of the cores used.",
                     column="share of the time")
            )  # fmt: skip
            tables += _tables(title, one, shown)
    return findings_page(
        document,
        what="explain",
        subject=", ".join(named),
        verdict=verdicts[0] if len(named) == 1 else several,
        notes=[note for note in (*(one_by_one if len(named) > 1 else ()), *notes) if note],
        figures=figures,
        tables=tables,
        command=command,
        version=version,
    )


def _split(one: Mapping[str, Any]) -> str:
    candidate = one["candidate"]
    return f"{candidate['system']} {candidate['vms']} × {candidate['split'][0]}"


def _tables(title: str, one: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> list[Table]:
    return [
        (
            f"Stations: {title}",
            ("station", "of", "time", "1 % cheaper gives", "time for each visit with k there", "numbers"),
            [(each["name"], each["scope"], percent(each["share"]), relative_gain(each["gain"]), each["law"],
              words.numbers(each["numbers"]))
             for each in shown],
        ),
        (
            f"What follows: {title}",
            ("finding", "value", "formula"),
            [(each["says"], number(each["value"]), each["formula"]) for each in one["findings"]],
        ),
    ]  # fmt: skip
