"""A bar a workload: what it gets as a multiple of a yardstick, its interval as a line, what it was promised as a tick.

When not to use it: for what has no promise; those are ``bars`` or ``strips``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import rounded, specification

# Height of a row, and of the axis below all of them [px].
_ROW, _AXIS = 60, 24


def row(
    workload: str, text: str, *, bar: float, low: float, high: float, tick: float, dot: float | None = None
) -> dict[str, Any]:
    """The bar of one workload, all in multiples of the yardstick; a dot marks what is expected where the bar is not."""
    numbers = {"bar": bar, "low": low, "high": high, "tick": tick, "dot": dot}
    return {"workload": workload, "text": text, "zero": 0.0, **{name: rounded(one) for name, one in numbers.items()}}


def specified(rows: Sequence[Mapping[str, Any]], *, axis: Mapping[str, str], says: Mapping[str, str]) -> dict[str, Any]:
    """The specification of the chart.

    Args:
        rows: As ``row`` makes them.
        axis: Format of the axis, as Vega has it.
        says: What is told of each member on hovering.
    """
    dotted = any(one["dot"] is not None for one in rows)
    chart = _chart(axis, says, dotted=dotted)
    return specification(chart, {"workloads": rows}, height=_ROW * len(rows) + _AXIS)


def _chart(axis: Mapping[str, str], says: Mapping[str, str], *, dotted: bool) -> object:
    import altair as alt

    base = alt.Chart(alt.NamedData(name="workloads")).encode(y=alt.Y("workload:N", sort=None, title=None, axis=None))
    tooltip = [alt.Tooltip("workload:N")]
    tooltip += [alt.Tooltip(f"{name}:Q", title=title, format=axis.get("tip", axis["format"]))
                for name, title in says.items()]  # fmt: skip
    drawn = {name: value for name, value in axis.items() if name != "tip"}
    bars = base.mark_bar(size=17, fill=theme.ACCENT, opacity=0.85).encode(
        x=alt.X("zero:Q", title=None, axis=alt.Axis(tickCount=6, **drawn)), x2="bar", tooltip=tooltip
    )
    lines = base.mark_rule(stroke=theme.INK, strokeWidth=1.6).encode(x=alt.X("low:Q"), x2="high")
    dots = base.mark_point(size=34, filled=True, color=theme.INK, opacity=1).encode(x=alt.X("dot:Q"))
    ticks = base.mark_tick(color=theme.ORANGE, thickness=3, size=29).encode(x=alt.X("tick:Q"))
    labels = base.mark_text(**theme.NAME, dy=-20, fontSize=13, fontWeight=600).encode(x=alt.value(0), text="text:N")
    return alt.layer(bars, lines, *([dots] if dotted else []), ticks, labels)
