"""Published numbers, to the printed digit, each with its place in the source.

Source: Xiang Song, Haibo Chen and others, A Case for Scaling Applications to Many-core with OS Clustering,
EuroSys 2011. Percentages are kept as printed; ``targets`` says how each is read.
When not to use it: the absolute values of figures 5 to 8 are not in the text and therefore not here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One published number.

    Attributes:
        id: Stable name; the workload or primitive comes first.
        value: The number as printed.
        unit: Its unit as printed ("1" for a ratio).
        where: Section or table of the source.
        about: What was measured, in a few words.
    """

    id: str
    value: float
    unit: str
    where: str
    about: str


@cache
def facts() -> Mapping[str, Fact]:
    """All published numbers by id."""
    text = (resources.files("cerberus_plan.calibration.paper") / "facts.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text))
    return {
        row["id"]: Fact(
            id=row["id"], value=float(row["value"]), unit=row["unit"], where=row["where"], about=row["about"]
        )
        for row in rows
    }


def value(fact_id: str) -> float:
    """The number published under that id."""
    return facts()[fact_id].value
