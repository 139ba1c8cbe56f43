"""``perf stat -x,``: one counter a line, in columns separated by a character of the user's choice.

Shape: ``value,unit,event[,spread%],runtime,running[,metric,metric unit]``, after the time under -I and after
``CPU0`` or ``S0,8`` under -A and --per-socket. Lines with ``#`` are comments; a line without value and event
holds one more metric of the line before.
Trap: where the decimal mark is a comma, ``-x,`` cannot be read by anyone; ``-x;`` can and is.
Source: perf-stat(1), "CSV FORMAT"; output of perf 6.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cerberus_plan.calibration.programs.imports.perf_events import UNITS, Count, demand_of, value_of
from cerberus_plan.calibration.programs.imports.results import Imported
from cerberus_plan.calibration.programs.imports.source import Source

SEPARATORS = (",", ";", "\t", "|")
VALUE = re.compile(r"\s*(?:\d+(?:[.,]\d+)?|<not (?:supported|counted)>)\s*")
EVENT = re.compile(r"[A-Za-z][\w.:/=\-,]*")
INTERVAL = re.compile(r"\s*\d+[.,]\d{9}")
PLACE = re.compile(r"(?:CPU|S|D|C|N|L)\d[\w\-]*")
MORE_UNITS = ("Joules", "MiB", "GHz", "Bytes", "C")
EXPECTED = "value,unit,event,... as `perf stat -x, -o FILE` writes it under LC_ALL=C"


def sniff(text: str) -> bool:
    """Whether the first line that is no comment can be read under some separator."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return any(_start(first.split(separator)) is not None for separator in SEPARATORS)


def parse(source: Source) -> Imported:
    """The demand of what perf watched.

    Raises:
        InputError: a line that does not have these columns, or decimal commas between commas.
    """
    return Imported(demands=(demand_of(source, _counts(source)),))


def _counts(source: Source) -> Iterator[Count]:
    for number, line in source.lines:
        if not line.strip() or line.startswith("#"):
            continue
        cells, start = _cells(source, number, line)
        if start is None:
            if _is_continuation(cells):
                continue
            source.refuse(number, repr(line), EXPECTED)
        value, unit, *rest = cells[start:]
        event, rest = _event(rest)
        numbers = [cell for cell in rest if not cell.endswith("%")]
        running = numbers[1].replace(",", ".") if len(numbers) > 1 else "100"
        yield Count(
            line=number,
            event=event,
            value=value_of(source, number, value.replace(",", ".")),
            unit=unit,
            running=source.number(running, number, "percent of the time counted"),
        )


def _cells(source: Source, number: int, line: str) -> tuple[list[str], int | None]:
    """The columns under the separator that fits, and where the value stands."""
    for separator in SEPARATORS:
        cells = line.split(separator)
        start = _start(cells)
        if start is not None:
            return cells, start
    if re.match(r"\d+,\d+,(?:msec|ns|MiB)?,", line):
        source.refuse(number, f"decimal commas in {line!r}", "LC_ALL=C perf stat -x, or perf stat -x';'")
    return next((cells for s in SEPARATORS if len(cells := line.split(s)) > 1), [line]), None


def _start(cells: list[str]) -> int | None:
    """Index of the value: after an interval's time, a place (CPU0, S0) and its number of cores."""
    start = 0
    if start < len(cells) and INTERVAL.fullmatch(cells[start]):
        start += 1
    if start < len(cells) and PLACE.fullmatch(cells[start]):
        start += 1
        if len(cells) > start + 3 and EVENT.fullmatch(cells[start + 3]) and cells[start].strip().isdigit():
            start += _is_count(cells, start)
    if len(cells) < start + 3:
        return None
    value, unit, event = cells[start : start + 3]
    fits = VALUE.fullmatch(value) and (unit in UNITS or unit in MORE_UNITS) and EVENT.fullmatch(event)
    return start if fits else None


def _event(cells: list[str]) -> tuple[str, list[str]]:
    """The event and what follows it: ``cpu/event=0x3c,umask=0x1/`` holds separators between its slashes."""
    end = 1
    while "".join(cells[:end]).count("/") == 1 and end < len(cells):
        end += 1
    return ",".join(cells[:end]), cells[end:]


def _is_continuation(cells: list[str]) -> bool:
    """Whether it holds one more metric of the line before: after time and place no value, unit and event."""
    rest = [cell.strip() for cell in cells if not (INTERVAL.fullmatch(cell) or PLACE.fullmatch(cell))]
    return len(rest) > 3 and not any(rest[:3])


def _is_count(cells: list[str], start: int) -> int:
    """1 if the cell is the number of cores of a place (then value, unit, event follow), else 0."""
    return int(VALUE.fullmatch(cells[start + 1]) is not None)
