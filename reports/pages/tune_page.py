"""The report of a tuning: every run as it came, how the expected loss fell with them, and why it stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports.charts.bars import bars
from cerberus_plan.reports.charts.strips import Strip, strips
from cerberus_plan.reports.formats import ends, estimate, number, percent
from cerberus_plan.reports.pages.findings import findings_page
from cerberus_plan.reports.tune_words import doubts


def tune_page(document: Mapping[str, Any], *, reason: str, command: Sequence[str], version: str) -> str:
    """The page of a ``tune --json`` document.

    Args:
        document: The document.
        reason: Why it stopped, in words.
        command: The command that made it, as a list of words.
        version: Version of the program.
    """
    runs, best, quantity = document["runs"], document["best"], document["quantity"]
    value = estimate(best["value"], best["low"], best["high"])
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
        verdict=f"Run {chosen}: {quantity} {value}. Expected to lose {percent(document['regret'])} against the best.",
        notes=doubts(document),
        key_facts=[
            {"name": "Recommended", "value": chosen, "note": "instances × cores of each"},
            {"name": quantity.capitalize(), "value": value, "note": f"90 % interval {ends(best['low'], best['high'])}"},
            {"name": "Chance to be the best", "value": percent(best["probability_best"]), "note": "given the runs"},
            {"name": "Stopped", "value": document["stopped"], "note": reason},
        ],
        figures=[
            strips(rows, name="runs", title=f"Every run: {quantity}", columns=("split", quantity, "predicted"),
                   caption="A dot is a run; the line is the 90 % interval of the recommended split."),
            *([bars(narrowing, name="narrowing", title="How sure the choice became", column="expected loss",
                    caption="Expected loss of the split that was best so far, after each run.")] if narrowing else []),
        ],
        tables=[
            (
                "The runs in order",
                ("run", "split", quantity, "seconds", "taken by other programs", "kept by the hypervisor"),
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
    return f"{split['instances']} × {split['cores_per_instance']}"
