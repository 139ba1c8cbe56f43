"""Rows of a table as people save it: CSV of any separator and language, or columns apart by blanks.

Separator: of ``,``, ``;``, tab and ``|`` the one that most cells of the first row are apart by, or what ``sep=;``
says in front (spreadsheets write it); blanks where there is none. Where it is no comma, numbers may have decimal
commas, and then points between thousands: both come out with a decimal point. ``#`` starts a comment; where rows of
numbers have no header, the last comment above them is it, if it has as many words.
When not to use it: for quoted cells over several lines under another separator than the first row's.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from cerberus_plan.model.errors import InputError

SEPARATORS = ",;\t|"
_TOLD = re.compile(r"sep=(.)\s*$")
_COMMA = re.compile(r"\s*[-+]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eE][-+]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[-+]?[1-9]\d{0,2}(?:\.\d{3})+\s*")
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")


def rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty and no comment, with its line; the first one is the header.

    Args:
        text: content.
        name: what to call it in messages.

    Raises:
        InputError: quotes that do not end, with the line.
    """
    separator, skipped = _separator(text)
    decimal_comma = separator != "," and _has_decimal_comma(text, separator)
    comment, started = "", False
    for line, cells in _split(text, separator, name):
        if line <= skipped or not any(cell.strip() for cell in cells):
            continue
        if cells[0].lstrip().startswith("#"):
            comment = (separator or " ").join(cells).lstrip("# \t")
            continue
        if not started and all(_NUMBER.fullmatch(cell) for cell in cells):
            named = next((row for _, row in _split(comment, separator, name)), [])
            if len(named) == len(cells) and not any(_NUMBER.fullmatch(cell) for cell in named):
                yield line, named
        started = True
        yield line, [_with_point(cell) for cell in cells] if decimal_comma else cells


def _separator(text: str) -> tuple[str | None, int]:
    """What separates cells (None: blanks), and up to which line that is told."""
    for number, line in enumerate(text.splitlines(), start=1):
        if told := _TOLD.match(line):
            return told[1], number
        if line.strip() and not line.lstrip().startswith("#"):
            bare = re.sub(r'"[^"]*"', "", line)
            best = max(SEPARATORS, key=bare.count)
            return (best if best in bare else None if bare.split()[1:] else ","), 0
    return ",", 0


def _split(text: str, separator: str | None, name: str) -> Iterator[tuple[int, list[str]]]:
    if separator is None:
        yield from ((number, line.split()) for number, line in enumerate(text.splitlines(), start=1))
        return
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=separator != "\t")
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: not CSV ({error})") from error


def _has_decimal_comma(text: str, separator: str | None) -> bool:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return any(_COMMA.fullmatch(cell.strip('" ')) for line in lines for cell in line.split(separator))


def _with_point(cell: str) -> str:
    """A number of a language with decimal commas as one with a point; any other text as it is."""
    if _COMMA.fullmatch(cell):
        return cell.replace(".", "").replace(",", ".")
    return cell.replace(".", "") if _THOUSANDS.fullmatch(cell) else cell
