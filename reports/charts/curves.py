"""A few named curves against cores, with published numbers as marks on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import exact, number

_COLOURS = (theme.GREY, theme.ORANGE, theme.SKY, theme.BLUE)
_DASHES = ([1, 0], [1, 0], [6, 3], [1, 0])
_SHAPES = ("circle", "square", "triangle-up", "diamond")


def curves(given: Mapping[str, Any], *, name: str) -> Figure:
    """One figure of ``reproduce --json``.

    Args:
        given: Number, title, unit and series of the figure.
        name: Identifier of the figure on its page.
    """
    series: Sequence[Mapping[str, Any]] = given["series"]
    anchored = [(one["label"], cores, value) for one in series for cores, value in one["anchors"]]
    ends = [f"{one['label']} {number(one['values'][-1])} at {one['cores'][-1]} cores" for one in series]
    told = f"{len(anchored)} published numbers are marked." if anchored else "No number of it is published."
    return Figure(
        name=name,
        title=f"Figure {given['number']}: {given['title']} [{given['unit']}]",
        caption=f"The model's curves at the core counts of the source. {told}",
        description=f"{given['title']}: " + ", ".join(ends) + ".",
        spec=specification(
            _chart([one["label"] for one in series], anchored=bool(anchored)),
            {
                "curves": [
                    {"series": one["label"], "cores": cores, "value": rounded(value)}
                    for one in series
                    for cores, value in zip(one["cores"], one["values"], strict=True)
                ],
                "anchors": [
                    {"series": label, "cores": cores, "value": rounded(value)} for label, cores, value in anchored
                ],
            },
            height=280,
        ),
        columns=("series", "cores", given["unit"], "published"),
        rows=[
            (one["label"], str(cores), number(value, 4), _published(one, cores))
            for one in series
            for cores, value in zip(one["cores"], one["values"], strict=True)
        ],
    )  # fmt: skip


def _published(one: Mapping[str, Any], cores: int) -> str:
    return next((exact(value) for at, value in one["anchors"] if at == cores), "")


def _chart(labels: list[str], *, anchored: bool) -> object:
    import altair as alt

    n = len(labels)
    colours = [*_COLOURS[: n - 1], _COLOURS[-1]] if n < len(_COLOURS) else list(_COLOURS)
    scales = {
        "color": alt.Color("series:N", legend=theme.LINE_LEGEND, sort=None,
                           scale=alt.Scale(domain=labels, range=colours)),
        "x": alt.X("cores:Q", title="cores", axis=alt.Axis(grid=False)),
        "y": alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5)),
    }  # fmt: skip
    line = alt.Chart(alt.NamedData(name="curves")).encode(**scales)
    tooltip = [alt.Tooltip("series:N"), alt.Tooltip("cores:Q"), alt.Tooltip("value:Q", format=",.4~r")]
    anchors = (
        alt.Chart(alt.NamedData(name="anchors"))
        .mark_point(size=85, fill=theme.PAPER, filled=False, strokeWidth=2.2, opacity=1)
        .encode(
            shape=alt.Shape("series:N", sort=None, legend=theme.LINE_LEGEND,
                            scale=alt.Scale(domain=labels, range=list(_SHAPES[:n]))),
            tooltip=[*tooltip[:2], alt.Tooltip("value:Q", title="published", format=",.5~r")],
            **scales,
        )
    )  # fmt: skip
    lines = [
        line.transform_filter(alt.datum.series == label).mark_line(strokeDash=dash)
        for label, dash in zip(labels, _DASHES, strict=False)
    ]
    layers = [*lines, line.mark_point(size=180, opacity=0).encode(tooltip=tooltip)]
    return alt.layer(*layers, *([anchors] if anchored else []))
