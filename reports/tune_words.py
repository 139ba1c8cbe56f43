"""What a tuning says of itself, the same on the terminal and on the page. Takes the document of ``tune --json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
