"""``perf lock contention``: who waited how long for kernel locks, as a table or with ``-x``.

Table: ``contended   total wait     max wait     avg wait         type   caller``, a unit in each cell, call
stacks (-v) and a footer of debugging counts to be skipped. With ``-x,``: ``# output: contended, total wait, ...``
names the columns, times are nanoseconds. Columns follow the first line, for they grow with versions.
Traps: waiting only, no hold times (``/proc/lock_stat`` has both); the same caller comes back with other stacks
and is added up; ``-t`` tables list threads and ``-l`` tables locks in the place of callers.
Source: output of perf 6.1 and the patches that added -x (perf 6.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cerberus_plan.calibration.programs.demand import Demand, LockUse
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

TITLES = (
    "contended",
    "total wait",
    "max wait",
    "min wait",
    "avg wait",
    "type",
    "caller",
    "pid",
    "comm",
    "address",
    "symbol",
)
TABLE = re.compile(r"^\s*(?:(?:" + "|".join(TITLES) + r")\s*)+$")
SEPARATED = re.compile(r"^#\s*output:\s*(.*)$")
TIMES = {"total wait", "max wait", "min wait", "avg wait"}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
KIND = re.compile(r"\s*\(([\w:]+)\)$")
STACK = re.compile(r"^\s+0x[0-9a-f]+\s")


def sniff(text: str) -> bool:
    """Whether one of the two headers is there."""
    head = text[:10000].splitlines()
    return any(_header(line) is not None or _separated(line) is not None for line in head)


def parse(source: Source) -> Imported:
    """Contentions and waiting time of each lock (or caller, or thread).

    Raises:
        InputError: no header with the two columns needed, or a row that does not fit it.
    """
    uses: dict[tuple[str, str], LockUse] = {}
    for use in _rows(source):
        before = uses.get((use.name, use.kind))
        uses[use.name, use.kind] = use if before is None else _sum(before, use)
    if not uses:
        source.refuse(None, "no contended lock", "rows under the header; was the program running meanwhile?")
    locks = tuple(sorted(uses.values(), key=lambda use: -use.wait_s))
    notes = ("waiting times only: perf does not see how long locks are held",)
    return Imported(demands=(Demand(locks=locks, notes=notes, source=source.name),))


def _sum(one: LockUse, two: LockUse) -> LockUse:
    return LockUse(
        name=one.name,
        kind=one.kind,
        contentions=(one.contentions or 0.0) + (two.contentions or 0.0),
        wait_s=one.wait_s + two.wait_s,
    )


def _header(line: str) -> list[str] | None:
    """The columns of a table's header, or None."""
    titles = re.findall("|".join(TITLES), line) if TABLE.match(line) else []
    return titles if {"contended", "total wait"} <= set(titles) else None


def _separated(line: str) -> tuple[list[str], str] | None:
    """The columns and the separator of ``# output: ...``, or None."""
    match = SEPARATED.match(line)
    after = re.match(r"\w+(?: \w+)*\s*([^\w\s])", match[1]) if match else None
    if match is None or after is None:
        return None
    return [title.strip() for title in match[1].split(after[1])], after[1]


def _rows(source: Source) -> Iterator[LockUse]:
    titles: list[str] | None = None
    separator: str | None = None
    for number, line in source.lines:
        if line.startswith("=== output for debug"):
            return
        if (found := _separated(line)) is not None:
            titles, separator = found
        elif (header := _header(line)) is not None:
            titles, separator = header, None
        elif titles is not None and line.strip() and not STACK.match(line):
            yield _row(source, number, line, titles, separator)
    if titles is None:
        source.refuse(None, "no header", "contended, total wait, ... as perf lock contention prints it")


def _row(source: Source, number: int, line: str, titles: list[str], separator: str | None) -> LockUse:
    cells = _split(line, titles) if separator is None else [c.strip() for c in line.split(separator, len(titles) - 1)]
    if len(cells) != len(titles):
        source.refuse(number, repr(line), f"the columns {', '.join(titles)}")
    row = dict(zip(titles, cells, strict=True))
    if not {"contended", "total wait"} <= row.keys():
        source.refuse(number, f"the columns {', '.join(titles)}", "contended and total wait among them")
    name = row.get("caller") or row.get("symbol") or row.get("comm") or row.get("address") or "?"
    in_brackets = KIND.search(row.get("symbol", ""))  # lock tables (-l) have no column for the type
    return LockUse(
        name=KIND.sub("", name) if in_brackets else name,
        kind=row.get("type") or (in_brackets[1] if in_brackets else ""),
        contentions=source.count(row["contended"], number, "contended"),
        wait_s=_seconds(source, number, row["total wait"]),
    )


def _split(line: str, titles: list[str]) -> list[str]:
    """Cells of a table row: a time is two words, the last column all that is left."""
    words, cells = line.split(), []
    for title in titles[:-1]:
        take = 2 if title in TIMES else 1
        cells.append(" ".join(words[:take]))
        words = words[take:]
    return [*cells, " ".join(words)] if cells[-1] else cells


def _seconds(source: Source, number: int, cell: str) -> float:
    """A time with its unit, or plain nanoseconds."""
    value, _, unit = cell.partition(" ")
    if (unit or "ns") not in SECONDS:
        source.refuse(number, repr(cell), f"a time in {', '.join(SECONDS)}")
    return source.number(value, number, "a waiting time") * SECONDS[unit or "ns"]
