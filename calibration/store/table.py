"""Rows of a table as people save it: CSV of any separator and language, or columns apart by blanks.

Separator: of ``,``, ``;``, tab and ``|`` the one that most cells of the first row are apart by, or what ``sep=;``
says in front (spreadsheets write it); blanks where there is none. Numbers come out with a decimal point and without
what stands between thousands: an apostrophe or a blank, a point where commas are decimal, a comma where they are not.
Which of the two commas are is told by the whole table: ``1,5`` and ``1.010,5`` are decimal, ``1,234,567`` and
``1,010.5`` are not, nor is ``1,010`` in a column that has a ``990``. Where nothing tells, they are decimal, but between
commas, where such a cell stays as it is. Points stay decimal in a column that has a ``1.5``, and between commas in one
without a decimal comma: another column may hold lists of CPUs (``0,1``). ``#`` starts a comment; where rows of numbers
have no header, the last comment above them is it, if it has as many words. Rules of dashes between rows (Markdown) are
no rows.
When not to use it: for quoted cells over several lines under another separator than the first row's.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from cerberus_plan.model.errors import InputError

SEPARATORS = ",;\t|"
_TOLD = re.compile(r"sep=(.)\s*$")
_COMMA = re.compile(r"\s*[-+]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eE][-+]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[-+]?[1-9]\d{0,2}(?:\.\d{3})+\s*")
_ENGLISH = re.compile(r"\s*[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?\s*")
_SURELY_ENGLISH = re.compile(r".*,\d{3}[,.]\d+\s*")
_THREE_DIGITS = re.compile(r"\s*[1-9]\d\d\s*")
_BETWEEN = " '\u2019\u00a0\u202f\u2009"  # what some languages put between thousands
_GROUPED = re.compile(rf"\s*[-+]?[1-9]\d{{0,2}}(?:[{_BETWEEN}]\d{{3}})+(?:[.,]\d+)?\s*")
_RULE = re.compile(r"\s*:?[-=]{2,}:?\s*")
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
    commas, pointed = _marks(text, separator, name)
    comment, started = "", False
    for line, cells in _split(text, separator, name):
        if line <= skipped or all(not cell.strip() or _RULE.fullmatch(cell) for cell in cells):
            continue
        if cells[0].lstrip().startswith("#"):
            comment = (separator or " ").join(cells).lstrip("# \t")
            continue
        if not started and all(_NUMBER.fullmatch(cell) for cell in cells):
            named = next((row for _, row in _split(comment, separator, name)), [])
            if len(named) == len(cells) and not any(_NUMBER.fullmatch(cell) for cell in named):
                yield line, named
        started = True
        yield line, [_plain(cell, commas, points=column in pointed) for column, cell in enumerate(cells)]


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


def _marks(text: str, separator: str | None, name: str) -> tuple[str, frozenset[int]]:
    """What commas inside numbers are, as `_commas` says, and the columns whose points are decimal whatever they are."""
    if "," not in text if separator != "," else '"' not in text:
        return "", frozenset()
    columns: dict[int, list[str]] = {}
    for _, cells in _split(text, separator, name):
        if cells and not cells[0].lstrip().startswith("#"):
            for column, cell in enumerate(cells):
                columns.setdefault(column, []).append(_ungrouped(cell))
    pointed = {
        column
        for column, cells in columns.items()
        if any(map(_has_decimal_point, cells)) or (separator == "," and not any(map(_COMMA.fullmatch, cells)))
    }
    return _commas(list(columns.values()), separator), frozenset(pointed)


def _has_decimal_point(cell: str) -> bool:
    return "." in cell and bool(_NUMBER.fullmatch(cell)) and not _THOUSANDS.fullmatch(cell)


def _commas(columns: Sequence[Sequence[str]], separator: str | None) -> str:
    """What commas inside numbers are: "decimal", between "thousands", or neither where nothing tells."""
    found = [cell for cells in columns for cell in cells if "," in cell]
    if any(_COMMA.fullmatch(cell) and not _ENGLISH.fullmatch(cell) for cell in found):
        return "decimal"
    if any(_ENGLISH.fullmatch(cell) and _SURELY_ENGLISH.fullmatch(cell) for cell in found):
        return "thousands"
    if any(any(map(_ENGLISH.fullmatch, cells)) and any(map(_THREE_DIGITS.fullmatch, cells)) for cells in columns):
        return "thousands"
    return "" if separator == "," else "decimal"


def _ungrouped(cell: str) -> str:
    """A number without blanks and apostrophes between its thousands; any other text as it is."""
    return re.sub(f"[{_BETWEEN}]", "", cell) if _GROUPED.fullmatch(cell) else cell


def _plain(cell: str, commas: str, *, points: bool) -> str:
    """A number of any language with a decimal point and nothing between thousands; any other text as it is.

    Args:
        cell: the text.
        commas: what they are.
        points: whether those of the column are decimal whatever commas are.
    """
    cell = _ungrouped(cell)
    if commas == "thousands":
        return cell.replace(",", "") if _ENGLISH.fullmatch(cell) else cell
    if commas == "decimal":
        if _COMMA.fullmatch(cell):
            return cell.replace(".", "").replace(",", ".")
        return cell.replace(".", "") if not points and _THOUSANDS.fullmatch(cell) else cell
    return cell


def hint(cell: str) -> str:
    """How to write a number that was not understood, to go behind a message; empty where that is not known."""
    found = cell.strip()
    if _ENGLISH.fullmatch(found):
        return f": write {found.replace(',', '')} or {found.replace(',', '.', 1)}, whichever is meant"
    if re.fullmatch(r"[\d.]+\s*[kKMGT]", found):
        return ", without k, M or G behind it"
    return ""
