"""The forecast of a fitted curve: measured points, the averaged prediction with its band, the incumbents beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import ends, estimate, number, percent

# Counts that span more than this factor are drawn on a logarithmic axis.
_WIDE = 64.0
_INCUMBENTS = {"usl": ("universal scalability law", [6, 3]), "amdahl": ("Amdahl's law", [2, 3])}


def forecast(result: Mapping[str, Any], *, name: str) -> Figure:
    """The curve of a ``fit --json`` document.

    Args:
        result: The document.
        name: Identifier of the figure on its page.
    """
    path, points = result["path"], result["points"]
    first, last = path[0], path[-1]
    return Figure(
        name=name,
        title=f"{result['quantity'].capitalize()} against {result['count']}",
        caption=(
            "Filled points were used, outlined ones were kept out to judge; the band is the "
            f"{percent(result['level'])} interval, the dashed lines what others would predict from the same points."
        ),
        description=(
            f"The averaged prediction runs from {_expected(first)} at {first['n']:g} to {_expected(last)} "
            f"({ends(last['low'], last['high'])}) at {last['n']:g} {result['count']}."
        ),
        spec=specification(
            _chart(result, logarithmic=last["n"] / path[0]["n"] > _WIDE),
            {
                "path": _shortened(path, ("n", "value", "low", "high")),
                "points": _shortened(points, ("n", "value", "used")),
                "others": [
                    {"law": _title(law["name"]), "n": row["n"], "value": rounded(row["value"])}
                    for law in result["incumbents"]
                    for row in law["path"]
                ],
                "marks": _marks(result),
            },
            height=360,
        ),
        columns=(
            result["count"],
            "expected",
            f"{percent(result['level'])} interval",
            *(law["name"] for law in result["incumbents"]),
        ),
        rows=[
            (
                f"{row['n']:g}", _expected(row), ends(row["low"], row["high"]),
                *(number(law["predictions"][at]["value"]) for law in result["incumbents"]),
            )
            for at, row in enumerate(result["predictions"])
        ],
    )  # fmt: skip


def _expected(row: Mapping[str, Any]) -> str:
    return estimate(row["value"], row["low"], row["high"])


def _title(law: str) -> str:
    return _INCUMBENTS[law][0] if law in _INCUMBENTS else law


def _shortened(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[dict[str, Any]]:
    return [{key: row[key] if isinstance(row[key], bool) else rounded(row[key]) for key in keys} for row in rows]


# Height of a line of text in the chart [px].
_TEXT_LINE = 15


def _marks(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Vertical lines: the last measured count, and what to run next."""
    marks = [{"n": result["measured"]["largest_n"], "text": "measured up to here"}]
    if not result["decided"]:
        marks.append({"n": result["next"]["n"], "text": "learns most"})
    if result["confirm"] is not None and (result["decided"] or result["confirm"]["n"] != result["next"]["n"]):
        marks.append({"n": result["confirm"]["n"], "text": "makes sure of the best"})
    return marks


def _side(mark: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """Where a text stands so that it stays within the chart: left of its line near the right edge."""
    return "right" if mark["n"] > 0.55 * result["path"][-1]["n"] else "left"


def _chart(result: Mapping[str, Any], *, logarithmic: bool) -> object:
    import altair as alt

    scale = alt.Scale(type="log", base=2, nice=False) if logarithmic else alt.Scale(zero=True, nice=False)
    x = alt.X("n:Q", title=result["count"], scale=scale, axis=alt.Axis(grid=False))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6))
    tooltip = [
        alt.Tooltip("n:Q", title=result["count"]),
        alt.Tooltip("value:Q", title="expected", format=",.4~r"),
        alt.Tooltip("low:Q", format=",.4~r"),
        alt.Tooltip("high:Q", format=",.4~r"),
    ]
    path = alt.Chart(alt.NamedData(name="path")).encode(x=x)
    band = path.mark_area(fill=theme.ACCENT, opacity=0.16).encode(y=alt.Y("low:Q", title=None), y2="high")
    line = path.mark_line(stroke=theme.ACCENT).encode(y=y)
    targets = path.mark_point(size=220, opacity=0).encode(y=y, tooltip=tooltip)
    names = [_title(law["name"]) for law in result["incumbents"]]
    dashes = [_INCUMBENTS.get(law["name"], ("", [4, 4]))[1] for law in result["incumbents"]]
    others = (
        alt.Chart(alt.NamedData(name="others"))
        .mark_line(stroke=theme.MUTED, strokeWidth=1.5)
        .encode(x=x, y=y, strokeDash=alt.StrokeDash("law:N", scale=alt.Scale(domain=names, range=dashes)))
    )
    points = (
        alt.Chart(alt.NamedData(name="points"))
        .mark_point(size=60, filled=True, opacity=1, stroke=theme.INK, strokeWidth=1.6)
        .encode(
            x=x,
            y=y,
            fill=alt.condition("datum.used", alt.value(theme.INK), alt.value(theme.PAPER)),
            tooltip=[tooltip[0], alt.Tooltip("value:Q", title="measured", format=",.4~r")],
        )
    )
    marks = alt.Chart(alt.NamedData(name="marks")).encode(x=x)
    rules = marks.mark_rule(stroke=theme.MUTED, strokeDash=[2, 2])
    texts = [
        # one below the other, for on a narrow screen the lines stand close together
        marks.transform_filter(alt.datum.text == mark["text"])
        .mark_text(align=_side(mark, result), baseline="top", dx=5 if _side(mark, result) == "left" else -5,
                   dy=2 + _TEXT_LINE * number, color=theme.MUTED, **halo)
        .encode(y=alt.value(0), text="text:N")
        for number, mark in enumerate(_marks(result))
        for halo in (theme.HALO, {})
    ]  # fmt: skip
    return alt.layer(band, others, line, rules, *texts, targets, points)
