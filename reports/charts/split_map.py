"""The split map: how many instances against how big, each possible split a tile.

The axes are square roots, so that small counts, where one core more matters, get more room.
Uneven splits have no place on it and are left to the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import interval, number, percent
from cerberus_plan.reports.pages import reading


def split_map(plan: Plan, system: str, *, name: str) -> Figure:
    """Tiles of one system's even splits, stronger colour for more throughput; the best and its ties marked.

    Args:
        plan: The plan.
        system: The clustered system to draw.
        name: Identifier of the figure on its page.
    """
    cells = [c for c in plan.candidates if c.system == system and c.cores_per_vm is not None]
    top = max(cells, key=lambda c: c.throughput)
    best = next((c for c in cells if reading.same_split(c, plan.best)), top)
    ties = [c for c in cells if any(reading.same_split(c, t) for t in plan.ties) and c is not best]
    return Figure(
        spec=specification(
            _chart(plan.workload.unit, cells),
            {"cells": _rows(cells, best, ties)},
            height=340,
        ),
        name=name,
        title=f"Every split under {system}",
        caption=_caption(plan, best, ties),
        description=(
            f"Map of {len(cells)} splits under {system}: instances against cores of each. The highest throughput, "
            f"{number(top.throughput, 4)} {plan.workload.unit}, is at {reading.split_text(top)}."
        ),
        columns=("instances", "cores each", f"throughput [{plan.workload.unit}]", "90 % interval", "chance to be best"),
        rows=[
            (str(c.vms), str(c.cores_per_vm), number(c.throughput, 4), interval(c.low, c.high, digits=4),
             percent(c.probability_best))
            for c in sorted(cells, key=lambda c: -c.throughput)
        ],
    )  # fmt: skip


def _caption(plan: Plan, best: Candidate, ties: list[Candidate]) -> str:
    if reading.same_split(best, plan.best):
        marked = "The ring marks the recommended split"
    else:
        marked = f"The ring marks the fastest split here; recommended is {plan.best.system}"
    if ties:
        marked += ", small dots mark ties that the model cannot tell from it"
    return f"Stronger colour is more throughput. {marked}. Point at a tile for its interval."


def _edges(values: Iterable[int]) -> dict[int, tuple[float, float]]:
    """Where the tile of each value begins and ends: half-way to its neighbours."""
    known = sorted(set(values))
    middles = [(a + b) / 2 for a, b in pairwise(known)]
    return dict(zip(known, pairwise([known[0] - 0.5, *middles, known[-1] + 0.5]), strict=True))


def _rows(cells: list[Candidate], best: Candidate, ties: list[Candidate]) -> list[dict[str, object]]:
    """The tiles. Not every count is planned on large machines; a tile reaches half-way to the next that is."""
    top = max(c.throughput for c in cells)
    marks = {id(best): "best"} | {id(tie): "tie" for tie in ties}
    across = _edges(c.cores_per_vm or 1 for c in cells)
    up = {size: _edges(c.vms for c in cells if c.cores_per_vm == size) for size in across}
    return [
        _row(c, top, marks.get(id(c), ""), across[c.cores_per_vm or 1], up[c.cores_per_vm or 1][c.vms]) for c in cells
    ]


def _row(
    cell: Candidate, top: float, mark: str, across: tuple[float, float], up: tuple[float, float]
) -> dict[str, object]:
    return {
        "cores": cell.cores_per_vm, "cores0": across[0], "cores1": across[1],
        "vms": cell.vms, "vms0": up[0], "vms1": up[1],
        "used": cell.cores, "mark": mark,
        "share": rounded(cell.throughput / top),
        "throughput": rounded(cell.throughput),
        "interval": interval(cell.low, cell.high, digits=4),
        "probability": percent(cell.probability_best),
        "lost": cell.bottleneck,
    }  # fmt: skip


def _chart(unit: str, cells: list[Candidate]) -> object:
    import altair as alt

    base = alt.Chart(alt.NamedData(name="cells"))
    scales = [
        alt.Scale(type="sqrt", domain=[0.5, max(values) + 0.5], nice=False, zero=False)
        for values in ([c.cores_per_vm or 1 for c in cells], [c.vms for c in cells])
    ]
    axes = [
        alt.Axis(title=title, values=_ticks(most), grid=False, format="d")
        for title, most in (
            ("cores of each instance", max(c.cores_per_vm or 1 for c in cells)),
            ("instances", max(c.vms for c in cells)),
        )
    ]
    x, y = ({"scale": scale, "axis": axis} for scale, axis in zip(scales, axes, strict=True))
    tooltip = [
        alt.Tooltip("vms:Q", title="instances"),
        alt.Tooltip("cores:Q", title="cores of each"),
        alt.Tooltip("used:Q", title="cores used"),
        alt.Tooltip("throughput:Q", title=unit, format=",.4~r"),
        alt.Tooltip("interval:N", title="90 % interval"),
        alt.Tooltip("probability:N", title="chance to be best"),
        alt.Tooltip("lost:N", title="bottleneck"),
    ]
    tiles = base.mark_rect(fill=theme.ACCENT, stroke=theme.PAPER, strokeWidth=1).encode(
        x=alt.X("cores0:Q", **x), x2="cores1", y=alt.Y("vms0:Q", **y), y2="vms1",
        fillOpacity=alt.FillOpacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.05, 0.95]),
                                    legend=None),
        tooltip=tooltip,
    )  # fmt: skip
    place = {"x": alt.X("cores:Q", **x), "y": alt.Y("vms:Q", **y), "tooltip": tooltip}
    dots = base.transform_filter("datum.mark == 'tie'").mark_point(
        size=26, fill=theme.PAPER, stroke=theme.INK, strokeWidth=1.5, opacity=1
    ).encode(**place)  # fmt: skip
    ring = base.transform_filter("datum.mark == 'best'").mark_point(
        size=190, fill=theme.PAPER, stroke=theme.INK, strokeWidth=2.5, opacity=1, filled=True
    ).encode(**place)  # fmt: skip
    centre = base.transform_filter("datum.mark == 'best'").mark_point(
        size=50, fill=theme.ACCENT, strokeWidth=0, opacity=1
    ).encode(**place)  # fmt: skip
    # twice, so that the text stays readable on any colour
    labels = [
        base.transform_filter("datum.mark == 'best'")
        .transform_calculate(text="datum.vms + ' × ' + datum.cores")
        .mark_text(align="left", dx=16, dy=1, fontWeight=700, fontSize=14, **halo)
        .encode(text="text:N", x=place["x"], y=place["y"])
        for halo in ({"stroke": theme.PAPER, "strokeWidth": 5}, {})
    ]
    return alt.layer(tiles, dots, ring, centre, *labels)


def _ticks(most: int) -> list[int]:
    """1, 2, 4, 8, ... and the largest itself, where they do not crowd."""
    doubling = [1 << power for power in range(most.bit_length())]
    return [tick for tick in doubling if tick * 1.25 <= most or tick == most] + ([most] if most not in doubling else [])
