"""What to run next for a fitted curve, in the same words on the terminal and on the page.

Two questions, which need not have one answer: which count narrows the forecast most (``next``), and which makes sure of
the count that is called best (``confirm``). When not to use it: for measured splits; those have one next run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cerberus_plan.reports.formats import percent


def to_learn(result: Mapping[str, Any]) -> str:
    """What running the count ``next`` tells, of a document of ``fit --json``."""
    return f"learns most about the curve: it takes away {percent(result['next']['reduction'])} of the doubt"


def to_confirm(result: Mapping[str, Any]) -> str:
    """What running the count ``confirm`` tells."""
    return f"makes sure of the best count: {result['confirm']['why']}"


def next_runs(result: Mapping[str, Any]) -> str:
    """Both runs in a sentence; empty where nothing is left to run."""
    learns = None if result["decided"] else result["next"]["n"]
    confirms = None if result["confirm"] is None else result["confirm"]["n"]
    told = []
    if learns is not None:
        told.append(f"n = {learns:g} {to_learn(result)}")
    if confirms is not None and confirms == learns:
        told = [f"{told[0]}, and {to_confirm(result)}"]
    elif confirms is not None:
        told.append(f"n = {confirms:g} {to_confirm(result)}")
    return f"What to run next: {'; '.join(told)}." if told else ""
