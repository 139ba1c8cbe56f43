"""Read a curve from a table with a column that counts cores and a column of throughput.

CSV of any separator and language (`store.table`); which columns, see `columns`. Other columns are ignored, which is
said where rows differ in them, `#` starts a comment line, repeats of one n are legal and any order is. Every other
irregularity is refused with the line it is on.
When not to use it: for another tool's own output; `calibration.programs.imports` reads those.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cerberus_plan.calibration.curves.columns import COUNT, VALUE, Columns, find, named
from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.programs.imports.results import axis_of
from cerberus_plan.calibration.store import table
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError

LARGEST_N = 1_000_000
FOUND = Columns()
REPEAT = re.compile(
    r"(?:unnamed.*|index|id|run|rep|repeat|repetition|iteration|iter|trial|seed|)(?:_?(?:no|nr|id|\d+))?", re.I
)
SHOWN = 4  # texts of a column listed in a note


@dataclass(slots=True)
class _Points:
    """What the rows say, and what they say in the columns that are ignored."""

    counts: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    texts: dict[str, dict[float, set[str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_curve(path: str | Path, *, time: bool = False, clients: bool = False, columns: Columns = FOUND) -> Curve:
    """Read and check a curve.

    Args:
        path: table with a header line.
        time: the value is the time of one run or operation, smaller is better; throughput is its inverse.
        clients: n counts clients (or concurrency), which need not be whole numbers.
        columns: which columns they are, and which rows to use.

    Raises:
        InputError: not a readable table of finite, positive numbers; the message has the line.
    """
    return read_noted(path, time=time, clients=clients, columns=columns)[0]


def read_noted(
    path: str | Path, *, time: bool = False, clients: bool = False, columns: Columns = FOUND
) -> tuple[Curve, list[str]]:
    """The curve, and sentences on what was taken for what.

    Raises:
        InputError: As `read_curve`.
    """
    return parse_noted(read_text(path), str(path), time=time, clients=clients, columns=columns)


def parse_noted(
    text: str, name: str, *, time: bool = False, clients: bool = False, columns: Columns = FOUND
) -> tuple[Curve, list[str]]:
    """The curve of a table's text, and sentences on what was taken for what.

    Raises:
        InputError: As `read_curve`, with ``name`` for the file.
    """
    points = _Points()
    try:
        for n, value in _rows(text, name, points, columns, time=time or columns.is_time, clients=clients):
            points.counts.append(n)
            points.values.append(1 / value if time or columns.is_time else value)
    except InputError:
        from cerberus_plan.calibration.programs.imports.belongs import belongs  # loads every reader there is

        if (other := belongs(text, tables=False)) is None:
            raise
        raise InputError(f"{name} {other}") from None
    if not points.counts:
        which = f" with {', '.join(f'{k}={v}' for k, v in columns.only.items())}" if columns.only else ""
        raise InputError(f"{name}: there is a header but no points{which}; add lines such as 1,1234.5")
    return Curve.from_points(points.counts, points.values, name=name), [*points.notes, *_mixed(points)]


def _rows(
    text: str, name: str, points: _Points, columns: Columns, *, time: bool, clients: bool
) -> Iterator[tuple[float, float]]:
    header: list[str] | None = None
    at_n = at_value = 0
    only: dict[int, str] = {}
    for line, row in table.rows(text, name):
        where = f"{name}, line {line}"
        if header is None:
            header = [cell.strip() for cell in row]
            at_n, at_value = find(header, columns, where, time=time)
            only = _only(header, columns, where)
            if (header[at_n].lower(), header[at_value].lower()) != (COUNT, VALUE):
                points.notes.append(f"n is {header[at_n]}, {'time' if time else 'value'} is {header[at_value]}")
            if axis_of(header[at_n]) == "clients" and not clients:
                points.notes.append("n counts clients and not cores: say --clients")
            continue
        if len(row) != len(header):
            raise InputError(f"{where}: {counted(len(row), 'field')} where the header has {len(header)}")
        if any(row[i].strip() != wanted for i, wanted in only.items()):
            continue
        n = _count(row[at_n], where, clients)
        yield n, _number(row[at_value], "value", where)
        _note_texts(points, n, header, row, {at_n, at_value, *only})


def _only(header: Sequence[str], columns: Columns, where: str) -> dict[int, str]:
    """The columns in which rows must hold a text."""
    found = {}
    for name, wanted in columns.only.items():
        if len(at := named(header, name)) != 1:
            raise InputError(f"{where}: --where {name}={wanted}: the columns are {', '.join(header)[:80]}")
        found[at[0]] = wanted
    return found


def _note_texts(points: _Points, n: float, header: Sequence[str], row: Sequence[str], used: set[int]) -> None:
    """Keep what a row says in columns that are not used."""
    for i, cell in enumerate(row):
        if i not in used and not REPEAT.fullmatch(header[i]):
            points.texts.setdefault(header[i], {}).setdefault(n, set()).add(cell.strip())


def _mixed(points: _Points) -> Iterator[str]:
    """Columns that differ between rows of one n, in words or in the same numbers at each n: those may be no repeats."""
    for column, by_n in points.texts.items():
        texts = sorted(set[str]().union(*by_n.values()))
        words = any(letter.isalpha() for text in texts for letter in text)
        settings = len(by_n) > 1 and all(len(at) == len(texts) for at in by_n.values())
        if any(len(at) > 1 for at in by_n.values()) and (words or settings):
            shown = ", ".join(texts[:SHOWN]) + (", ..." if len(texts) > SHOWN else "")
            some = f"--where {column}={texts[0]} uses only some"
            yield f"rows that differ in {column} ({shown}) are read as repeats; {some}"


def _number(cell: str, label: str, where: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 1e-300):
        raise InputError(
            f"{where}: {label} is {cell.strip()[:40]!r}; a finite number above 0 is needed{table.hint(cell)}"
        )
    if number > 1e300:
        raise InputError(f"{where}: {label} is {cell.strip()[:40]!r}; use a unit that gives smaller numbers")
    return number


def _count(cell: str, where: str, clients: bool) -> float:
    n = _number(cell, "n", where)
    if not 1 <= n <= LARGEST_N:
        raise InputError(f"{where}: n is {cell.strip()}; counts from 1 to {LARGEST_N} are read")
    if not clients and n != round(n):
        raise InputError(f"{where}: n is {cell.strip()}; a count of cores is a whole number (or say --clients)")
    return n
