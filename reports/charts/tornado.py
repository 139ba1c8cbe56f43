"""The tornado: how far each uncertain input alone moves the recommended split's throughput, the widest first."""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.model.digits import counted
from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.splits.sensitivity import End, Sensitivity
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import number, percent, quantity
from cerberus_plan.reports.pages import reading

# Bars worth drawing; the table has them all.
_MOST_BARS = 8
# Swings and losses below this share are nothing anybody could measure.
NEGLIGIBLE = 0.005


def tornado(plan: Plan, found: Sequence[Sensitivity], *, name: str) -> Figure:
    """Bars from the throughput with an input at the low end of its interval to that at the high end.

    Args:
        plan: The plan.
        found: Its sensitivities, at least one.
        name: Identifier of the figure on its page.
    """
    shown = sorted(found, key=lambda one: -one.swing)[:_MOST_BARS]
    shown = [one for one in shown if one.swing >= NEGLIGIBLE] or shown[:1]
    return Figure(
        name=name,
        title="What each input could do to it",
        caption=(
            "Each bar takes one input from the low end (pale) to the high end (strong) of its 90 % interval and shows "
            f"the throughput of {reading.split_text(plan.best)} against the plan's."
        ),
        description=_description(shown),
        spec=specification(_chart(), {"bars": _rows(plan, shown)}, height=34 * len(shown) + 24),
        columns=(
            "input",
            "90 % interval",
            f"throughput there [{plan.workload.unit}]",
            "fastest split there",
            "lost by keeping ours",
        ),
        rows=[_table_row(plan, one) for one in found],
    )


def label(name: str) -> str:
    """An input's name for people: "hypervisor operation"."""
    return name.partition(".")[2].replace("_", " ")


def _description(shown: Sequence[Sensitivity]) -> str:
    parts = [f"{label(one.name)} moves it by {percent(one.swing)}" for one in shown[:3]]
    return f"Bars of {counted(len(shown), 'input')}; the widest: " + ", ".join(parts) + "."


def _table_row(plan: Plan, one: Sensitivity) -> tuple[str, ...]:
    unit = plan.inputs[one.name].unit
    return (
        label(one.name),
        f"{quantity(one.low.value, unit)} to {quantity(one.high.value, unit)}",
        f"{number(one.low.throughput)} to {number(one.high.throughput)}",
        _both(_split(one.low), _split(one.high)),
        _both(percent(one.low.loss), percent(one.high.loss)),
    )


def _split(end: End) -> str:
    return f"{end.vms} × {end.cores_per_vm} ({end.system})"


def _both(low: str, high: str) -> str:
    return low if low == high else f"{low}; {high}"


def _rows(plan: Plan, shown: Sequence[Sensitivity]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for one in shown:
        unit = plan.inputs[one.name].unit
        for end, which in ((one.low, "low"), (one.high, "high")):
            rows.append({
                "input": label(one.name), "end": which, "start": 0.0,
                "change": rounded(end.throughput / plan.best.throughput - 1.0),
                "value": quantity(end.value, unit), "fastest": _split(end), "loss": percent(end.loss),
            })  # fmt: skip
    return rows


def _chart() -> object:
    import altair as alt

    base = alt.Chart(alt.NamedData(name="bars"))
    y = alt.Y("input:N", title=None, sort=None, axis=None)
    bars = base.mark_bar(size=12, fill=theme.ACCENT, yOffset=8).encode(
        x=alt.X("start:Q", title=None, axis=alt.Axis(format="+.0%", tickCount=5, labelExpr=theme.PERCENT)),
        x2="change",
        y=y,
        fillOpacity=alt.condition("datum.end == 'low'", alt.value(0.35), alt.value(1)),
        tooltip=[
            alt.Tooltip("input:N"),
            alt.Tooltip("end:N", title="end of the interval"),
            alt.Tooltip("value:N", title="input"),
            alt.Tooltip("change:Q", title="throughput", format="+.1%"),
            alt.Tooltip("fastest:N", title="fastest split then"),
            alt.Tooltip("loss:N", title="lost by keeping ours"),
        ],
    )
    labels = (
        base.transform_filter("datum.end == 'low'")
        .mark_text(align="left", dy=-6, fontSize=12, color=theme.INK)
        .encode(x=alt.value(0), y=y, text="input:N")
    )
    return alt.layer(bars, labels)
