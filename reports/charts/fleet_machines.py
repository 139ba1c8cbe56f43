"""How many machines of each type a fleet uses, and for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.model.digits import counted
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.fleet_words import amount, brief


def fleet_machines(machines: Sequence[Mapping[str, Any]], *, currency: str, name: str) -> Figure:
    """A bar a type: machines used, of those there are.

    Args:
        machines: The machines of a fleet's document.
        currency: What prices are in.
        name: Identifier of the figure on its page.
    """
    used = [row for row in machines if row["used"]]
    idle = sum(row["count"] - row["used"] for row in machines)
    return Figure(
        name=name,
        title="Which machines are used",
        caption="Machines of each type: the bar is those used, the frame those there are.",
        description=". ".join(f"{row['name']}: {row['used']} of {row['count']} used" for row in machines)
        + f". {counted(idle, 'machine')} stay idle; {counted(len(used), 'type')} of {len(machines)} are used.",
        spec=specification(_chart(), {"machines": [_row(row) for row in machines]}, height=50 * len(machines) + 24),
        columns=("type", "machine", "cores each", "used", "there are", f"price of one [{currency}]", "cost"),
        rows=[
            (
                row["name"],
                row["machine"],
                str(row["cores"]),
                str(row["used"]),
                str(row["count"]),
                amount(row["price"]),
                amount(row["price"] * row["used"]),
            )
            for row in machines
        ],
    )


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": row["name"],
        "text": f"{brief(row['name'])}, {row['used']} of {row['count']}",
        "zero": 0.0,
        "used": rounded(float(row["used"])),
        "count": rounded(float(row["count"])),
    }


def _chart() -> object:
    import altair as alt

    base = alt.Chart(alt.NamedData(name="machines")).encode(y=alt.Y("type:N", sort=None, title=None, axis=None))
    axis = alt.Axis(format=",.0~f", tickCount=6, tickMinStep=1)
    tooltip = [alt.Tooltip("type:N"), alt.Tooltip("used:Q"), alt.Tooltip("count:Q", title="there are")]
    frames = base.mark_bar(size=14, fillOpacity=0, stroke=theme.MUTED, strokeWidth=1).encode(
        x=alt.X("zero:Q", title=None, axis=axis), x2="count", tooltip=tooltip
    )
    bars = base.mark_bar(size=14, fill=theme.ACCENT, opacity=0.85).encode(x=alt.X("zero:Q"), x2="used", tooltip=tooltip)
    labels = base.mark_text(**theme.NAME, dy=-18, fontSize=13, fontWeight=600).encode(x=alt.value(0), text="text:N")
    return alt.layer(bars, frames, labels)
