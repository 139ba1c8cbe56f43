"""``perf stat -x,``: one counter a line, in columns separated by a character of the user's choice.

Shape: ``value,unit,event[,cgroup][,spread%],runtime,running[,metric,metric unit]``, after the time under -I, after
``CPU0`` or ``S0,8`` under -A and --per-socket, after ``comm-tid`` under --per-thread, after ``summary`` under
--summary. Lines with ``#`` are comments; a line without value and event holds one more metric of the line before.
Trap: where the decimal mark is a comma, ``-x,`` cannot be read by anyone; ``-x;`` can and is.
Source: perf-stat(1), "CSV FORMAT"; output of perf 3.10 to 6.17.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cerberus_plan.calibration.programs.imports.perf_events import UNITS, Count, demand_of, runs, value_of
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

SEPARATORS = (",", ";", "\t", "|")
VALUE = re.compile(r"\s*(?:\d+(?:[.,]\d+)?|<not (?:supported|counted)>)\s*")
EVENT = re.compile(r"\s*[A-Za-z][\w.:/=\-,*@{}]*")
INTERVAL = re.compile(r"\s*\d+[.,]\d{9}")
PLACE = re.compile(r"\s*(?:CPU|S|D|C|N|L)\d[\w\-]*\s*")
THREAD = re.compile(r"\s*\S.*-\d+\s*")
SUMMARY = re.compile(r"\s*summary\s*")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
MORE_UNITS = ("Joules", "MiB", "KiB", "GiB", "GHz", "Bytes", "C", "%")
EXPECTED = "value,unit,event,... as `perf stat -x, -o FILE` writes it under LC_ALL=C"


@dataclass(frozen=True, slots=True)
class _Start:
    """What stands before the value, and where the value is."""

    at: int
    time: float | None = None
    place: str = ""


def sniff(text: str) -> bool:
    """Whether the first line that is no comment can be read under some separator."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return any(_start(first.split(separator)) is not None for separator in SEPARATORS)


def parse(source: Source) -> Imported:
    """The demand of what perf watched, one a run in a file that perf appended to.

    Raises:
        InputError: a line that does not have these columns, or decimal commas between commas.
    """
    return Imported(demands=tuple(demand_of(source, _counts(source, lines)) for lines in runs(source.lines)))


def _counts(source: Source, lines: Sequence[tuple[int, str]]) -> Iterator[Count]:
    before, now = 0.0, 0.0
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        cells, start = _cells(source, number, line)
        if start is None:
            if _is_continuation(cells):
                continue
            source.refuse(number, repr(line), EXPECTED)
        if start.time is not None and start.time != now:
            before, now = now, start.time
        yield _count(source, number, cells[start.at :], start, now - before)


def _count(source: Source, number: int, cells: list[str], start: _Start, elapsed: float) -> Count:
    value, unit, *rest = cells
    event, rest = _event(rest)
    group = rest.pop(0) if rest and rest[0].strip() and not NUMBER.match(rest[0].strip()) else ""
    numbers = [cell.strip().replace(",", ".") for cell in rest if not cell.endswith("%")]
    runtime = float(numbers[0]) if numbers and NUMBER.fullmatch(numbers[0]) else None
    counted = value_of(source, number, value.replace(",", "."))
    busy = float(numbers[2]) if numbers[3:4] == ["CPUs utilized"] and NUMBER.fullmatch(numbers[2]) else None
    if busy is None and start.time is not None and elapsed > 0 and unit == "msec":
        busy = (counted or 0.0) * 1e-3 / elapsed
    return Count(
        line=number,
        event=event.strip(),
        value=counted,
        unit=unit.strip(),
        running=source.number(numbers[1] if len(numbers) > 1 else "100", number, "percent of the time counted"),
        runtime_ns=runtime,
        busy=busy,
        interval=start.time is not None,
        place=start.place,
        group=group,
    )


def _cells(source: Source, number: int, line: str) -> tuple[list[str], _Start | None]:
    """The columns under the separator that fits, and where the value stands."""
    for separator in SEPARATORS:
        cells = line.split(separator)
        start = _start(cells)
        if start is not None:
            return cells, start
    if re.match(r"\d+,\d+,(?:msec|ns|MiB)?,", line):
        source.refuse(number, f"decimal commas in {line!r}", "LC_ALL=C perf stat -x, or perf stat -x';'")
    return next((cells for s in SEPARATORS if len(cells := line.split(s)) > 1), [line]), None


def _start(cells: list[str]) -> _Start | None:
    """Where the value is: after an interval's time, a place (CPU0, S0) and its number of cores, or a thread."""
    at, time, place = 0, None, ""
    if cells and INTERVAL.fullmatch(cells[0]):
        time, at = float(cells[0].replace(",", ".")), 1
    elif cells and SUMMARY.fullmatch(cells[0]):
        at = 1
    if at < len(cells) and PLACE.fullmatch(cells[at]):
        place, at = cells[at].strip(), at + 1
        if len(cells) > at + 3 and EVENT.fullmatch(cells[at + 3]) and cells[at].strip().isdigit():
            at += _is_count(cells, at)
    elif not _fits(cells, at):
        at = _after_thread(cells, at)
    return _Start(at, time, place) if _fits(cells, at) else None


def _after_thread(cells: list[str], at: int) -> int:
    """Where the value is after ``comm-tid``, a name that may hold the separator."""
    for end in range(at + 1, min(at + 4, len(cells))):
        if THREAD.fullmatch(",".join(cells[at:end])) and _fits(cells, end):
            return end
    return at


def _fits(cells: list[str], at: int) -> bool:
    """Whether value, unit and event start here."""
    if len(cells) < at + 3:
        return False
    value, unit, event = cells[at : at + 3]
    is_unit = unit.strip() in UNITS or unit.strip() in MORE_UNITS
    return VALUE.fullmatch(value) is not None and is_unit and EVENT.fullmatch(event) is not None


def _event(cells: list[str]) -> tuple[str, list[str]]:
    """The event and what follows it: ``cpu/event=0x3c,umask=0x1/`` holds separators between its slashes."""
    end = 1
    while "".join(cells[:end]).count("/") == 1 and end < len(cells):
        end += 1
    return ",".join(cells[:end]), cells[end:]


def _is_continuation(cells: list[str]) -> bool:
    """Whether it holds one more metric of the line before: after time and place no value, unit and event."""
    shapes = (INTERVAL, PLACE, THREAD, SUMMARY)
    rest = [cell.strip() for cell in cells if not any(shape.fullmatch(cell) for shape in shapes)]
    while len(cells) > 4 and rest and rest[0].isdigit() and PLACE.fullmatch(cells[0]):
        rest = rest[1:]  # the number of cores of a place
    return len(rest) > 3 and not any(rest[:3])


def _is_count(cells: list[str], start: int) -> int:
    """1 if the cell is the number of cores of a place (then value, unit, event follow), else 0."""
    return int(VALUE.fullmatch(cells[start + 1]) is not None)
