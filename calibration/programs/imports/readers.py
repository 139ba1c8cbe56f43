"""Every file format that can be imported, in the order in which a file is tried.

A format is a module with ``sniff(text)`` and ``parse(source)``; formats of scans also take what was ``asked``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cerberus_plan.calibration.programs.imports import (
    extra_p,
    go_benchmark,
    google_benchmark,
    hyperfine,
    jmh,
    klockstat,
    lock_stat,
    memtier,
    own_demand,
    perf_lock_contention,
    perf_stat_csv,
    perf_stat_json,
    perf_stat_text,
    pgbench,
    pytest_benchmark,
    redis_benchmark,
    strace_summary,
    sysbench,
    will_it_scale,
    wrk,
)
from cerberus_plan.calibration.programs.imports.elsewhere import elsewhere
from cerberus_plan.calibration.programs.imports.parameters import NOTHING_ASKED, Asked
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.calibration.store.files import naming
from cerberus_plan.model.errors import InputError


@dataclass(frozen=True, slots=True)
class Format:
    """How to recognise and read one kind of file.

    `parse_scan` replaces `parse` for formats in which the user may say which parameter counts cores; with `metrics`
    also what the metrics are.
    """

    title: str
    sniff: Callable[[str], bool]
    parse: Callable[[Source], Imported]
    parse_scan: Callable[[Source, Asked], Imported] | None = None
    metrics: bool = False


FORMATS: dict[str, Format] = {
    "demand": Format("cerberus-plan demand", own_demand.sniff, own_demand.parse),
    "pytest_benchmark": Format(
        "pytest --benchmark-json", pytest_benchmark.sniff, pytest_benchmark.parse, pytest_benchmark.parse
    ),
    "google_benchmark": Format("Google Benchmark JSON", google_benchmark.sniff, google_benchmark.parse),
    "jmh": Format("JMH JSON", jmh.sniff, jmh.parse),
    "memtier": Format("memtier_benchmark output", memtier.sniff, memtier.parse),
    "hyperfine": Format("hyperfine --export-json", hyperfine.sniff, hyperfine.parse, hyperfine.parse),
    "perf_stat_json": Format("perf stat -j", perf_stat_json.sniff, perf_stat_json.parse),
    "will_it_scale": Format("will-it-scale CSV", will_it_scale.sniff, will_it_scale.parse),
    "klockstat": Format("klockstat", klockstat.sniff, klockstat.parse),
    "lock_stat": Format("/proc/lock_stat", lock_stat.sniff, lock_stat.parse),
    "perf_lock_contention": Format("perf lock contention", perf_lock_contention.sniff, perf_lock_contention.parse),
    "strace_summary": Format("strace -c", strace_summary.sniff, strace_summary.parse),
    "pgbench": Format("pgbench output", pgbench.sniff, pgbench.parse),
    "sysbench": Format("sysbench output", sysbench.sniff, sysbench.parse),
    "redis_benchmark": Format("redis-benchmark output", redis_benchmark.sniff, redis_benchmark.parse),
    "wrk": Format("wrk output", wrk.sniff, wrk.parse),
    "go_benchmark": Format("go test -bench", go_benchmark.sniff, go_benchmark.parse),
    "extra_p": Format("Extra-P text", extra_p.sniff, extra_p.parse, extra_p.parse, metrics=True),
    "perf_stat_text": Format("perf stat", perf_stat_text.sniff, perf_stat_text.parse),
    "perf_stat_csv": Format("perf stat -x,", perf_stat_csv.sniff, perf_stat_csv.parse),
}


def recognise(text: str) -> str | None:
    """The name of the first format that fits, or None."""
    return next((name for name, form in FORMATS.items() if form.sniff(text)), None)


def parse(text: str, *, name: str, form: str | None = None, asked: Asked = NOTHING_ASKED) -> tuple[str, Imported]:
    """The format of a text and what it holds.

    Args:
        text: content.
        name: what to call it in messages.
        form: format's name; None to recognise it.
        asked: which parameter counts cores and what metrics are, where the user says so.

    Raises:
        InputError: unknown format, not recognised, not well formed, or a parameter where there is none.
    """
    if form is not None and form not in FORMATS:
        raise InputError(f"unknown format {form!r}; use one of {', '.join(FORMATS)}")
    found = form or recognise(text)
    if found is None:
        if (other := elsewhere(text)) is not None:
            raise InputError(f"{name} {other}")
        raise InputError(
            f"{name} is none of the known formats ({', '.join(FORMATS)}); say which with --format NAME. Tables of "
            "a curve are read by `cerberus-plan fit`, descriptions of a machine by `cerberus-plan calibrate --import`"
        )
    reader = FORMATS[found]
    source = Source(name, text)
    if asked.metrics and not reader.metrics:
        raise InputError(f"{name} is {reader.title}, which has no metrics to name; leave out --metric")
    if reader.parse_scan is None and asked.parameter is not None:
        raise InputError(f"{name} is {reader.title}, which has no parameters; leave out --parameter {asked.parameter}")
    with naming(name):
        return found, reader.parse(source) if reader.parse_scan is None else reader.parse_scan(source, asked)
