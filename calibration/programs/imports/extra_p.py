"""Extra-P text input: values of metrics in regions of a program at the points of some parameters.

Shape: ``PARAMETER p``, ``POINTS 1 2 4`` or ``POINTS ( 1 100 ) ( 2 100 )``, ``METRIC m``, ``REGION r`` and one
``DATA`` line of repeats for each point, in the order of the points, words apart by blanks or tabs; ``#`` starts a
comment.
Assumption: a metric named like a time is the time of the same work (strong scaling) and becomes runs per second;
one named like a rate is kept; other metrics (visits, bytes) say nothing about speed and are left out, unless the
user says what they are. A region that took no time somewhere has no rate there and is left out.
When not to use it: weak scaling, where the work grows with the parameter.
Source: the text format of the Extra-P project (Technical University of Darmstadt).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from cerberus_plan.calibration.programs.imports import parameters
from cerberus_plan.calibration.programs.imports.parameters import NOTHING_ASKED, Asked
from cerberus_plan.calibration.programs.imports.results import Curve, Imported, axis_of
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.digits import counted

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


def parse(source: Source, asked: Asked = NOTHING_ASKED) -> Imported:
    """A curve for each metric and region (and each setting of the other parameters).

    Args:
        source: the file.
        asked: the parameter that counts cores and what metrics are, if their names do not say so.

    Raises:
        InputError: unknown keywords, DATA lines that do not match the points, no curve in it.
    """
    read = _read(source)
    if not read.data:
        source.refuse(None, "no DATA line", "PARAMETER, POINTS, METRIC, REGION and DATA lines")
    metrics = list(dict.fromkeys(metric for metric, _ in read.data))
    if unknown := [metric for metric in asked.metrics if metric not in metrics]:
        source.refuse(None, f"the metrics {', '.join(metrics)}", f"the metric {unknown[0]} asked for")
    axis = _axis(source, read.names, asked.parameter)
    curves: list[Curve] = []
    notes = parameters.assumption(axis, asked.parameter)
    for (metric, region), rows in read.data.items():
        if len(rows) != len(read.points):
            found = f"{len(rows)} DATA lines for {metric or 'the metric'} in {region or 'the program'}"
            source.refuse(rows[-1][0], found, f"{len(read.points)}, one for each of the POINTS")
        kind = _kind(metric, asked)
        zero = next((number for number, row in rows if min(row) <= 0.0), None)
        if kind is not None and zero is None:
            curves += _curves(source, read, axis, (metric, region, kind), rows)
        elif kind is not None:
            notes.append(f"{region or 'the program'} has a {metric or 'value'} of 0 (line {zero}) and is left out")
    if not curves:
        _refuse_all(source, read, metrics, asked)
    skipped = sorted(metric for metric in metrics if _kind(metric, asked) is None)
    notes += [f"metric {name} is neither a time nor a rate and is left out" for name in skipped]
    return Imported(curves=tuple(curves), notes=tuple(notes))


def _axis(source: Source, names: list[str], wanted: str | None) -> str:
    """The parameter that counts cores; an only one is it whatever its name, for scaling is what Extra-P is about."""
    axis = names[0] if len(names) == 1 and wanted is None else parameters.choose(source, names, wanted)
    if axis is None:
        expected = "one that counts cores; say which with --parameter NAME"
        source.refuse(None, f"the parameters {', '.join(names)}", expected)
    return axis


def _kind(metric: str, asked: Asked) -> str | None:
    """``time`` or ``rate``, as asked or by its name, None for what is neither; without a name it is a time."""
    named = "time" if not metric or TIME.search(metric) else "rate" if RATE.search(metric) else None
    return asked.metrics.get(metric, named)


def _refuse_all(source: Source, read: _File, metrics: list[str], asked: Asked) -> NoReturn:
    """Say why there is no curve at all: values of zero, or metrics that say nothing about speed."""
    for (metric, _), rows in read.data.items():
        for number, row in rows:
            if _kind(metric, asked) is not None and min(row) <= 0.0:
                source.refuse(number, f"the value {min(row)}", "positive values")
    names = ", ".join(metrics)
    how = f"say what it is: --metric {metrics[0]}=time, or --metric {metrics[0]}=rate"
    source.refuse(None, f"the metrics {names}", f"a metric named like a time or a rate; {how}")


def _read(source: Source) -> _File:
    read = _File()
    for number, line in source.lines:
        word, rest = (*line.split(maxsplit=1), "", "")[:2]
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
            source.refuse(number, f"a point of {counted(len(point), 'coordinate')}", f"{width}, one for each PARAMETER")
    return points


def _curves(
    source: Source, read: _File, axis: str, key: tuple[str, str, str], rows: list[tuple[int, list[float]]]
) -> list[Curve]:
    metric, region, kind = key
    pairs: dict[str, list[tuple[int, float]]] = {}
    for point, (number, row) in zip(read.points, rows, strict=True):
        at = dict(zip(read.names, point, strict=True))
        n = parameters.whole(at[axis])
        if n is None:
            source.refuse(number, f"the point {axis} = {at[axis]}", "a whole number of at least 1")
        rest: dict[str, object] = {**at}
        series = " ".join(part for part in (region, metric, parameters.others(rest, axis)) if part) or "data"
        pairs.setdefault(series, []).extend((n, value if kind == "rate" else 1.0 / value) for value in row)
    unit = metric if kind == "rate" else "runs/s"
    counts = axis_of(axis) or axis
    return [Curve.of(found, series=series, axis=counts, unit=unit) for series, found in pairs.items()]
