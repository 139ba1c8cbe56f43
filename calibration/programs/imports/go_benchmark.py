"""``go test -bench``: benchmarks in Go, with ``-cpu 1,2,4`` for several numbers of processors.

Shape: ``BenchmarkName/sub-8   1000   1234 ns/op ...``; the number behind the last hyphen is GOMAXPROCS, which is
left out where it is 1. ``-count`` repeats lines; ``pkg:`` opens a package. Rate: operations per second, 1e9 /
(ns/op).
Traps: a name may end in a number of its own (``size-1024``): it is one where other lines add a number to it. Only
benchmarks that call ``RunParallel`` (or start goroutines) use more than one processor.
Source: the benchmark format of the Go project (golang.org/design/14313-benchmark-format).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source

ROW = re.compile(r"^(Benchmark\S*)\s+(\d+)\s+(.*\bns/op.*)$")
TIME = re.compile(r"(\S+) ns/op")
PACKAGE = re.compile(r"^pkg:\s*(\S+)")
SUFFIX = re.compile(r"^(.*)-(\d{1,4})$")


def sniff(text: str) -> bool:
    """Whether some line is a benchmark's result."""
    return any(ROW.match(line) for line in text.splitlines())


def parse(source: Source) -> Imported:
    """A curve of each benchmark against GOMAXPROCS.

    Raises:
        InputError: no result, or a time that is no number.
    """
    rows = list(_rows(source))
    names = {(package, name) for package, name, _ in rows}
    bases = {(package, found[1]) for package, name in names if (found := SUFFIX.match(name))}
    pairs: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for package, name, rate in rows:
        found = SUFFIX.match(name)
        own = found is None or (package, name) in bases or int(found[2]) < 1
        base, n = (name, 1) if own or found is None else (found[1], int(found[2]))
        pairs.setdefault((package, base.removeprefix("Benchmark")), []).append((n, rate))
    curves = [
        Curve.of(
            found, series=name, axis="threads", unit="operations/s", settings={"package": package} if package else {}
        )
        for (package, name), found in pairs.items()
    ]
    if not curves:
        source.refuse(None, "no result", "lines such as BenchmarkName-8  1000  1234 ns/op")
    notes = ["only benchmarks that run in parallel (b.RunParallel) use more than one processor"]
    if all(len(curve.points) == 1 for curve in curves):
        notes.append("only one number of processors was run: repeat with -cpu 1,2,4,...")
    return Imported(curves=tuple(curves), notes=tuple(notes))


def _rows(source: Source) -> Iterator[tuple[str, str, float]]:
    """Package, name and operations per second of each result."""
    package = ""
    for number, line in source.lines:
        if opened := PACKAGE.match(line):
            package = opened[1]
        elif (row := ROW.match(line)) and (time := TIME.search(row[3])):
            nanoseconds = source.number(time[1], number, "nanoseconds an operation")
            if nanoseconds <= 0.0:
                source.refuse(number, repr(line), "more than 0 ns/op; does the benchmark do anything b.N times?")
            yield package, row[1], 1e9 / nanoseconds
