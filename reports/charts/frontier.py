"""The efficiency frontier: the largest rate within the limits against what it costs, and what the last instance buys.

When not to use it: without an objective; there is no cost to weigh a throughput against.
"""

from __future__ import annotations

from typing import Any

from cerberus_plan.planner.plan import FrontierPoint, Plan
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import number, quantity


def frontier(plan: Plan, *, name: str) -> Figure:
    """Splits that no other beats in both cost and rate, with the recommended one marked.

    Args:
        plan: A plan with an objective and a frontier.
        name: Identifier of the figure on its page.
    """
    if plan.objective is None:
        raise ValueError("a frontier belongs to an objective")
    unit, cost = plan.workload.unit, plan.objective.prices.unit
    points = plan.frontier
    first, last = points[0], points[-1]
    return Figure(
        name=name,
        title=f"What each {cost.removesuffix('s')} buys: rate carried [{unit}] against cost [{cost}]",
        caption=(
            "Each dot is a split that none beats in both; its line goes down to the low end of its 90 % interval. The "
            "ring is the recommended split, the dashed line the rate asked for."
            if plan.objective.rate is not None
            else "Each dot is a split that none beats in both; its line goes down to the low end of its 90 % interval. "
            "The ring is the recommended split."
        ),
        description=(
            f"{len(points)} splits from {_split(first)}, {number(first.headroom)} {unit} for {number(first.cost)} "
            f"{cost}, to {_split(last)}, {number(last.headroom)} for {number(last.cost)}."
        ),
        spec=specification(
            _chart(plan, cost, unit),
            {
                "points": [_row(point) for point in points],
                "chosen": [] if plan.best.headroom is None else [
                    {"cost": rounded(plan.best.cost), "headroom": rounded(plan.best.headroom)}
                ],
                "asked": [] if plan.objective.rate is None else [{"rate": rounded(plan.objective.rate)}],
            },
            height=300,
        ),
        columns=("split", f"cost [{cost}]", f"carries [{unit}]", "low end", "gained per cost", "99th percentile"),
        rows=[_told(point) for point in points],
    )  # fmt: skip


def _split(point: FrontierPoint) -> str:
    return f"{point.vms} × {point.cores_per_vm} ({point.system})"


def _told(point: FrontierPoint) -> tuple[str, ...]:
    gain, p99 = point.gain_per_cost, point.p99
    return (
        _split(point),
        number(point.cost),
        number(point.headroom),
        number(point.headroom_low),
        "–" if gain is None else number(gain),
        "–" if p99 is None else quantity(p99, "s"),
    )


def _row(point: FrontierPoint) -> dict[str, Any]:
    return {
        "split": _split(point),
        "cost": rounded(point.cost),
        "headroom": rounded(point.headroom),
        "low": rounded(point.headroom_low),
        "gain": rounded(point.gain_per_cost),
        "p99": "–" if point.p99 is None else quantity(point.p99, "s"),
    }


def _chart(plan: Plan, cost: str, unit: str) -> object:
    import altair as alt

    x = alt.X("cost:Q", title=f"cost [{cost}]", axis=alt.Axis(grid=False))
    y = {"title": None, "axis": alt.Axis(tickCount=5), "scale": alt.Scale(zero=True)}
    points = alt.Chart(alt.NamedData(name="points")).encode(x=x)
    layers = [
        points.mark_line(stroke=theme.ACCENT, strokeWidth=1.5, opacity=0.5).encode(y=alt.Y("headroom:Q", **y)),
        points.mark_rule(stroke=theme.ACCENT, opacity=0.6).encode(y=alt.Y("low:Q", **y), y2="headroom"),
        points.mark_point(size=60, filled=True, fill=theme.ACCENT, opacity=1).encode(
            y=alt.Y("headroom:Q", **y),
            tooltip=[
                alt.Tooltip("split:N"), alt.Tooltip("cost:Q", title=cost),
                alt.Tooltip("headroom:Q", title=unit, format=",.3~r"),
                alt.Tooltip("gain:Q", title="for each of the cost", format=",.3~r"),
                alt.Tooltip("p99:N", title="99th percentile"),
            ],
        ),
    ]  # fmt: skip
    if plan.best.headroom is not None:
        chosen = alt.Chart(alt.NamedData(name="chosen"))
        layers.append(
            chosen.mark_point(size=170, filled=False, stroke=theme.INK, strokeWidth=2.5, opacity=1).encode(
                x=x, y=alt.Y("headroom:Q", **y)
            )
        )
    if plan.objective is not None and plan.objective.rate is not None:
        asked = alt.Chart(alt.NamedData(name="asked"))
        layers.append(
            asked.mark_rule(stroke=theme.ORANGE, strokeDash=[5, 4], strokeWidth=1.8).encode(y=alt.Y("rate:Q", **y))
        )
    return alt.layer(*layers)
