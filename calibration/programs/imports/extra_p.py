"""Extra-P text input: values of metrics in regions of a program at the points of some parameters.

Shape: ``PARAMETER p``, ``POINTS 1 2 4`` or ``POINTS ( 1 100 ) ( 2 100 )``, ``METRIC m``, ``REGION r`` and one
``DATA`` line of repeats for each point, in the order of the points; ``#`` starts a comment.
Assumption: a metric named like a time is the time of the same work (strong scaling) and becomes runs per
second; one named like a rate is kept; other metrics (visits, bytes) say nothing about speed and are left out.
When not to use it: weak scaling, where the work grows with the parameter.
Source: the text format of the Extra-P project (Technical University of Darmstadt).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cerberus_plan.calibration.programs.imports import parameters
from cerberus_plan.calibration.programs.imports.results import Curve, Imported, axis_of
from cerberus_plan.calibration.programs.imports.source import Source

KEYWORDS = ("PARAMETER", "POINTS", "METRIC", "REGION", "DATA")
TIME = re.compile(r"time|duration|seconds|latency", re.IGNORECASE)
RATE = re.compile(r"/s$|per[ _]?sec|throughput|bandwidth|(?<![a-z])(rate|ops|flops)(?![a-z])", re.IGNORECASE)


@dataclass(slots=True)
class _File:
    names: list[str] = field(default_factory=list)
    points: list[list[str]] = field(default_factory=list)
    metric: str = ""
    region: str = ""
    # (metric, region) -> for each point the line and the repeats
    data: dict[tuple[str, str], list[tuple[int, list[float]]]] = field(default_factory=dict)


def sniff(text: str) -> bool:
    """Whether it has the keywords at the starts of lines."""
    return all(re.search(rf"^{word}\s", text, re.MULTILINE) for word in ("PARAMETER", "POINTS", "DATA"))


def parse(source: Source, parameter: str | None = None) -> Imported:
    """A curve for each metric and region (and each setting of the other parameters).

    Args:
        source: the file.
        parameter: the parameter that counts cores, if its name does not say so.

    Raises:
        InputError: unknown keywords, DATA lines that do not match the points, values not positive.
    """
    read = _read(source)
    if not read.data:
        source.refuse(None, "no DATA line", "PARAMETER, POINTS, METRIC, REGION and DATA lines")
    axis = parameters.choose(source, read.names, parameter)
    curves: list[Curve] = []
    skipped: set[str] = set()
    for (metric, region), rows in read.data.items():
        if len(rows) != len(read.points):
            found = f"{len(rows)} DATA lines for {metric or 'the metric'} in {region or 'the program'}"
            source.refuse(rows[-1][0], found, f"{len(read.points)}, one for each of the POINTS")
        if metric and not TIME.search(metric) and not RATE.search(metric):
            skipped.add(metric)
            continue
        curves += _curves(source, read, axis, (metric, region), rows)
    if not curves:
        source.refuse(None, f"the metrics {', '.join(sorted(skipped))}", "a metric named like a time or a rate")
    notes = [f"metric {name} is neither a time nor a rate and is left out" for name in sorted(skipped)]
    return Imported(curves=tuple(curves), notes=tuple(notes))


def _read(source: Source) -> _File:
    read = _File()
    for number, line in source.lines:
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if not word or word.startswith("#"):
            continue
        if word not in KEYWORDS:
            source.refuse(number, repr(word), " or ".join(KEYWORDS))
        if word == "PARAMETER":
            read.names += rest.split()
        elif word == "POINTS":
            read.points += _points(source, number, rest, len(read.names))
        elif word == "METRIC":
            read.metric = rest
        elif word == "REGION":
            read.region = rest
        else:
            row = [source.number(token, number, "a measured value") for token in rest.split()]
            if not row:
                source.refuse(number, "DATA without numbers", "the repeats at one point")
            read.data.setdefault((read.metric, read.region), []).append((number, row))
    return read


def _points(source: Source, number: int, rest: str, width: int) -> list[list[str]]:
    """Coordinates, one list a point; several parameters need brackets."""
    if not width:
        source.refuse(number, "POINTS", "PARAMETER before it")
    groups = re.findall(r"\(([^()]*)\)", rest) if "(" in rest else rest.split()
    points = [group.split() for group in groups]
    for point in points:
        if len(point) != width:
            source.refuse(number, f"a point of {len(point)} coordinates", f"{width}, one for each PARAMETER")
    return points


def _curves(
    source: Source, read: _File, axis: str, key: tuple[str, str], rows: list[tuple[int, list[float]]]
) -> list[Curve]:
    metric, region = key
    is_rate = bool(metric) and not TIME.search(metric)
    pairs: dict[str, list[tuple[int, float]]] = {}
    for point, (number, row) in zip(read.points, rows, strict=True):
        at = dict(zip(read.names, point, strict=True))
        n = parameters.whole(at[axis])
        if n is None:
            source.refuse(number, f"the point {axis} = {at[axis]}", "a whole number of at least 1")
        if min(row) <= 0.0:
            source.refuse(number, f"the value {min(row)}", "positive values")
        rest: dict[str, object] = {**at}
        series = " ".join(part for part in (region, metric, parameters.others(rest, axis)) if part) or "data"
        pairs.setdefault(series, []).extend((n, value if is_rate else 1.0 / value) for value in row)
    unit = metric if is_rate else "runs/s"
    counts = axis_of(axis) or axis
    return [Curve.of(found, series=series, axis=counts, unit=unit) for series, found in pairs.items()]
