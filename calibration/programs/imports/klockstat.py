"""klockstat (bcc, and libbpf-tools of the same project): waiting and holding of kernel mutexes by who takes them.

Shape: a table ``Caller, Avg Spin, Count, Max spin, Total spin`` (``Wait`` in newer versions) and the same with
Hold, again and again under -i; nanoseconds, or a unit behind each number (up to hours). With -s the callers of
callers on lines alone, and a line ``Max PID ..., COMM ..., Lock NAME (0x...)``; with -P ``Tid, Comm`` in the place
of callers; the line of libbpf-tools that it exits at the end.
Trap: rows are callers or threads, not locks: the same mutex may stand under several, and one caller may take many.
Source: tools/klockstat and libbpf-tools/klockstat of the bcc project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cerberus_plan.calibration.programs.demand import Demand, LockUse
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

HEADER = re.compile(r"^\s*(Caller|Tid\s+Comm)\s+Avg (Spin|Wait|Hold)\s+Count\s+Max \w+\s+Total \w+\s*$", re.IGNORECASE)
SECONDS = {None: 1e-9, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
TIME = r"([\d.]+)\s*(ns|us|ms|s|m|h)?"
ROW = re.compile(rf"^\s*(\S.*?)\s+{TIME}\s+(\d+)\s+{TIME}\s+{TIME}\s*$")
LONGEST = re.compile(r"^\s*Max PID \d+, COMM .*, Lock (\S.*?) \((0x[0-9a-f]+)\)\s*$")
REMARK = re.compile(r"^\s*(?:Tracing |Exiting |\^C|failed to lookup|WARNING|\d\d:\d\d:\d\d\s*$)", re.IGNORECASE)
THREADS, CALLERS = "rows are threads, not locks", "rows are callers, not locks"
NAMELESS = ("no-ksym", "Unknown", "(null)")


def sniff(text: str) -> bool:
    """Whether one of the two headers is there."""
    return any(HEADER.match(line) for line in text.splitlines())


def parse(source: Source) -> Imported:
    """Acquisitions, waiting and holding of each caller, over all intervals.

    Raises:
        InputError: no header, a row that does not fit it, or no rows.
    """
    totals: dict[str, dict[str, float]] = {}
    notes: dict[str, None] = {}
    for table, caller, count, total_s in _rows(source, notes):
        sums = totals.setdefault(caller, {})
        sums[f"{table} count"] = sums.get(f"{table} count", 0.0) + count
        sums[table] = sums.get(table, 0.0) + total_s
    if not totals:
        source.refuse(None, "no rows", "a table under Caller, Avg Spin, Count, Max spin, Total spin, and one for Hold")
    uses = [
        LockUse(
            name=caller,
            kind="thread" if THREADS in notes else "mutex",
            wait_s=sums.get("wait", 0.0),
            acquisitions=sums.get("hold count", sums.get("wait count")),
            hold_s=sums.get("hold"),
        )
        for caller, sums in totals.items()
    ]
    locks = tuple(sorted(uses, key=lambda use: -use.wait_s))
    return Imported(demands=(Demand(locks=locks, notes=tuple(notes), source=source.name),))


def _rows(source: Source, notes: dict[str, None]) -> Iterator[tuple[str, str, int, float]]:
    """Which table, caller, count and total seconds of each row; what is learned about the rows goes into notes."""
    table, caller, threads = None, "", False
    for number, line in source.lines:
        if header := HEADER.match(line):
            table = "hold" if header[2].lower() == "hold" else "wait"
            threads = header[1].lower() != "caller"
            notes[THREADS if threads else CALLERS] = None
        elif longest := LONGEST.match(line):
            lock = longest[2] if longest[1] in NAMELESS else longest[1]
            notes[f"{caller}: longest {'held' if table == 'hold' else 'waited for'} was the lock {lock}"] = None
        elif table is not None and len(line.split()) > 1 and not REMARK.match(line):  # a word alone calls the caller
            row = ROW.match(line)
            if row is None:
                source.refuse(number, repr(line.strip()), "a caller and its average, count, maximum and total")
            caller = re.sub(r"^(\d+)\s+(.*)$", r"\2 (\1)", row[1]) if threads else _plain(row[1])
            total_s = source.number(row[7], number, "a total time") * SECONDS[row[8]]
            yield table, caller, source.count(row[4], number, "count"), total_s
    if table is None:
        source.refuse(None, "no header", "Caller, Avg Spin, Count, Max spin, Total spin as klockstat prints it")


def _plain(caller: str) -> str:
    """A name without the ``b'...'`` in which older versions print it."""
    bytes_of_python = re.fullmatch(r"b'(.*)'", caller)
    return caller if bytes_of_python is None else bytes_of_python[1]
