"""Measured splits in a workload file: rows [[measured]], read, written, and appended without touching the rest.

    [[measured]]
    instances = 2
    cores_per_instance = 8
    value = 1234.5            # throughput of both together, in the workload's unit
    low = 1200.0              # with high: the 90 % interval, where it is known
    high = 1270.0
    host = "db1"
    date = "2026-11-26"

Repeats of a split are several rows. When not to use it: for a table without a workload; `calibration.splits.read`
reads those from CSV.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text, write_atomically
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.plain import plain, shown

_FIELDS = ("instances", "cores_per_instance", "value", "low", "high", "host", "date")
_NEEDED = _FIELDS[:3]


def from_rows(rows: Any, where: str) -> tuple[Measurement, ...]:
    """Measurements from parsed TOML; ``where`` names the file in messages.

    Raises:
        InputError: Not rows, or the number of the row and the field that is wrong.
    """
    if not isinstance(rows, list):
        raise InputError(f"{where}: measured must be rows [[measured]] with {', '.join(_NEEDED)}")
    return tuple(_measurement(row, f"{where}: measured, row {i}") for i, row in enumerate(rows, start=1))


def _measurement(row: Any, where: str) -> Measurement:
    if not isinstance(row, Mapping):
        raise InputError(f"{where}: {shown(row)} must be a table with {', '.join(_NEEDED)}")
    for field in row:
        if field not in _FIELDS:
            raise InputError(f"{where}: unknown field {shown(field)}; known: {', '.join(_FIELDS)}")
    for field in _NEEDED:
        if field not in row:
            raise InputError(f"{where}: field {field!r} is missing")
    for field in ("host", "date"):
        if field in row and not isinstance(row[field], str):
            raise InputError(f"{where}: {field} = {shown(row[field])} must be a text in quotes")
    numbers = {f: decode.number(row[f], f"{where}: {f}") for f in ("value", "low", "high") if f in row}
    texts = {f: plain(row[f], one_line=True) for f in ("host", "date") if f in row}
    try:
        return Measurement(**{**row, **numbers, **texts})
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def to_rows(measured: Iterable[Measurement]) -> list[str]:
    """Lines of TOML, an empty line before each row."""
    lines = []
    for row in measured:
        lines += ["", "[[measured]]"]
        for field in _FIELDS:
            given = getattr(row, field)
            if given is not None and given != "":
                lines.append(f"{field} = {toml_text(given) if isinstance(given, str) else repr(given)}")
    return lines


def append(path: str | Path, measured: Iterable[Measurement]) -> None:
    """Add rows at the end of a workload file, everything else kept as it is.

    Raises:
        InputError: The file does not exist, is not a workload, or cannot be written.
    """
    from cerberus_plan.calibration.store.catalog import parse_workload

    before = read_text(path)
    text = before.rstrip("\n") + "\n" + "\n".join(to_rows(measured)) + "\n"
    parse_workload(text, str(path))
    write_atomically(path, text)


def toml_text(text: str) -> str:
    """A TOML basic string: as in JSON, except that DEL must be escaped and lone surrogates cannot be said."""
    clean = text.encode("utf-8", errors="replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
