"""What a tuning says of itself, the same on the terminal and on the page. Takes the document of ``tune --json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cerberus_plan.reports.formats import ends, estimate, percent

# Why a tuning stopped, by its key ``stopped``.
REASONS = {
    "sure": "the choice is expected to lose no more than asked",
    "budget": "the budget is spent; --budget allows more",
    "all measured": "every split has been run",
    "interrupted": "interrupted",
    "failed": "a run failed",
}


def verdict(document: Mapping[str, Any]) -> str:
    """The split to run, what it does, what choosing it may lose, and why no more was run."""
    best = document["best"]
    known = "measured" if best["measured"] else f"never run, 90 % interval {ends(best['low'], best['high'])}"
    return (
        f"Run {name(best)}: {document['quantity']} {value(document)} ({known}); "
        f"expected to lose {percent(document['regret'])} to the true best. Stopped: {REASONS[document['stopped']]}."
    )


def value(document: Mapping[str, Any]) -> str:
    """What the recommended split does."""
    best = document["best"]
    return estimate(best["value"], best["low"], best["high"], unit(document))


def unit(document: Mapping[str, Any]) -> str:
    """The unit of what was read: seconds of a time; of a rate nobody told it."""
    return {"time": "s"}.get(document["quantity"], "")


def name(split: Mapping[str, Any]) -> str:
    """A split of the document as people write it."""
    return f"{split['instances']} x {split['cores_per_instance']}"


def doubts(document: Mapping[str, Any]) -> list[str]:
    """What speaks against relying on the answer, each with what to do; none where nothing is known against it."""
    found = []
    if disturbed := document.get("disturbed", 0):
        found.append(
            f"Not to be relied on: others kept these CPUs busy in {disturbed} of {len(document['runs'])} runs, which "
            "the loss above leaves out. Run it again on a quieter host."
        )
    if document["best"]["instances"] > 1 and (caution := document.get("caution")):
        found.append(f"But {caution}.")
    return found
