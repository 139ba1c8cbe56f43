"""Throughput against cores: one line a system, its interval as a band, published or measured points on top.

A clustered system's line is its best split for each number of cores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cerberus_plan.model.digits import counted
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification, whole
from cerberus_plan.reports.formats import ends, estimate
from cerberus_plan.reports.pages import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A throughput somebody measured, to be drawn on the curves.

    Attributes:
        system: Name of the system that was measured.
        cores: Cores used.
        throughput: In the workload's unit.
        source: Where it is from.
    """

    system: str
    cores: int
    throughput: float
    source: str


Curves = Mapping[str, Sequence[tuple[int, Candidate]]]


def scaling(plan: Plan, *, name: str, points: Sequence[Point] = ()) -> Figure:
    """Curves of every system of the plan, with the given points.

    Args:
        plan: The plan.
        name: Identifier of the figure on its page.
        points: Published or measured throughputs.
    """
    curves = {system: reading.by_cores(plan, system) for system in reading.systems(plan)}
    clustered = set(reading.clustered_systems(plan))
    several = (
        " A clustered system is shown at its best split of at most so many cores; steps are counts that divide badly."
        if clustered
        else ""
    )
    marked = f" Outlined marks are {len(points)} published or measured points." if points else ""
    return Figure(
        spec=specification(
            _chart(plan, list(curves), points=bool(points)),
            {
                "curves": _rows(curves.values()),
                "points": [
                    {"system": p.system, "cores": p.cores, "throughput": rounded(p.throughput), "source": p.source}
                    for p in points
                ],
            },
            height=320,
        ),
        name=name,
        title=f"Throughput against cores [{plan.workload.unit}]",
        caption=f"The band is the 90 % interval.{several}{marked}",
        description=_description(plan, curves),
        columns=("system", "cores", "split", f"throughput [{plan.workload.unit}]", "90 % interval"),
        rows=[
            (c.system, str(cores), reading.split_text(c), estimate(c.throughput, c.low, c.high), ends(c.low, c.high))
            for curve in curves.values()
            for cores, c in curve
        ],
    )


def _description(plan: Plan, curves: Curves) -> str:
    sentences = []
    for system, curve in curves.items():
        _, peak = max(curve, key=lambda point: point[1].throughput)
        last = curve[-1][1]
        sentence = f"{system} peaks at {_told(peak)} {plan.workload.unit} with {counted(peak.cores, 'core')}"
        if last is not peak:
            sentence += f" and has {_told(last)} with {last.cores}"
        sentences.append(sentence + ".")
    return " ".join(sentences)


def _told(candidate: Candidate) -> str:
    return estimate(candidate.throughput, candidate.low, candidate.high)


def _rows(curves: Iterable[Sequence[tuple[int, Candidate]]]) -> list[dict[str, object]]:
    return [
        {
            "system": c.system,
            "cores": cores,
            "throughput": rounded(c.throughput),
            "low": rounded(c.low),
            "high": rounded(c.high),
            "split": reading.split_text(c),
            "interval": ends(c.low, c.high),
        }
        for curve in curves
        for cores, c in curve
    ]


def _chart(plan: Plan, names: list[str], *, points: bool) -> object:
    import altair as alt

    unit = plan.workload.unit
    colours, shapes = theme.system_colours(names)
    paint = {"scale": alt.Scale(domain=names, range=colours)}
    place = {
        "x": alt.X("cores:Q", title="cores", scale=alt.Scale(domain=[0, plan.constraints.cores], nice=False),
                   axis=alt.Axis(**whole(plan.constraints.cores), grid=False)),
        "y": alt.Y("throughput:Q", title=None, axis=alt.Axis(tickCount=6)),
    }  # fmt: skip
    tooltip = [
        alt.Tooltip("system:N"),
        alt.Tooltip("cores:Q"),
        alt.Tooltip("split:N"),
        alt.Tooltip("throughput:Q", title=unit, format=",.4~r"),
        alt.Tooltip("interval:N", title="90 % interval"),
    ]
    base = alt.Chart(alt.NamedData(name="curves")).encode(
        color=alt.Color("system:N", legend=theme.LINE_LEGEND, **paint), **place
    )
    band = base.mark_area(opacity=0.16, line=False).encode(y=alt.Y("low:Q", title=None), y2="high")
    # an invisible, larger mark at each core count makes the thin line easy to point at
    targets = base.mark_point(size=220, opacity=0).encode(tooltip=tooltip)
    layers = [band, base.mark_line(), targets]
    if points:
        layers.append(
            alt.Chart(alt.NamedData(name="points"))
            .mark_point(size=85, fill=theme.PAPER, filled=False, strokeWidth=2.2, opacity=1)
            .encode(
                color=alt.Color("system:N", legend=theme.LINE_LEGEND, **paint),
                shape=alt.Shape("system:N", scale=alt.Scale(domain=names, range=shapes), legend=theme.LINE_LEGEND),
                tooltip=[*tooltip[:2], tooltip[3], alt.Tooltip("source:N")],
                **place,
            )
        )
    return alt.layer(*layers)
