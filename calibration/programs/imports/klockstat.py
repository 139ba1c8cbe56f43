"""klockstat (bcc): waiting and holding of kernel mutexes by the function that takes them.

Shape: a table ``Caller, Avg Spin, Count, Max spin, Total spin`` (``Wait`` in newer versions) and the same with Hold,
again and again under -i; nanoseconds, or a unit behind each number; with -s the callers of callers on lines alone.
Trap: rows are callers, not locks: the same mutex may stand under several, and one caller may take many mutexes.
Source: tools/klockstat of the bcc project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cerberus_plan.calibration.programs.demand import Demand, LockUse
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

HEADER = re.compile(r"^\s*Caller\s+Avg (Spin|Wait|Hold)\s+Count\s+Max \w+\s+Total \w+\s*$")
TIME = r"([\d.]+)\s*(ns|us|ms|s)?"
ROW = re.compile(rf"^\s*(\S+)\s+{TIME}\s+(\d+)\s+{TIME}\s+{TIME}\s*$")
SECONDS = {None: 1e-9, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def sniff(text: str) -> bool:
    """Whether one of the two headers is there."""
    return any(HEADER.match(line) for line in text.splitlines())


def parse(source: Source) -> Imported:
    """Acquisitions, waiting and holding of each caller, over all intervals.

    Raises:
        InputError: no header, a row that does not fit it, or no rows.
    """
    totals: dict[str, dict[str, float]] = {}
    for table, caller, count, total_s in _rows(source):
        sums = totals.setdefault(caller, {})
        sums[f"{table} count"] = sums.get(f"{table} count", 0.0) + count
        sums[table] = sums.get(table, 0.0) + total_s
    if not totals:
        source.refuse(None, "no rows", "a table under Caller, Avg Spin, Count, Max spin, Total spin, and one for Hold")
    uses = [
        LockUse(
            name=caller,
            kind="mutex",
            wait_s=sums.get("wait", 0.0),
            acquisitions=sums.get("hold count", sums.get("wait count")),
            hold_s=sums.get("hold"),
        )
        for caller, sums in totals.items()
    ]
    locks = tuple(sorted(uses, key=lambda use: -use.wait_s))
    return Imported(demands=(Demand(locks=locks, notes=("rows are callers, not locks",), source=source.name),))


def _rows(source: Source) -> Iterator[tuple[str, str, int, float]]:
    """Which table, caller, count and total seconds of each row."""
    table: str | None = None
    for number, line in source.lines:
        if header := HEADER.match(line):
            table = "hold" if header[1] == "Hold" else "wait"
        elif table is not None and len(line.split()) > 1:  # a word alone is the caller of a caller
            row = ROW.match(line)
            if row is None:
                source.refuse(number, repr(line.strip()), "a caller and its average, count, maximum and total")
            total_s = source.number(row[7], number, "a total time") * SECONDS[row[8]]
            yield table, row[1], source.count(row[4], number, "count"), total_s
    if table is None:
        source.refuse(None, "no header", "Caller, Avg Spin, Count, Max spin, Total spin as klockstat prints it")
