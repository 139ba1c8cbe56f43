"""Measured response times as fields of a row: of ``[[measured]]`` in a workload file, or of a table of splits.

    latency_rate = 231            # requests that arrived a second, in the workload's unit; or
    latency_concurrency = 64      # clients that each waited for an answer
    latency_mean = "4.4ms"
    latency_p50 = "4.1ms"
    latency_p95 = "6.2ms"
    latency_p99 = "6.9ms"

A time is a text with its unit: a bare number would be read in another unit than it was meant in, and nobody would see.
When not to use it: for limits of the response time, which are ``slo`` of an objective.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import STATISTICS, MeasuredLatency
from cerberus_plan.model.plain import plain, shown
from cerberus_plan.model.quantity import UNITS

LOAD = ("latency_rate", "latency_concurrency")
TIMES = tuple(f"latency_{name}" for name in STATISTICS)
FIELDS = (*LOAD, *TIMES)
_SECONDS = {unit: Decimal(repr(factor)) for unit, (dimension, factor) in UNITS.items() if dimension == "time"}
# Units that times are written in, the largest first, down to picoseconds in the last.
_WRITTEN = ("s", "ms", "us", "ns")
_TIME = re.compile(r"\s*(\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:e([-+]?\d{1,2}))?\s*([a-z]{1,5})\s*", re.ASCII)


def seconds(value: object, where: str) -> float:
    """A time such as "4.4ms" [s].

    Raises:
        InputError: It is none, or has no unit.
    """
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[3] not in _SECONDS:
        raise InputError(
            f"{where} = {shown(value)} must be a time with its unit, such as 4.4ms ({', '.join(_SECONDS)})"
        )
    return float(Decimal(f"{match[1]}e{match[2] or 0}") * _SECONDS[match[3]])


def latency_of(row: Mapping[str, Any], where: str) -> MeasuredLatency | None:
    """The response times of a row, None of one without any.

    Args:
        row: The row's fields, ``instances`` and ``cores_per_instance`` among them.
        where: Names the row in messages.

    Raises:
        InputError: What is wrong, in which field.
    """
    if not any(field in row for field in FIELDS):
        return None
    given: dict[str, Any] = {name: row[name] for name in ("instances", "cores_per_instance")}
    given |= {name: plain(row[name], one_line=True) for name in ("host", "date") if name in row}
    if LOAD[0] in row:
        given["rate"] = decode.number(row[LOAD[0]], f"{where}: {LOAD[0]}", positive=True)
    if LOAD[1] in row:
        given["concurrency"] = row[LOAD[1]]
    for name, field in zip(STATISTICS, TIMES, strict=True):
        if field in row:
            given[name] = seconds(row[field], f"{where}: {field}")
    try:
        return MeasuredLatency(**given)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def fields_of(measured: MeasuredLatency) -> dict[str, Any]:
    """The load and the times as a row has them; times are texts."""
    found: dict[str, Any] = {}
    if measured.rate is not None:
        found[LOAD[0]] = measured.rate
    if measured.concurrency is not None:
        found[LOAD[1]] = measured.concurrency
    return found | {f"latency_{name}": text_of(value) for name, value in measured.times.items()}


def text_of(value: float) -> str:
    """A time as a person would write it: in the largest unit of which it is one at least, to the last digit."""
    exact = Decimal(repr(value))
    unit = next((each for each in _WRITTEN if exact >= _SECONDS[each]), _WRITTEN[-1])
    return f"{(exact / _SECONDS[unit]).normalize():f}{unit}"
