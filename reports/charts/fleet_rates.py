"""What each workload of a fleet is sure of, beside its rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.fleet_words import brief, counted, room, survives
from cerberus_plan.reports.formats import interval, number, percent


def fleet_rates(workloads: Sequence[Mapping[str, Any]], *, name: str) -> Figure:
    """A bar a workload: what it can count on, over its rate.

    Args:
        workloads: The workloads of a fleet's document.
        name: Identifier of the figure on its page.
    """
    tightest = min(workloads, key=lambda row: row["headroom"])
    return Figure(
        name=name,
        title="What each workload can count on",
        caption=(
            "Throughput of all its machines as a multiple of its rate: the bar is what can be counted on, the line the "
            "90 % interval around what is expected, the tick the rate itself."
        ),
        description=(
            f"{counted(len(workloads), 'workload')}; the tightest is {tightest['name']}, which can count on "
            f"{number(tightest['counted_on'] / tightest['rate'])} times its rate."
        ),
        spec=specification(_chart(), {"rates": [_row(row) for row in workloads]}, height=58 * len(workloads) + 24),
        columns=(
            "workload", "rate", "counted on", "expected", "90 % interval", "machines", "headroom", "risk",
            "risk after losses",
        ),
        rows=[
            (
                row["name"],
                f"{number(row['rate'], 4)} {row['unit']}",
                number(row["counted_on"], 4),
                number(row["throughput"], 4),
                interval(row["low"], row["high"], digits=4),
                str(row["machines"]),
                room(row),
                percent(row["risk"]),
                survives(row),
            )
            for row in workloads
        ],
    )  # fmt: skip


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    rate = row["rate"]
    return {
        "workload": row["name"],
        "text": f"{brief(row['name'])}, {counted(row['machines'], 'machine')}",
        "zero": 0.0,
        "one": 1.0,
        "sure": rounded(row["counted_on"] / rate),
        "expected": rounded(row["throughput"] / rate),
        "low": rounded(row["low"] / rate),
        "high": rounded(row["high"] / rate),
    }


def _chart() -> object:
    import altair as alt

    base = alt.Chart(alt.NamedData(name="rates")).encode(y=alt.Y("workload:N", sort=None, title=None, axis=None))
    axis = alt.Axis(format="~r", tickCount=6, labelExpr="datum.label + ' ×'")
    tooltip = [
        alt.Tooltip("workload:N"),
        alt.Tooltip("sure:Q", title="counted on, times the rate", format=",.3~r"),
        alt.Tooltip("expected:Q", title="expected", format=",.3~r"),
    ]
    bars = base.mark_bar(size=16, fill=theme.ACCENT, opacity=0.85).encode(
        x=alt.X("zero:Q", title=None, axis=axis), x2="sure", tooltip=tooltip
    )
    lines = base.mark_rule(stroke=theme.INK, strokeWidth=1.6).encode(x=alt.X("low:Q"), x2="high")
    dots = base.mark_point(size=34, filled=True, color=theme.INK, opacity=1).encode(x=alt.X("expected:Q"))
    ticks = base.mark_tick(color=theme.ORANGE, thickness=3, size=28).encode(x=alt.X("one:Q"))
    labels = base.mark_text(align="left", dy=-20, fontSize=13, fontWeight=600).encode(x=alt.value(0), text="text:N")
    return alt.layer(bars, lines, dots, ticks, labels)
