"""will-it-scale: operations per second of one kernel path, as processes and as threads.

Shape: ``tasks,processes,processes_idle,threads,threads_idle,linear``; row 0 is a placeholder; a 0 where tasks > 0
means *not run*, and so does a -1, which ``runtest.py`` writes for a test that printed no average; several runs in
one file repeat the header and count as repeats here. The ratio of the two curves is what splitting the address
space (processes instead of threads) can win.
Source: the CSV that ``runtest.py`` of the will-it-scale project prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cerberus_plan.calibration.programs.imports.results import Curve, Imported
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.digits import counted

HEADER = ["tasks", "processes", "processes_idle", "threads", "threads_idle", "linear"]
SERIES = {"processes": 1, "threads": 3}


def sniff(text: str) -> bool:
    """Whether some line is the header."""
    return ",".join(HEADER[:4]) in text


def parse(source: Source) -> Imported:
    """The curves of processes and of threads, where they were run.

    Raises:
        InputError: no header, or a row that is not six numbers.
    """
    rows = list(_rows(source))
    if not rows:
        source.refuse(None, "no rows with tasks above 0", f"rows under {','.join(HEADER)}")
    curves = []
    for series, column in SERIES.items():
        pairs = [(int(row[0]), row[column]) for row in rows if row[column] > 0]
        if pairs:
            curves.append(Curve.of(pairs, series=series, axis=series, unit="operations/s"))
    if not curves:
        source.refuse(None, "only zeros", "operations per second of processes or threads")
    return Imported(curves=tuple(curves), notes=tuple(_notes(curves)))


def _rows(source: Source) -> Iterator[list[float]]:
    """Numeric rows with tasks > 0; what stands before the first header is the command's echo."""
    started = False
    for number, line in source.lines:
        cells = [cell.strip() for cell in line.split(",")]
        if cells == HEADER:
            started = True
        elif started and line.strip():
            if len(cells) != len(HEADER):
                source.refuse(number, repr(line), f"{len(HEADER)} numbers: {','.join(HEADER)}")
            tasks = source.count(cells[0], number, HEADER[0])
            row = [_number(source, cell, number, name) for cell, name in zip(cells, HEADER, strict=True)]
            if tasks:
                yield row
    if not started:
        source.refuse(None, "no header line", ",".join(HEADER))


def _number(source: Source, cell: str, line: int, name: str) -> float:
    """A number of at least 0, which -1 and an empty cell count as: not run."""
    return 0.0 if re.fullmatch(r"(?:-1(?:\.0*)?)?", cell) else source.number(cell, line, name)


def _notes(curves: list[Curve]) -> Iterator[str]:
    if len(curves) < 2:
        other = next(series for series in SERIES if series != curves[0].series)
        yield f"only {curves[0].series} were run, {other} were not"
        return
    processes, threads = ({p.n: sum(p.values) / len(p.values) for p in curve.points} for curve in curves)
    shared = sorted(processes.keys() & threads.keys())
    if shared:
        n = shared[-1]
        ratio = processes[n] / threads[n]
        yield f"at {counted(n, 'task')} processes do {ratio:.2f} times the work of threads"
