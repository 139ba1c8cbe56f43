"""Measured splits in a workload file: rows [[measured]], read, written, and appended without touching the rest.

    [[measured]]
    instances = 2
    cores_per_instance = 8
    value = 1234.5            # throughput of both together, in the workload's unit
    low = 1200.0              # with high: the 90 % interval, where it is known
    high = 1270.0
    host = "db1"
    date = "2026-11-26"
    latency_concurrency = 64  # or latency_rate: what its response times were measured at (``latency_fields``)
    latency_p99 = "12ms"

Repeats of a split are several rows. A row with a latency may lack the value; one with a ``latency_rate`` must: what is
done of a given rate is no capacity. When not to use it: for a table without a workload; `calibration.splits.read`
reads those from CSV.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text, write_atomically
from cerberus_plan.calibration.store.latency_fields import FIELDS as LATENCY
from cerberus_plan.calibration.store.latency_fields import fields_of, latency_of, text_of
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.plain import plain, shown
from cerberus_plan.model.quantity import Quantity

_FIELDS = ("instances", "cores_per_instance", "value", "low", "high", "host", "date")
_NEEDED = _FIELDS[:3]
# How much faster a core may be than the one on which a program's compute was measured. Assumption: it was measured on
# a server of the last decade, of which today's fastest core is about twice as fast on one thread; a mean below that is
# no answer. Of a workload measured on a slower core than that this refuses what may be true.
_FASTEST_CORE = 2.0


def from_rows(rows: Any, where: str) -> tuple[Measurement, ...]:
    """Throughput of each row that tells it, from parsed TOML; ``where`` names the file in messages.

    Raises:
        InputError: Not rows, or the number of the row and the field that is wrong.
    """
    return tuple(one for row, place in _checked(rows, where) if "value" in row for one in (_measurement(row, place),))


def latencies_from_rows(rows: Any, where: str, compute: Quantity | None = None) -> tuple[MeasuredLatency, ...]:
    """Response times of each row that tells them.

    Args:
        rows: Parsed TOML.
        where: Names the file in messages.
        compute: What a request computes, None where it is not known.

    Raises:
        InputError: As ``from_rows``; or a mean below what a request computes, with the number of the row.
    """
    found = []
    for row, place in _checked(rows, where):
        one = latency_of(row, place)
        if one is not None:
            _check_possible(one, compute, place)
            found.append(one)
    return tuple(found)


def _check_possible(one: MeasuredLatency, compute: Quantity | None, where: str) -> None:
    """Refuse a mean in which no request can have been computed, on any core of today.

    Raises:
        InputError: It is one.
    """
    work = 0.0 if compute is None else compute.si().value if compute.low is None else compute.si().low or 0.0
    if one.mean is not None and one.mean < work / _FASTEST_CORE:
        raise InputError(
            f"{where}: latency_mean = {text_of(one.mean)} is less than half of what a request computes, "
            f"{text_of(work)} (compute in [operations]), so these are not answers of this program: were they errors, "
            "in another unit, or is compute that of more than one request?"
        )


def _checked(rows: Any, where: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Rows of known fields, each with its place."""
    if not isinstance(rows, list):
        raise InputError(f"{where}: measured must be rows [[measured]] with {', '.join(_NEEDED)}")
    for i, row in enumerate(rows, start=1):
        place = f"{where}: measured, row {i}"
        if not isinstance(row, Mapping):
            raise InputError(f"{place}: {shown(row)} must be a table with {', '.join(_NEEDED)}")
        _check(row, place)
        yield row, place


def _check(row: Mapping[str, Any], where: str) -> None:
    for field in row:
        if field not in _FIELDS and field not in LATENCY:
            raise InputError(f"{where}: unknown field {shown(field)}; known: {', '.join((*_FIELDS, *LATENCY))}")
    told = any(field in row for field in LATENCY) and not {"low", "high"} & row.keys()
    for field in _NEEDED:
        if field not in row and not (field == "value" and told):
            raise InputError(f"{where}: field {field!r} is missing")
    if "latency_rate" in row and "value" in row:
        raise InputError(
            f"{where}: value is what a split does when it is saturated; a run at a latency_rate does not tell that: "
            "leave out value, or give latency_concurrency for a run with so many clients"
        )
    for field in ("host", "date"):
        if field in row and not isinstance(row[field], str):
            raise InputError(f"{where}: {field} = {shown(row[field])} must be a text in quotes")


def _measurement(row: Mapping[str, Any], where: str) -> Measurement:
    given: dict[str, Any] = {f: row[f] for f in _NEEDED[:2]}
    given |= {f: decode.number(row[f], f"{where}: {f}") for f in ("value", "low", "high") if f in row}
    given |= {f: plain(row[f], one_line=True) for f in ("host", "date") if f in row}
    try:
        return Measurement(**given)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def to_rows(measured: Iterable[Measurement], latencies: Iterable[MeasuredLatency] = ()) -> list[str]:
    """Lines of TOML, an empty line before each row."""
    lines = []
    for row in measured:
        lines += _lines({field: getattr(row, field) for field in _FIELDS})
    for one in latencies:
        place = {name: getattr(one, name) for name in _NEEDED[:2]}
        lines += _lines(place | fields_of(one) | {"host": one.host, "date": one.date})
    return lines


def _lines(fields: Mapping[str, Any]) -> list[str]:
    """One row; fields that say nothing are left out."""
    told = {name: given for name, given in fields.items() if given is not None and given != ""}
    written = (f"{name} = {toml_text(v) if isinstance(v, str) else repr(v)}" for name, v in told.items())
    return ["", "[[measured]]", *written]


def append(path: str | Path, measured: Iterable[Measurement], latencies: Iterable[MeasuredLatency] = ()) -> None:
    """Add rows at the end of a workload file, everything else kept as it is.

    Raises:
        InputError: The file does not exist, is not a workload, or cannot be written.
    """
    from cerberus_plan.calibration.store.catalog import parse_workload

    before = read_text(path)
    text = before.rstrip("\n") + "\n" + "\n".join(to_rows(measured, latencies)) + "\n"
    parse_workload(text, str(path))
    write_atomically(path, text)


def toml_text(text: str) -> str:
    """A TOML basic string: as in JSON, except that DEL must be escaped and lone surrogates cannot be said."""
    clean = text.encode("utf-8", errors="replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
