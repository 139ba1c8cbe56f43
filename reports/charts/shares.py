"""What each workload of a mixture gets: its throughput against its share of what it would have alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import ends, estimate, number, percent


def shares(parts: Sequence[Mapping[str, Any]], *, name: str) -> Figure:
    """A bar a workload: throughput over throughput alone; a tick at the share it was promised.

    Args:
        parts: The parts of a mixture's document.
        name: Identifier of the figure on its page.
    """
    return Figure(
        name=name,
        title="What each workload gets",
        caption=(
            "Throughput as a share of what the workload would reach with the whole machine to itself. The tick is what "
            "taking turns would give it; the line is the 90 % interval."
        ),
        description=". ".join(
            f"{part['workload']}: {percent(part['throughput'] / part['alone'])} of its throughput alone, where taking "
            f"turns gives {percent(part['share'])}"
            for part in parts
        )
        + ".",
        spec=specification(_chart(), {"parts": [_row(part) for part in parts]}, height=64 * len(parts) + 20),
        columns=("workload", "split", "cores", "throughput", "90 % interval", "alone", "promised share"),
        rows=[
            (
                part["workload"],
                split_text(part["split"]),
                str(part["cores"]),
                estimate(part["throughput"], part["low"], part["high"], part["unit"]),
                ends(part["low"], part["high"]),
                f"{number(part['alone'])} {part['unit']}",
                percent(part["share"]),
            )
            for part in parts
        ],
    )


def split_text(split: Sequence[int]) -> str:
    """Sizes of instances, equal ones counted: "7 × 1 + 2 × 3"."""
    sizes = dict.fromkeys(split)
    return " + ".join(f"{split.count(size)} × {size}" for size in sizes)


def _row(part: Mapping[str, Any]) -> dict[str, Any]:
    alone = part["alone"]
    return {
        "workload": part["workload"],
        "text": f"{part['workload']}  {split_text(part['split'])} cores",
        "zero": 0.0,
        "ratio": rounded(part["throughput"] / alone),
        "low": rounded(part["low"] / alone),
        "high": rounded(part["high"] / alone),
        "share": rounded(part["share"]),
    }


def _chart() -> object:
    import altair as alt

    base = alt.Chart(alt.NamedData(name="parts")).encode(y=alt.Y("workload:N", sort=None, title=None, axis=None))
    axis = alt.Axis(format="%", tickCount=6)
    tooltip = [
        alt.Tooltip("workload:N"),
        alt.Tooltip("ratio:Q", title="of its throughput alone", format=".1%"),
        alt.Tooltip("share:Q", title="taking turns", format=".1%"),
    ]
    bars = base.mark_bar(size=18, fill=theme.ACCENT, opacity=0.85).encode(
        x=alt.X("zero:Q", title=None, axis=axis), x2="ratio", tooltip=tooltip
    )
    lines = base.mark_rule(stroke=theme.INK, strokeWidth=1.6).encode(x=alt.X("low:Q"), x2="high")
    ticks = base.mark_tick(color=theme.ORANGE, thickness=3, size=30).encode(x=alt.X("share:Q"))
    labels = base.mark_text(align="left", dy=-21, fontSize=13, fontWeight=600).encode(x=alt.value(0), text="text:N")
    return alt.layer(bars, lines, ticks, labels)
