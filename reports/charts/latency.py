"""The latency heat map: cache line round trips between cores, with frames around the groups that measurement found."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from cerberus_plan.calibration.host.clustering import Level, find_levels
from cerberus_plan.model.digits import counted
from cerberus_plan.model.topology import Topology
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.charts.figure import Figure, rounded, specification
from cerberus_plan.reports.formats import quantity

# With more cores than this a cell is a pair of cache groups, with the median of its pairs.
_MOST_CORES = 96


def latency(measured: Mapping[tuple[int, int], float], topology: Topology, *, name: str) -> Figure:
    """Cells of all measured pairs, both ways, cores in the order of the machine's levels.

    Args:
        measured: Round trip of pairs of CPUs [s], at least one.
        topology: Where the CPUs are.
        name: Identifier of the figure on its page.
    """
    levels = find_levels(measured) if topology.n_cpus > 2 else []
    groups = _groups(topology, levels)
    order = _order(topology, levels)
    by_group = topology.n_cpus > _MOST_CORES
    place = {cpu: groups[cpu] if by_group else at for at, cpu in enumerate(order)}
    labels = {place[cpu]: f"group {groups[cpu]}" if by_group else f"CPU {cpu}" for cpu in order}
    cells = _cells(measured, place)
    low, high = min(cells.values()), max(cells.values())
    what = "groups of CPUs that share a cache" if by_group else "CPUs"
    return Figure(
        name=name,
        title="How far apart the cores are",
        caption=(
            f"Round trip of a cache line between {what}, strong colour is far. {_found(levels)}; blank cells were not "
            "measured."
        ),
        description=(
            f"Heat map of {counted(len(measured), 'pair')}: from {quantity(low, 's')} to {quantity(high, 's')}, "
            f"{len(set(groups.values()))} groups."
        ),
        spec=specification(
            _chart(len(labels), low, high),
            {
                "cells": [
                    {"x": a, "y": b, "a": labels[a], "b": labels[b], "seconds": rounded(value),
                     "text": quantity(value, "s")}
                    for (a, b), value in cells.items()
                ],
                "frames": [] if by_group else _frames(groups, order),
            },
            height=min(620, 120 + 14 * len(labels)),
        ),
        columns=("from", "to", "round trip"),
        rows=[(labels[a], labels[b], quantity(value, "s")) for (a, b), value in sorted(cells.items()) if a <= b],
    )  # fmt: skip


def _groups(topology: Topology, levels: Sequence[Level]) -> dict[int, int]:
    """Group of each CPU: the closest level that was measured; firmware's cache groups where none was found."""
    if not levels:
        return dict(zip(topology.cpus, topology.l3_groups, strict=True))
    finest = max(levels, key=lambda level: len(level.groups))
    found = {cpu: number for number, group in enumerate(finest.groups) for cpu in group}
    return {cpu: found.get(cpu, len(finest.groups)) for cpu in topology.cpus}


def _found(levels: Sequence[Level]) -> str:
    """The measured levels in words, the coarsest first."""
    if not levels:
        return "Frames hold the CPUs that firmware says share a cache"
    told = [
        f"{len(level.groups)} groups of {len(level.groups[0])} ({quantity(level.within_s, 's')} within, "
        f"{quantity(level.between_s, 's')} between)"
        for level in sorted(levels, key=lambda level: len(level.groups))
    ]
    return f"Found by measurement and framed: {', each made of '.join(told)}"


def _order(topology: Topology, levels: Sequence[Level]) -> list[int]:
    """CPUs with neighbours side by side: by measured groups, the coarsest first, else as firmware tells."""
    told = zip(topology.sockets, topology.numa_nodes, topology.l3_groups, topology.cores, topology.cpus, strict=True)
    keys = {key[-1]: key for key in told}
    coarse = sorted(levels, key=lambda level: len(level.groups))
    places = [{cpu: number for number, group in enumerate(level.groups) for cpu in group} for level in coarse]
    return sorted(topology.cpus, key=lambda cpu: (*(place.get(cpu, len(place)) for place in places), *keys[cpu]))


def _cells(measured: Mapping[tuple[int, int], float], place: Mapping[int, int]) -> dict[tuple[int, int], float]:
    found: dict[tuple[int, int], list[float]] = {}
    for (a, b), value in measured.items():
        if a in place and b in place:
            for cell in {(place[a], place[b]), (place[b], place[a])}:
                found.setdefault(cell, []).append(value)
    return {cell: statistics.median(values) for cell, values in found.items()}


def _frames(groups: Mapping[int, int], order: Sequence[int]) -> list[dict[str, Any]]:
    spans: dict[int, list[int]] = {}
    for at, cpu in enumerate(order):
        spans.setdefault(groups[cpu], []).append(at)
    return [{"from": min(span) - 0.5, "to": max(span) + 0.5} for span in spans.values()]


def _chart(count: int, low: float, high: float) -> object:
    import altair as alt

    domain = [-0.5, count - 0.5]
    x = {"scale": alt.Scale(domain=domain, nice=False), "axis": None}
    y = {"scale": alt.Scale(domain=domain, nice=False, reverse=True), "axis": None}
    strength = alt.Scale(type="log", domain=[low, max(high, low * 1.001)], range=[0.1, 1.0])
    tiles = (
        alt.Chart(alt.NamedData(name="cells"))
        .transform_calculate(x0="datum.x - 0.5", x1="datum.x + 0.5", y0="datum.y - 0.5", y1="datum.y + 0.5")
        .mark_rect(fill=theme.ACCENT, stroke=theme.PAPER, strokeWidth=0.5)
        .encode(
            x=alt.X("x0:Q", **x), x2="x1", y=alt.Y("y0:Q", **y), y2="y1",
            fillOpacity=alt.FillOpacity("seconds:Q", scale=strength, legend=None),
            tooltip=[alt.Tooltip("a:N", title="from"), alt.Tooltip("b:N", title="to"),
                     alt.Tooltip("text:N", title="round trip")],
        )
    )  # fmt: skip
    frames = (
        alt.Chart(alt.NamedData(name="frames"))
        .mark_rect(fill=None, stroke=theme.INK, strokeWidth=1.5)
        .encode(x=alt.X("from:Q", **x), x2="to", y=alt.Y("from:Q", **y), y2="to")
    )
    return alt.layer(tiles, frames)
