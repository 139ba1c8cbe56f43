"""A row a thing: the values that were measured of it as dots, its interval as a line, a prediction as a diamond.

When not to use it: for values against a count; those are a curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import ends, estimate, number

_MEASURED, _PREDICTED = "measured", "predicted"
# Of a row; what belongs to a name must stand nearer to it than to the next one.
_HEIGHT, _HEIGHT_OF_BOTH = 44, 52


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One row.

    Attributes:
        name: What it is.
        values: Measured values, in the order in which they came.
        low: Low end of the interval of what was measured; None without one, ``high`` likewise.
        predicted: What was predicted, None when nothing was; ``predicted_low`` and ``predicted_high`` its interval.
    """

    name: str
    values: Sequence[float]
    low: float | None = None
    high: float | None = None
    predicted: float | None = None
    predicted_low: float | None = None
    predicted_high: float | None = None


def strips(given: Sequence[Strip], *, name: str, title: str, caption: str, columns: tuple[str, str, str]) -> Figure:
    """The rows, one below the other on one axis.

    Args:
        given: The rows, at least one.
        name: Identifier of the figure on its page.
        title: What it shows.
        caption: How to read it.
        columns: Headings of the table: of the rows, of their values, of the prediction.
    """
    lines = [line for one in given for line in _lines(one)]
    kinds = [kind for kind in (_MEASURED, _PREDICTED) if any(_has(one, kind) for one in given)]
    return Figure(
        name=name,
        title=title,
        caption=caption,
        description=f"{title}. " + "; ".join(f"{one.name}: {_told(one)}" for one in given) + ".",
        spec=specification(
            _chart(
                kinds,
                lined={str(line["kind"]) for line in lines},
            ),
            {
                "rows": [{"row": one.name} for one in given],
                "lines": lines,
                "dots": [dot for one in given for dot in _dots(one)],
            },
            height=(_HEIGHT_OF_BOTH if len(kinds) > 1 else _HEIGHT) * len(given) + 24,
        ),
        columns=(*columns[:2], "90 % interval", columns[2], "its 90 % interval"),
        rows=[
            (
                one.name,
                ", ".join(number(value, 4) for value in one.values) or "–",
                ends(one.low, one.high),
                "–" if one.predicted is None else estimate(one.predicted, one.predicted_low, one.predicted_high),
                ends(one.predicted_low, one.predicted_high),
            )
            for one in given
        ],
    )


def _has(one: Strip, kind: str) -> bool:
    return bool(one.values) if kind == _MEASURED else one.predicted is not None


def _told(one: Strip) -> str:
    parts = [f"measured {number(one.values[len(one.values) // 2])}"] if one.values else []
    if one.predicted is not None:
        parts.append(f"predicted {estimate(one.predicted, one.predicted_low, one.predicted_high)}")
    return ", ".join(parts) or "not known"


def _lines(one: Strip) -> list[dict[str, Any]]:
    spans = ((_MEASURED, one.low, one.high), (_PREDICTED, one.predicted_low, one.predicted_high))
    return [
        {"row": one.name, "kind": kind, "low": rounded(low), "high": rounded(high)}
        for kind, low, high in spans
        if low is not None and high is not None
    ]


def _dots(one: Strip) -> list[dict[str, Any]]:
    found = [{"row": one.name, "kind": _MEASURED, "value": rounded(value)} for value in one.values]
    if one.predicted is not None:
        found.append({"row": one.name, "kind": _PREDICTED, "value": rounded(one.predicted)})
    return found


def _chart(kinds: list[str], *, lined: set[str]) -> object:
    """Names, dots of each kind, and lines of those kinds that have any: an axis without data is complained about."""
    import altair as alt

    y = alt.Y("row:N", sort=None, title=None, axis=None)
    axis = {"title": None, "scale": alt.Scale(zero=True), "axis": alt.Axis(tickCount=5)}
    below = 15 if len(kinds) > 1 else 4
    looks = {_MEASURED: (theme.ACCENT, "circle", 4), _PREDICTED: (theme.ORANGE, "diamond", below)}
    names = alt.Chart(alt.NamedData(name="rows")).mark_text(**theme.NAME, dy=-11, fontSize=12).encode(
        x=alt.value(0), y=y, text="row:N"
    )  # fmt: skip
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[looks[kind][0] for kind in kinds]))
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=[looks[kind][1] for kind in kinds]))
    layers: list[object] = []
    for kind in kinds:
        place = {"yOffset": looks[kind][2]}
        if kind in lined:
            layers.append(
                alt.Chart(alt.NamedData(name="lines"))
                .transform_filter(alt.datum.kind == kind)
                .mark_rule(strokeWidth=2, opacity=0.6, **place)
                .encode(x=alt.X("low:Q", **axis), x2="high", y=y, color=colour)
            )
        layers.append(
            alt.Chart(alt.NamedData(name="dots"))
            .transform_filter(alt.datum.kind == kind)
            .mark_point(size=60, filled=True, opacity=0.85, **place)
            .encode(x=alt.X("value:Q", **axis), y=y, color=colour, shape=shape,
                    tooltip=[alt.Tooltip("row:N"), alt.Tooltip("kind:N"), alt.Tooltip("value:Q", format=",.4~r")])
        )  # fmt: skip
    return alt.layer(names, *layers)
