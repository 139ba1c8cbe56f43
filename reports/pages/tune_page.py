"""The report of a tuning: every run as it came, how the expected loss fell with them, and why it stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports import tune_words
from cerberus_plan.reports.charts.bars import bars
from cerberus_plan.reports.charts.strips import Strip, strips
from cerberus_plan.reports.formats import ends, number, percent
from cerberus_plan.reports.pages.findings import findings_page


def tune_page(document: Mapping[str, Any], *, command: Sequence[str], version: str) -> str:
    """The page of a ``tune --json`` document.

    Args:
        document: The document.
        command: The command that made it, as a list of words.
        version: Version of the program.
    """
    runs, best, quantity = document["runs"], document["best"], document["quantity"]
    value = tune_words.value(document)
    heading = f"{quantity} [s]" if tune_words.unit(document) else quantity
    by_split: dict[str, list[float]] = {}
    for run in runs:
        by_split.setdefault(_name(run), []).append(run["value"])
    chosen = _name(best)
    rows = [
        Strip(
            name=f"{name}{', recommended' if name == chosen else ''}",
            values=values,
            low=best["low"] if name == chosen else None,
            high=best["high"] if name == chosen else None,
        )
        for name, values in by_split.items()
    ]
    narrowing = [
        (f"after run {at}, {_name(run)}", run["regret_after"])
        for at, run in enumerate(runs, 1)
        if "regret_after" in run
    ]
    return findings_page(
        document,
        what="tune",
        subject=f"{counted(len(runs), 'run')} of {counted(len(by_split), 'split')}",
        verdict=tune_words.verdict(document),
        notes=tune_words.doubts(document),
        key_facts=[
            {"name": "Recommended", "value": chosen, "note": "instances × cores of each"},
            {"name": quantity.capitalize(), "value": value, "note": f"90 % interval {ends(best['low'], best['high'])}"},
            {"name": "Chance to be the best", "value": percent(best["probability_best"]), "note": "given the runs"},
            {"name": "Stopped", "value": document["stopped"], "note": tune_words.REASONS[document["stopped"]]},
        ],
        figures=[
            strips(rows, name="runs", title=f"Every run: {heading}", columns=("split", quantity, "predicted"),
                   caption="A dot is a run; the line is the 90 % interval of the recommended split."),
            *([bars(narrowing, name="narrowing", title="How sure the choice became", column="expected loss",
                    caption="Expected loss of the split that was best so far, after each run.")] if narrowing else []),
        ],
        tables=[
            (
                "The runs in order",
                ("run", "split", heading, "seconds", "taken by other programs", "kept by the hypervisor"),
                [
                    (str(at), _name(run), number(run["value"], 4), number(run["seconds"]),
                     percent(run["others"]), percent(run["stolen"]))
                    for at, run in enumerate(runs, 1)
                ],
            )
        ],
        command=command,
        version=version,
    )  # fmt: skip


def _name(split: Mapping[str, Any]) -> str:
    return tune_words.name(split).replace(" x ", " × ")
