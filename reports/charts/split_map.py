"""The split map: how many instances against how big, each possible split a tile with its doubt in the middle.

The axes are square roots, so that small counts, where one core more matters, get more room. Marks have keys beside the
chart instead of labels in it, which would cover tiles. Uneven splits have no place on it and are left to the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from cerberus_plan.model.digits import counted
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import ends, estimate, percent
from cerberus_plan.reports.pages import reading

# Share of a tile's width and height that the field of its doubt takes.
_CORE = 0.5
_BEST, _TIE, _MEASURED = "best", "tie", "measured"


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
    tied = {(t.system, t.split) for t in plan.ties}
    ties = [c for c in cells if (c.system, c.split) in tied and c is not best]
    measured = [c for c in cells if reading.measured_of(plan, c)]
    marks = {_MEASURED: measured, _TIE: ties, _BEST: [best]}
    keys = _keys(plan, best, ties, measured)
    return Figure(
        spec=specification(
            _chart(plan.workload.unit, cells, keys),
            {"cells": _rows(cells), "marks": _marks(marks, keys)},
            height=340,
        ),
        name=name,
        title=f"Every split under {system}",
        caption=(
            "Stronger colour is more expected throughput; the field within a tile has the colour of the low end of its "
            "90 % interval, so a pale field is a doubtful tile. Point at a tile for its numbers."
        ),
        description=(
            f"Map of {counted(len(cells), 'split')} under {system}: instances against cores of each. The highest "
            f"throughput, {estimate(top.throughput, top.low, top.high)} {plan.workload.unit}, is at "
            f"{reading.split_text(top)}. Marked: {'; '.join(keys.values())}."
        ),
        columns=("instances", "cores each", f"throughput [{plan.workload.unit}]", "90 % interval", "chance to be best"),
        rows=[
            (str(c.vms), str(c.cores_per_vm), estimate(c.throughput, c.low, c.high), ends(c.low, c.high),
             percent(c.probability_best))
            for c in sorted(cells, key=lambda c: -c.throughput)
        ],
    )  # fmt: skip


def _keys(plan: Plan, best: Candidate, ties: list[Candidate], measured: list[Candidate]) -> dict[str, str]:
    """What each kind of mark says, for those that are drawn."""
    recommended = reading.same_split(best, plan.best)
    keys = {_BEST: f"{'recommended' if recommended else 'fastest here'}: {best.vms} × {best.cores_per_vm}"}
    if ties:
        keys[_TIE] = f"cannot be told from it: {len(ties)}"
    if measured:
        keys[_MEASURED] = f"run for real: {len(measured)}"
    return keys


def _edges(values: Iterable[int]) -> dict[int, tuple[float, float]]:
    """Where the tile of each value begins and ends: half-way to its neighbours."""
    known = sorted(set(values))
    middles = [(a + b) / 2 for a, b in pairwise(known)]
    return dict(zip(known, pairwise([known[0] - 0.5, *middles, known[-1] + 0.5]), strict=True))


def _rows(cells: list[Candidate]) -> list[dict[str, object]]:
    """The tiles. Not every count is planned on large machines; a tile reaches half-way to the next that is."""
    top = max(c.throughput for c in cells)
    across = _edges(c.cores_per_vm or 1 for c in cells)
    up = {size: _edges(c.vms for c in cells if c.cores_per_vm == size) for size in across}
    return [_row(c, top, across[c.cores_per_vm or 1], up[c.cores_per_vm or 1][c.vms]) for c in cells]


def _row(cell: Candidate, top: float, across: tuple[float, float], up: tuple[float, float]) -> dict[str, object]:
    inner = {
        f"{name}{at}": rounded(end)
        for name, span in (("in", across), ("up", up))
        for at, end in enumerate(_within(*span))
    }
    return {
        "cores": cell.cores_per_vm, "cores0": across[0], "cores1": across[1],
        "vms": cell.vms, "vms0": up[0], "vms1": up[1], **inner,
        "used": cell.cores,
        "share": rounded(cell.throughput / top),
        "least": rounded(min(cell.low / top, 1.0)),
        "throughput": estimate(cell.throughput, cell.low, cell.high),
        "interval": ends(cell.low, cell.high),
        "probability": percent(cell.probability_best),
        "lost": cell.bottleneck,
    }  # fmt: skip


def _within(low: float, high: float) -> tuple[float, float]:
    """The middle part of a span on an axis of square roots."""
    a, b = low**0.5, high**0.5
    margin = (1.0 - _CORE) / 2 * (b - a)
    return (a + margin) ** 2, (b - margin) ** 2


def _marks(marks: Mapping[str, list[Candidate]], keys: Mapping[str, str]) -> list[dict[str, object]]:
    return [{"cores": c.cores_per_vm, "vms": c.vms, "kind": keys[kind]} for kind, kept in marks.items() for c in kept]


def _chart(unit: str, cells: list[Candidate], keys: Mapping[str, str]) -> object:
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
        alt.Tooltip("throughput:N", title=unit),
        alt.Tooltip("interval:N", title="90 % interval"),
        alt.Tooltip("probability:N", title="chance to be best"),
        alt.Tooltip("lost:N", title="bottleneck"),
    ]
    strength = {"scale": alt.Scale(domain=[0, 1], range=[0.05, 0.95]), "legend": None}
    tiles = base.mark_rect(fill=theme.ACCENT, stroke=theme.PAPER, strokeWidth=1).encode(
        x=alt.X("cores0:Q", **x), x2="cores1", y=alt.Y("vms0:Q", **y), y2="vms1",
        fillOpacity=alt.FillOpacity("share:Q", **strength), tooltip=tooltip,
    )  # fmt: skip
    inner = {"x": alt.X("in0:Q", **x), "x2": "in1", "y": alt.Y("up0:Q", **y), "y2": "up1", "tooltip": tooltip}
    ground = base.mark_rect(fill=theme.PAPER, strokeWidth=0).encode(**inner)
    fields = base.mark_rect(fill=theme.ACCENT, strokeWidth=0).encode(
        fillOpacity=alt.FillOpacity("least:Q", **strength), **inner
    )
    return alt.layer(tiles, ground, fields, *_signs(keys, x, y))


def _signs(keys: Mapping[str, str], x: Mapping[str, object], y: Mapping[str, object]) -> list[object]:
    """The marks with their keys."""
    import altair as alt

    looks: dict[str, tuple[str, int, float]] = {
        _BEST: ("circle", 220, 2.5), _TIE: ("square", 16, 1.5), _MEASURED: ("diamond", 60, 1.5),
    }  # fmt: skip
    told = list(keys.values())
    legend = alt.Legend(orient="top", offset=30, direction="vertical" if len(told) > 2 else "horizontal")
    shape = alt.Shape("kind:N", legend=legend, scale=alt.Scale(domain=told, range=[looks[kind][0] for kind in keys]))
    base = alt.Chart(alt.NamedData(name="marks")).encode(x=alt.X("cores:Q", **x), y=alt.Y("vms:Q", **y), shape=shape)
    return [
        base.transform_filter(alt.datum.kind == keys[kind]).mark_point(
            filled=False, fill=theme.PAPER, stroke=theme.INK, opacity=1, size=looks[kind][1], strokeWidth=looks[kind][2]
        )
        for kind in sorted(keys, key=lambda kind: -looks[kind][1])  # a split may bear all three: the smaller on top
    ]


def _ticks(most: int) -> list[int]:
    """1, 2, 4, 8, ... and the largest itself, where they do not crowd."""
    doubling = [1 << power for power in range(most.bit_length())]
    return [tick for tick in doubling if tick * 1.25 <= most or tick == most] + ([most] if most not in doubling else [])
