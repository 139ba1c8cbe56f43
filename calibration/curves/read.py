"""Read a curve from a CSV file with the columns `n` and `value`.

Other columns are ignored, `#` starts a comment line, repeats of one n are legal and any order is. Every
other irregularity is refused with the line it is on.
When not to use it: for another tool's own output; `calibration.programs.imports` reads those.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError

LARGEST_N = 1_000_000


def read_curve(path: str | Path, *, time: bool = False, clients: bool = False) -> Curve:
    """Read and check a curve.

    Args:
        path: CSV file with a header line that names `n` and `value`.
        time: `value` is the time of one run or operation, smaller is better; throughput is its inverse.
        clients: n counts clients (or concurrency), which need not be whole numbers.

    Raises:
        InputError: not a readable CSV file of finite, positive numbers; the message has the line.
    """
    name = str(path)
    counts: list[float] = []
    values: list[float] = []
    for n, value in _rows(read_text(path), name, clients):
        counts.append(n)
        values.append(1 / value if time else value)
    if not counts:
        raise InputError(f"{name}: there is a header but no points; add lines such as 1,1234.5")
    return Curve.from_points(counts, values, name=name)


def _rows(text: str, name: str, clients: bool) -> Iterator[tuple[float, float]]:
    reader = csv.reader(io.StringIO(text), skipinitialspace=True)
    header: list[str] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row) or row[0].startswith("#"):
                continue
            where = f"{name}, line {reader.line_num}"
            if not header:
                header = _header(row, where)
                column_n, column_value = header.index("n"), header.index("value")
                continue
            if len(row) != len(header):
                raise InputError(f"{where}: {len(row)} fields where the header has {len(header)}")
            yield _count(row[column_n], where, clients), _number(row[column_value], "value", where)
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: not CSV ({error})") from error


def _header(row: list[str], where: str) -> list[str]:
    cells = [cell.strip().lower() for cell in row]
    for column in ("n", "value"):
        if cells.count(column) != 1:
            hint = "; separate columns by commas" if len(row) == 1 and (";" in row[0] or "\t" in row[0]) else ""
            raise InputError(
                f"{where}: the header is {','.join(row)[:60]!r}; "
                f"exactly one column must be called {column!r}, as in n,value{hint}"
            )
    return cells


def _number(cell: str, label: str, where: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 1e-300):
        raise InputError(f"{where}: {label} is {cell.strip()[:40]!r}; a finite number above 0 is needed")
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
