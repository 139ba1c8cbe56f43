"""``strace -c``: how often each system call was made.

Shape: a header of titles over a rule of dashes, one row a call, a second rule, a ``total`` row; errors may be
blank; with ``-U`` the columns are others, in another order; 32-bit and 64-bit calls have a table each. What the
program itself wrote to stderr may stand around it.
Traps: cells are told apart by counting them, since wide numbers run over their column; seconds are inflated
by tracing (and without ``-w`` they are CPU time in the kernel): believe the calls.
Source: output of strace 4.20 to 6.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from cerberus_plan.calibration.programs.demand import Demand, SystemCall
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

RULE = re.compile(r"^-+(?: -+)+\s*$")
BLANKS = ("errors", "usecs/call")  # cells that may be empty, in the order in which they go missing
NAMES = ("syscall", "function")


def sniff(text: str) -> bool:
    """Whether a rule stands under titles with calls and syscall."""
    lines = text.splitlines()
    return any(RULE.match(low) and _titles(high) for high, low in pairwise(lines))


def parse(source: Source) -> Imported:
    """Calls, errors and time of each system call, over all tables in the file.

    Raises:
        InputError: no table, rows that do not fit, or no total (the file is cut off).
    """
    calls: dict[str, SystemCall] = {}
    for call in _calls(source):
        before = calls.get(call.name)
        calls[call.name] = call if before is None else _sum(before, call)
    ordered = tuple(sorted(calls.values(), key=lambda call: (-call.calls, call.name)))
    notes = ("seconds are as traced, which inflates them",) if any(c.time_s is not None for c in ordered) else ()
    return Imported(demands=(Demand(system_calls=ordered, notes=notes, source=source.name),))


def _sum(one: SystemCall, two: SystemCall) -> SystemCall:
    times = (one.time_s, two.time_s)
    return SystemCall(
        name=one.name,
        calls=one.calls + two.calls,
        errors=one.errors + two.errors,
        time_s=None if None in times else sum(time for time in times if time is not None),
    )


def _titles(line: str) -> list[str] | None:
    """The titles of a header, or None if it is none."""
    titles = line.replace("% time", "%time").split()
    return titles if "calls" in titles and any(name in titles for name in NAMES) else None


def _calls(source: Source) -> Iterator[SystemCall]:
    """Rows of all tables; each table must end in a total equal to the sum of its calls."""
    lines = source.lines
    at, tables = 1, 0
    while at < len(lines):
        titles = _titles(lines[at - 1][1])
        if titles is None or not RULE.match(lines[at][1]):
            at += 1
            continue
        tables += 1
        table: list[SystemCall] = []
        at += 1
        while at < len(lines) and lines[at][1].strip() and not RULE.match(lines[at][1]):
            table.append(_row(source, *lines[at], titles))
            at += 1
        _check_total(source, lines[at + 1 : at + 2], table)
        yield from table
    if not tables:
        source.refuse(None, "no table", "titles with calls and syscall over a rule, as `strace -c -o FILE` writes")


def _check_total(source: Source, after: list[tuple[int, str]], table: list[SystemCall]) -> None:
    """The row under the second rule must hold the sum of the calls: its blanks differ between versions."""
    calls = f"{sum(int(call.calls) for call in table)}"
    if not after or not after[0][1].strip():
        source.refuse(len(source.lines), "no total row", "the whole table; the file is cut off")
    number, line = after[0]
    if not {"total", calls} <= set(line.split()):
        source.refuse(number, repr(line.strip()), f"the total row with {calls} calls; are rows missing?")


def _row(source: Source, number: int, line: str, titles: list[str]) -> SystemCall:
    cells = line.split()
    kept = list(titles)
    for blank in BLANKS:
        if len(kept) > len(cells) and blank in kept:
            kept.remove(blank)
    if len(cells) != len(kept):
        source.refuse(number, repr(line.strip()), f"the columns {', '.join(titles)}")
    row = dict(zip(kept, cells, strict=True))
    name = next(row[title] for title in NAMES if title in row)
    return SystemCall(
        name=name,
        calls=source.count(row["calls"], number, "calls"),
        errors=source.count(row["errors"], number, "errors") if "errors" in row else 0,
        time_s=source.number(row["seconds"].replace(",", "."), number, "seconds") if "seconds" in row else None,
    )
