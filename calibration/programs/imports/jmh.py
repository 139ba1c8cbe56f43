"""JMH JSON: benchmarks on the Java virtual machine, with ``-t`` for the number of threads.

Shape: a list of ``benchmark, mode, threads, params{}, primaryMetric{score, scoreUnit, rawData[][]}``. Throughput
(``thrpt``) is of all threads together; average, sampled and single-shot times are of one operation in one thread,
so that t threads do t / time. Each iteration of a fork is a repeat; their mean is the score.
Trap: threads of a group (``@Group``) do different things; their sum is taken.
Source: the JSON of JMH 1.2 to 1.37 (``-rf json -rff FILE``).
"""

from __future__ import annotations

import re

from cerberus_plan.calibration.programs.imports import parameters
from cerberus_plan.calibration.programs.imports.json_source import Node, load
from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "hr": 3600.0, "day": 86400.0}
RATE = re.compile(r"ops/(\w+)$")
TIME = re.compile(r"(\w+)/op$")


def sniff(text: str) -> bool:
    """Whether it has the members this reader needs."""
    return text.lstrip().startswith("[") and all(f'"{key}"' in text for key in ("benchmark", "primaryMetric", "mode"))


def parse(source: Source) -> Imported:
    """A curve of each benchmark, mode and setting against threads.

    Raises:
        InputError: not this JSON, an unknown unit, or scores that are not positive.
    """
    rows = load(source).elements()
    if not rows:
        source.refuse(None, "no benchmark", "results; did all of them fail?")
    modes = {row.field("mode").text() for row in rows}
    pairs: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        threads = row.field("threads").whole()
        series = _series(row, several=len(modes) > 1)
        pairs.setdefault(series, []).extend((threads, rate) for rate in _rates(row, threads))
    curves = [Curve.of(found, series=name, axis="threads", unit="operations/s") for name, found in pairs.items()]
    one = all(len(curve.points) == 1 for curve in curves)
    notes = (
        ("only one number of threads was run: repeat with -t 1, -t 2, -t 4, ... and import all files",) if one else ()
    )
    return Imported(curves=tuple(curves), notes=notes)


def _series(row: Node, *, several: bool) -> str:
    """Class and method, parameters, and the mode where there are several."""
    name = ".".join(row.field("benchmark").text().split(".")[-2:])
    params = row.maybe("params")
    given = dict(params.value) if params is not None and isinstance(params.value, dict) else {}
    mode = row.field("mode").text() if several else ""
    return " ".join(part for part in (name, parameters.others(given, ""), mode) if part)


def _rates(row: Node, threads: int) -> list[float]:
    """Operations per second of all threads, one for each iteration, else of the score alone."""
    metric = row.field("primaryMetric")
    unit = metric.field("scoreUnit").text()
    rate, time = RATE.search(unit), TIME.search(unit)
    named = (rate or time or [None, None])[1]
    if named not in SECONDS:
        metric.field("scoreUnit").refuse(f"ops/T or T/op with T one of {', '.join(SECONDS)}")
    raw = metric.maybe("rawData")
    scores = [score for fork in (raw.elements() if raw else []) for score in fork.elements()]
    values = [score.number(positive=True) for score in scores] or [metric.field("score").number(positive=True)]
    seconds = SECONDS[named]
    return [value / seconds if rate else threads / (value * seconds) for value in values]
