"""``perf lock contention``: who waited how long for kernel locks, as a table or with ``-x``.

Table: ``contended   total wait     max wait     avg wait         type   caller``, a unit in each cell, call stacks
(-v) and a footer of debugging counts to be skipped. With ``-x,``: ``# output: contended, total wait, ...`` names
the columns, times are nanoseconds. Columns follow the first line, for they grow with versions.
Traps: waiting only, no hold times (``/proc/lock_stat`` has both); the same caller comes back with other stacks and
is added up; in the place of callers ``-l`` tables list locks (one without a name goes by its address), ``-t``
threads that wait, ``-o`` threads that hold while others wait, ``-g`` control groups. What follows under ``=== ...
===`` (debugging counts, stacks of owners) repeats the rows above.
Source: output of perf 6.1 to 6.15 and the patches that added -x (perf 6.5).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

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
    "tid",
    "comm",
    "owner",
    "address",
    "symbol",
    "cgroup",
)
THREADS = ("comm", "owner")  # titles of tables whose rows are threads
TABLE = re.compile(r"^\s*(?:(?:" + "|".join(TITLES) + r")\s*)+$")
SEPARATED = re.compile(r"^#\s*output:\s*(.*)$")
TIMES = {"total wait", "max wait", "min wait", "avg wait"}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
KIND = re.compile(r"\s*\(([\w:-]+)\)$")
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
    uses: dict[tuple[str, str, str], LockUse] = {}
    rows: set[str] = set()
    for use, pid, what in _rows(source):
        rows.add(what)
        before = uses.get((use.name, use.kind, pid))
        uses[use.name, use.kind, pid] = use if before is None else _sum(before, use)
    if not uses:
        source.refuse(None, "no contended lock", "rows under the header; was the program running meanwhile?")
    locks = tuple(sorted(_told_apart(uses), key=lambda use: -use.wait_s))
    notes = ("waiting times only: perf does not see how long locks are held", *filter(None, sorted(rows)))
    return Imported(demands=(Demand(locks=locks, notes=notes, source=source.name),))


def _told_apart(uses: dict[tuple[str, str, str], LockUse]) -> Iterator[LockUse]:
    """All uses; threads of one name get their numbers behind it."""
    names = Counter(name for name, _, _ in uses)
    for (name, _, pid), use in uses.items():
        yield replace(use, name=f"{name} ({pid})") if pid and names[name] > 1 else use


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


def _rows(source: Source) -> Iterator[tuple[LockUse, str, str]]:
    """Each row, the thread it is about, and what rows are if not locks or callers."""
    titles: list[str] | None = None
    separator: str | None = None
    for number, line in source.lines:
        if titles is not None and line.startswith("==="):
            return
        if (found := _separated(line)) is not None:
            titles, separator = found
        elif (header := _header(line)) is not None:
            titles, separator = header, None
        elif titles is not None and line.strip() and not STACK.match(line):
            yield (*_row(source, number, line, titles, separator), _rows_are(titles))
    if titles is None:
        source.refuse(None, "no header", "contended, total wait, ... as perf lock contention prints it")


def _row(source: Source, number: int, line: str, titles: list[str], separator: str | None) -> tuple[LockUse, str]:
    cells = _split(line, titles) if separator is None else [c.strip() for c in line.split(separator, len(titles) - 1)]
    if len(cells) != len(titles):
        source.refuse(number, repr(line), f"the columns {', '.join(titles)}")
    row = dict(zip(titles, cells, strict=True))
    if not {"contended", "total wait"} <= row.keys():
        source.refuse(number, f"the columns {', '.join(titles)}", "contended and total wait among them")
    in_brackets = KIND.search(row.get("symbol", ""))  # lock tables (-l) have no column for the type
    thread = any(title in row for title in THREADS)
    use = LockUse(
        name=_name(row),
        kind="thread" if thread else row.get("type") or (in_brackets[1] if in_brackets else ""),
        contentions=source.count(row["contended"], number, "contended"),
        wait_s=_seconds(source, number, row["total wait"]),
    )
    return use, (row.get("pid") or row.get("tid") or "") if thread else ""


def _name(row: dict[str, str]) -> str:
    """What a row is about: a caller, a lock (by its address where it has no name), a thread, a control group."""
    symbol = KIND.sub("", row.get("symbol", ""))
    thread = next((row[title] for title in THREADS if row.get(title)), "")
    if symbol.startswith("&"):  # the kind of object that holds it: there are many, each with its address
        symbol = f"{symbol} {row.get('address', '')}".rstrip()
    return row.get("caller") or symbol or thread or row.get("address") or row.get("cgroup") or row.get("pid") or "?"


def _rows_are(titles: list[str]) -> str:
    if "owner" in titles:
        return "rows are threads that held locks while others waited, not locks"
    if "comm" in titles:
        return "rows are threads that waited, not locks"
    return "rows are control groups, not locks" if "cgroup" in titles and "caller" not in titles else ""


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
