"""Matrices of core-to-core latencies, in the layouts that people have.

Read: the CSV of core-to-core-latency (one way, pairs below the diagonal, no labels) and its table on the terminal
(``59±0``); the table of c2clat (its corner says CPU; round trips); full, lower or ragged triangles; commas, semicolons,
tabs or blanks between cells, with or without quotes; a first row and column of CPU numbers, or one of the two.
Nanoseconds throughout, which may stand behind each number.
Both directions of a pair are averaged. A cell that is empty, ``-``, ``nan`` or 0 (a clock too coarse) is a pair that
was not measured; zeros are counted in a note. Where each CPU has just one zero they are siblings, nearer than the clock
can tell: 10 ns, as siblings take 4 to 17 (``host.siblings``), or half of the least that was measured.
Assumption: ascending whole numbers in the first row and column are labels where there are six, two that follow one
another, or four in even steps (CPUs 1, 3, 5, 7 of a socket); latencies are not so regular.
Source: https://github.com/nviennot/core-to-core-latency and https://github.com/rigtorp/c2clat, their READMEs.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix
from cerberus_plan.model.digits import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cerberus_plan.calibration.programs.imports.source import Source

_NS = 1e-9
_LABEL = re.compile(r"(?:(?:cpu|core|thread)[\s_-]*)?(\d{1,5})", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)  # refused later, with its line
_CORNER = re.compile(r"(?:cpus?|cores?|threads?|ns|#|\\|/)*", re.IGNORECASE)
_UNKNOWN = frozenset({"", "-", "--", "nan", "n/a", "na", "."})
_AS_UNKNOWN = dict.fromkeys([*_UNKNOWN, *(cell.upper() for cell in _UNKNOWN), "NaN"], "nan")
# Rows that are looked at to tell what a file is.
_TRIED = 32
_SIBLINGS = 20e-9  # round trip [s]
_NANOSECONDS = re.compile(r"(?<=\d) ?ns\b")
# The spread that core-to-core-latency prints behind each mean.
_SPREAD = re.compile(r"±\S*")


class Row(NamedTuple):
    """One line of the table."""

    line: int
    cells: list[str]


class Table(NamedTuple):
    """Cells of a matrix without its labels; ``cpus`` are the labels, or the numbers of the rows."""

    cpus: tuple[int, ...]
    rows: tuple[Row, ...]
    round_trips: bool


def sniff(text: str) -> bool:
    """Whether it looks like a square or triangular table of numbers."""
    rows = _split(text)
    if len(rows) < 2 or abs(max(len(row.cells) for row in rows) - len(rows)) > 1:
        return False
    body = _unlabelled(rows)
    cells = [cell for row in body.rows[-_TRIED:] for cell in row.cells]
    return all(map(_is_cell, cells)) and any(map(_NUMBER.fullmatch, cells))


def parse(source: Source) -> LatencyMatrix:
    """Cache line round trip of pairs of CPUs [s].

    Raises:
        InputError: not a square or triangular table of numbers and blanks, or without any pair.
    """
    return read(source)[0]


def read(source: Source) -> tuple[LatencyMatrix, tuple[str, ...]]:
    """Round trips of pairs of CPUs [s], and what people should know about the file.

    Raises:
        InputError: as for ``parse``.
    """
    table = _unlabelled(_split(source.text))
    values = _values(source, table)
    np.fill_diagonal(values, np.nan)
    zero = values == 0.0
    values[zero] = np.nan
    both = np.stack([values, values.T])
    known = np.count_nonzero(~np.isnan(both), axis=0)
    scale = _NS if table.round_trips else 2.0 * _NS
    round_trips = np.where(known > 0, np.nansum(both, axis=0) / np.maximum(known, 1) * scale, np.nan)
    if not known.any():
        if zero.any():
            row = table.rows[int(np.argwhere(zero)[0][0])]
            source.refuse(row.line, "'0'", "nanoseconds above 0")
        source.refuse(None, "no pair of cores", "a matrix of latencies in nanoseconds")
    notes = _coarse(round_trips, (zero | zero.T) & (known == 0))
    return LatencyMatrix(table.cpus, round_trips), notes


def _coarse(round_trips: NDArray[np.float64], zero: NDArray[np.bool_]) -> tuple[str, ...]:
    """Fill in pairs that took no time by a coarse clock, where they are siblings; a note on what they are taken as."""
    pairs = int(np.count_nonzero(zero)) // 2
    if not pairs:
        return ()
    taken = "not measured"
    if len(zero) > 2 and (zero.sum(axis=0) == 1).all():
        round_trips[zero] = near = min(_SIBLINGS, np.nanmin(round_trips) / 2.0)
        taken = f"siblings, {near / (2.0 * _NS):.3g} ns apart"
    has = "has" if pairs == 1 else "have"
    return (f"{counted(pairs, 'pair')} of cores {has} 0 ns, which a coarse clock gives: taken as {taken}",)


def _split(text: str) -> list[Row]:
    """Lines of cells, without comments and the sentences around a table."""
    lines = text.split("\n")
    filled = sum(1 for line in lines if line.strip())
    separator = next((mark for mark in (";", ",", "\t") if 2 * sum(mark in line for line in lines) >= filled), None)
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("#") or (not line.strip() and not rows):
            continue
        cells = _cells(line, separator)
        if separator is None and (not cells or not _is_start(cells[0])):
            continue
        rows.append(Row(number, cells))
    # blank lines between CSV rows are no rows, an empty row of a triangle has separators
    return [row for row in rows if len(row.cells) > 1 or row.cells[0]]


def _cells(line: str, separator: str | None) -> list[str]:
    if "±" in line:
        line = _SPREAD.sub("", line)
    if "ns" in line:
        line = _NANOSECONDS.sub("", line)
    if '"' in line:
        line = line.replace('"', "")
    if separator is None:
        return line.split()
    cells = line.split(separator)
    if " " in line or "\t" in line:
        cells = [cell.strip() for cell in cells]
    return [cell.replace(",", ".") for cell in cells] if separator == ";" else cells


def _is_start(cell: str) -> bool:
    """Whether a line of a table may begin with this: a number, a label, a blank cell or the corner."""
    return _is_cell(cell) or bool(_LABEL.fullmatch(cell)) or bool(_CORNER.fullmatch(cell))


def _is_cell(cell: str) -> bool:
    return cell.lower() in _UNKNOWN or bool(_NUMBER.fullmatch(cell) or _INFINITE.fullmatch(cell))


def _labels(cells: Sequence[str]) -> tuple[int, ...] | None:
    """CPU numbers, if these cells are nothing else: ascending whole numbers."""
    found = [_LABEL.fullmatch(cell) for cell in cells]
    if not found or not all(found):
        return None
    numbers = tuple(int(label[1]) for label in found if label)
    return numbers if all(a < b for a, b in pairwise(numbers)) else None


def _unlabelled(rows: list[Row]) -> Table:
    """The table without the row and the column of labels, where it has them."""
    if not rows:
        return Table((), (), round_trips=False)
    head, body = rows[0].cells, rows[1:]
    corner = bool(head) and not head[0].isdigit() and bool(_CORNER.fullmatch(head[0]))
    columns = _labels(head[1:] if corner else head)
    beside = _labels([row.cells[0] for row in body])
    if columns and beside == columns[: len(beside or ())] and _surely_labels(columns, named=corner and bool(head[0])):
        short = columns[len(body) :]  # core-to-core-latency prints no line for a CPU without a lower neighbour
        if not short:
            stripped = tuple(Row(row.line, row.cells[1:]) for row in body)
            return Table(columns, stripped, round_trips=head[0].upper() == "CPU" if corner else False)
    if columns and len(body) == len(columns) and all(len(row.cells) == len(columns) for row in body):
        return Table(columns, tuple(body), round_trips=False)
    beside = _labels([row.cells[0] for row in rows])
    if beside and all(len(row.cells) == len(rows) + 1 for row in rows):
        return Table(beside, tuple(Row(row.line, row.cells[1:]) for row in rows), round_trips=False)
    return _plain(rows)


def _surely_labels(numbers: Sequence[int], *, named: bool) -> bool:
    """Whether ascending whole numbers in row and column are labels and not a short symmetric matrix."""
    gaps = [b - a for a, b in pairwise(numbers)]
    even = len(numbers) >= 4 and len(set(gaps)) == 1
    return named or even or numbers[0] == 0 or 1 in gaps or len(numbers) >= 6


def _plain(rows: list[Row]) -> Table:
    """A matrix without labels: square, or a triangle of growing rows whose first, empty one may be left out."""
    lengths = [len(row.cells) - i for i, row in enumerate(rows)]
    diagonal = len(rows) > 1 and set(lengths) == {1} and all(row.cells[-1] in _UNKNOWN | {"0"} for row in rows)
    if len(rows) > 1 and len(set(lengths)) == 1 and lengths[0] in {1, 2} and not diagonal:
        rows = [Row(rows[0].line, []), *rows]
    if all(len(row.cells) == len(rows) + 1 and not row.cells[-1] for row in rows) and any(
        row.cells[-2] for row in rows
    ):
        rows = [Row(row.line, row.cells[:-1]) for row in rows]  # each line ends with a separator
    return Table(tuple(range(len(rows))), tuple(rows), round_trips=False)


def _values(source: Source, table: Table) -> NDArray[np.float64]:
    """The numbers of the table, NaN where there are none."""
    size = len(table.cpus)
    found = np.full((size, size), np.nan)
    for i, (line, cells) in enumerate(table.rows):
        if len(cells) != size and len(cells) not in {i, i + 1}:
            source.refuse(line, counted(len(cells), "cell"), f"{size}, as many as there are rows")
        found[i, : len(cells)] = _numbers(source, line, cells, skip=i)
    return found


def _numbers(source: Source, line: int, cells: list[str], *, skip: int) -> NDArray[np.float64]:
    """The cells of one line; the diagonal may hold anything."""
    plain = [_AS_UNKNOWN.get(cell, cell) for cell in cells]
    plain[skip : skip + 1] = ["nan"] * len(plain[skip : skip + 1])
    try:
        values = np.array(plain, dtype=np.float64)
    except ValueError:
        values = np.array([-1.0])
    if not np.isinf(values).any() and not (values < 0.0).any() and not any("_" in cell for cell in plain):
        return values
    checked = [np.nan if cell == "nan" else source.number(cell, line, "nanoseconds") for cell in plain]
    return np.array(checked)
