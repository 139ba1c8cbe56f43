"""Fitted splits for a terminal: the verdict, every split, whose contention it is, what to measure next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cerberus_plan.reports.formats import alike, percent
from cerberus_plan.reports.splits_words import likely, name, untold, verdict
from cerberus_plan.reports.text.wrap import wrap

HEADERS = ("split", "expected", "low", "high", "", "best", "regret")


def splits_text(answer: Mapping[str, Any], width: int) -> str:
    """All lines.

    Args:
        answer: the document of `calibration.splits.document`.
        width: of the terminal, to which sentences are wrapped.
    """
    last = (owners(answer), *untold(answer), following(answer))
    below = (line for sentence in last for line in wrap(sentence, width))
    return "\n".join((*wrap(verdict(answer), width), "", *table(answer), "", *below))


def table(answer: Mapping[str, Any]) -> Iterator[str]:
    """Header and one line a split."""
    rows: list[tuple[str, ...]] = [HEADERS]
    for split in answer["splits"]:
        numbers = alike(split["value"], split["low"], split["high"])
        mark = "measured" if split["measured"] else ""
        rows.append((name(split), *numbers, mark, percent(split["probability_best"]), percent(split["regret"])))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADERS))]
    for row in rows:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def owners(answer: Mapping[str, Any]) -> str:
    """Who takes most, with probabilities: a share of the explanations, not of the throughput."""
    told = "; ".join(f"{answer['causes'][owner]} ({percent(share)})" for owner, share in likely(answer))
    return f"What takes most, and in how many of the explanations that fit the runs: {told}"


def following(answer: Mapping[str, Any]) -> str:
    """What to measure next."""
    wanted = answer["next"]
    if wanted is None:
        return "The choice needs no further run: it is sure enough, or every split has been run."
    return f"Measure next: {name(wanted)}. It decides most which split to use."
