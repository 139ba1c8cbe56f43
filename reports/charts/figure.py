"""A figure: a chart with everything that somebody who cannot see it, or hover over it, needs.

Holds: a Vega-Lite specification, one sentence that says what it shows, and the same numbers as a table.
When not to use it: for a picture without numbers (draw it in the template).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cerberus_plan.reports.charts import theme

# Cores that all have a tick.
_FEW = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One chart on a page.

    Attributes:
        name: Identifier, unique on the page.
        title: What it shows, a few words.
        caption: How to read it, one or two sentences.
        description: What it says, for people who cannot see it.
        spec: Vega-Lite specification.
        columns: Headings of the table with the chart's numbers.
        rows: Its rows, already written for people.
    """

    name: str
    title: str
    caption: str
    description: str
    spec: Mapping[str, Any]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def specification(
    chart: Any, data: Mapping[str, Sequence[Mapping[str, Any]]], *, height: int | None = None
) -> dict[str, Any]:
    """The specification of an Altair chart in the house's look.

    Args:
        chart: Single or layered chart over named data; it gets the width of its container.
        data: Rows of each data set by name. Altair would copy and check every row if the chart held them.
        height: Height [px]; None leaves the chart's own.
    """
    size = {"width": "container"} if height is None else {"width": "container", "height": height}
    spec: dict[str, Any] = chart.properties(**size).to_dict(validate=False)
    spec.pop("$schema", None)
    spec["datasets"] = data
    spec["config"] = theme.CONFIG
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec


def whole(most: int) -> dict[str, Any]:
    """Ticks of an axis of cores: of few every one, where ``tickMinStep`` alone still gives halves."""
    return {"values": list(range(most + 1))} if most <= _FEW else {"tickMinStep": 1}


def rounded(value: float | None, digits: int = 7) -> float | None:
    """A number for a picture: enough digits for every pixel and tooltip, a third of the bytes."""
    return None if value is None else float(f"{value:.{digits}g}")
