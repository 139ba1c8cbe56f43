"""The live chart: throughput against cores under the settings of the page's controls, over the plan as printed.

The page fills the data set ``now`` with every change of a control, and names the systems that are then drawn beside
the chart (``templates/controls.js``), for a legend of it would name all that a control may show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import rounded, specification, whole
from cerberus_plan.reports.pages import reading


def what_if(plan: Plan, names: Sequence[str]) -> dict[str, Any]:
    """Specification of the chart.

    Args:
        plan: The plan, drawn pale as what it was.
        names: Systems that the controls may show.
    """
    rows = [
        {
            "system": c.system,
            "cores": cores,
            "throughput": rounded(c.throughput),
            "split": reading.split_text(c),
            "best": c is plan.best,
        }
        for system in reading.systems(plan)
        for cores, c in _with_the_best(plan, reading.by_cores(plan, system))
    ]
    return specification(_chart(plan, list(names)), {"planned": rows, "now": rows}, height=220)


def _with_the_best(plan: Plan, curve: Sequence[tuple[int, Candidate]]) -> list[tuple[int, Candidate]]:
    """The curve through the recommended split, which need not be the fastest of its cores."""
    here = {(plan.best.system, plan.best.cores)}
    return [(cores, plan.best if (c.system, cores) in here else c) for cores, c in curve]


def _chart(plan: Plan, names: list[str]) -> object:
    import altair as alt

    colours, _ = theme.system_colours(names)
    place = {
        "x": alt.X("cores:Q", title="cores", scale=alt.Scale(domain=[0, plan.constraints.cores], nice=False),
                   axis=alt.Axis(**whole(plan.constraints.cores), grid=False)),
        "y": alt.Y("throughput:Q", title=None, axis=alt.Axis(tickCount=4)),
    }  # fmt: skip
    scale = alt.Scale(domain=names, range=colours)
    colour = alt.Color("system:N", legend=None, scale=scale)
    planned = alt.Chart(alt.NamedData(name="planned")).mark_line(strokeWidth=1.5, strokeDash=[3, 3], opacity=0.55)
    now = alt.Chart(alt.NamedData(name="now"))
    best = now.transform_filter("datum.best").mark_point(size=120, fill=theme.PAPER, strokeWidth=2.5, opacity=1)
    tooltip = [
        alt.Tooltip("system:N"),
        alt.Tooltip("cores:Q"),
        alt.Tooltip("split:N"),
        alt.Tooltip("throughput:Q", title=plan.workload.unit, format=",.4~r"),
    ]
    return alt.layer(
        planned.encode(color=colour, **place),
        now.mark_line().encode(color=colour, **place),
        now.mark_point(size=220, opacity=0).encode(tooltip=tooltip, **place),
        best.encode(stroke=alt.Stroke("system:N", legend=None, scale=scale), **place),
    )
