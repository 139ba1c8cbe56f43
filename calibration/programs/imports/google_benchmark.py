"""Google Benchmark JSON: benchmarks in C++ run by 1, 2, 4, ... threads.

Shape: ``benchmarks[]`` with ``name, run_name, threads, real_time, cpu_time, time_unit[, items_per_second,
bytes_per_second]``, beside ``context``. ``/threads:N`` in the name says the same as ``threads``. Rate: items, else
bytes, else iterations per second of real time. Repetitions are repeats; aggregates of them (mean, median, ...) are
left out, unless only those were reported, then the medians count.
Traps: without ``UseRealTime`` (no ``/real_time`` in the name) rates are per second of processor time: the two times
printed turn them into rates of real time. Up to 1.8 the real time of an iteration was divided by the threads, since
1.9 it is not.
Source: the JSON of Google Benchmark 1.2 to 1.9 (``--benchmark_format=json``); its pull request 1836.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cerberus_plan.calibration.programs.imports.json_source import Node, load
from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.digits import counted

SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
THREADS = re.compile(r"/threads:(\d+)")
REAL = re.compile(r"/(?:real_time|manual_time)\b")
CLOCKS = re.compile(r"/(?:real_time|manual_time|process_time|repeats:\d+|iterations:\d+|min_(?:warmup_)?time:[\d.]+)\b")
WHOLE_TIME = (1, 9)  # the version since which the real time is not divided by the threads
RATES = {"items_per_second": "items/s", "bytes_per_second": "B/s"}


def sniff(text: str) -> bool:
    """Whether it has the members this reader needs."""
    return text.lstrip().startswith("{") and all(f'"{key}"' in text for key in ("benchmarks", "real_time", "time_unit"))


def parse(source: Source) -> Imported:
    """A curve of each benchmark against threads.

    Raises:
        InputError: not this JSON, no benchmark that ran, or times that are not positive.
    """
    root = load(source)
    rows = root.field("benchmarks").elements()
    ran = [row for row in rows if not row.value_of("error_occurred") and row.value_of("skipped") is not True]
    if not ran:
        root.field("benchmarks").refuse("at least one benchmark that ran")
    single = [row for row in ran if row.value_of("run_type") != "aggregate" and not row.value_of("aggregate_name")]
    used = single or [row for row in ran if row.value_of("aggregate_name") == "median"]
    if not used:
        root.field("benchmarks").refuse("runs or their medians, and not other aggregates alone")
    divided = _version(root) < WHOLE_TIME
    pairs: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for row in used:
        unit, rate = _rate(row, divided=divided)
        pairs.setdefault((_series(row), unit), []).append((_threads(row), rate))
    curves = [Curve.of(found, series=name, axis="threads", unit=unit) for (name, unit), found in pairs.items()]
    failed = len(rows) - len(ran)
    return Imported(curves=tuple(curves), notes=tuple(_notes(used, curves, failed)))


def _notes(used: list[Node], curves: list[Curve], failed: int) -> Iterator[str]:
    if failed:
        yield f"{counted(failed, 'benchmark')} left out, failed or skipped"
    if any(not REAL.search(_name(row)) and _threads(row) > 1 for row in used):
        yield "benchmarks without UseRealTime count processor time: their rates are turned into those of real time"
    if all(len(curve.points) == 1 for curve in curves):
        yield "only one number of threads was run: add ->ThreadRange(1, N)->UseRealTime() for a curve"


def _name(row: Node) -> str:
    return row.field("name").text()


def _series(row: Node) -> str:
    """The benchmark with its arguments, without threads and what says how it was timed."""
    run = row.maybe("run_name")
    name = run.text() if run is not None else _name(row)
    return CLOCKS.sub("", THREADS.sub("", name))


def _threads(row: Node) -> int:
    found = THREADS.search(_name(row))
    if found is not None:
        return int(found[1])
    given = row.maybe("threads")
    return given.whole() if given is not None else 1


def _version(root: Node) -> tuple[int, int]:
    """Of the library; 1.8 where older ones do not say."""
    context = root.maybe("context")
    said = str(context.value_of("library_version") or "") if context is not None else ""
    found = re.match(r"v?(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (1, 8)


def _rate(row: Node, *, divided: bool) -> tuple[str, float]:
    """Unit and throughput of all threads together per second of real time."""
    scale = SECONDS.get(str(row.value_of("time_unit")))
    if scale is None:
        row.field("time_unit").refuse(f"one of {', '.join(SECONDS)}")
    threads, real = _threads(row), row.field("real_time").number(positive=True)
    per_iteration = real * scale if divided else real * scale / threads
    for key, unit in RATES.items():
        if (given := row.maybe(key)) is not None:
            rate = given.number(positive=True)
            if not REAL.search(_name(row)) and threads > 1:
                rate *= row.field("cpu_time").number(positive=True) * scale / per_iteration
            return unit, rate
    return "iterations/s", 1.0 / per_iteration
