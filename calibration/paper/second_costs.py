"""Stored costs of the second structure for shadow paging (see ``second_opinion``), cheap to read.

When not to use it: to plan with; see there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

# Not importlib.resources: it imports zipfile and tempfile, which no start should wait for.
FILE = Path(__file__).parent / "second_opinion.csv"


@cache
def second_costs() -> dict[str, float]:
    """All costs of the second structure [SI]."""
    pairs = (line.split(",") for line in FILE.read_text(encoding="utf-8").splitlines())
    return {name: float(value) for name, value in pairs}
