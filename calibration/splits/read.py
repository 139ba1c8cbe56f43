"""Read measured splits from a table (`store.table`) with the columns `instances`, `cores_per_instance` and `value`.

Columns such as `latency_p99`, beside `latency_rate` or `latency_concurrency` (`store.latency_fields`), tell response
times; a row of them may leave `value` empty. The words of other tools are understood (`ALIASES`), also with a unit in
brackets behind them, and the only column called like a rate is the value (with `time` one called like a time). One
column `split` of texts such as 2x8 may stand for both counts; with `n` in their place, rows are a scaling curve: one
instance of n cores. Other columns are ignored (`ignored_in` names them), but for one that begins like a latency and is
none. `#` starts a comment line, repeats are legal and any order is. Every other irregularity is refused with its line.
When not to use it: for counts of clients; `calibration.curves.read` reads those.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cerberus_plan.calibration.curves.columns import RATE, TIME, called_like
from cerberus_plan.calibration.store import decode, table
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.calibration.store.latency_fields import FIELDS, LOAD, latency_of
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import LARGEST_COUNT, LARGEST_VALUE, SMALLEST_VALUE, Measurement

ALIASES: dict[str, tuple[str, ...]] = {
    "instances": ("instances", "vms", "processes", "workers", "ranks", "tasks", "replicas"),
    "cores_per_instance": (
        "cores_per_instance", "cores_per_vm", "vcpus_per_vm", "threads_per_instance", "cores_per_process",
        "threads_per_process", "threads_per_worker", "threads_per_rank", "threads", "cores",
    ),
    "value": ("value", "throughput", "rate"),
}  # fmt: skip
COUNT = "n"
SPLIT = "split"
_SPLIT = re.compile(r"\s*(\d{1,9})\s*[xX\u00d7*]\s*(\d{1,9})\s*", re.ASCII)
_UNIT = re.compile(r"_?(?:\([^()]*\)|\[[^\[\]]*\])$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each number stands; `instances` is None for a curve, `value` for a table of latencies alone.

    Of a column of splits (2x8), which is both counts, `instances` and `cores` are the same.
    """

    instances: int | None
    cores: int
    value: int | None
    header: list[str]


def holds_splits(path: str | Path) -> bool:
    """Whether the file's header names a number of instances; False when it has no header at all.

    Raises:
        InputError: The file cannot be read.
    """
    return names_splits(read_text(path), str(path))


def names_splits(text: str, name: str) -> bool:
    """Whether a text's header names a number of instances.

    Raises:
        InputError: Quotes that do not end.
    """
    for _, row in table.rows(text, name):
        return _counts_instances({_name(cell) for cell in row})
    return False


def _counts_instances(header: set[str]) -> bool:
    return bool(header & {*ALIASES["instances"]}) or (SPLIT in header and COUNT not in header)


def _name(cell: str) -> str:
    """A column's name as `ALIASES` writes it: people write "Cores per instance" in a header."""
    return _UNIT.sub("", "_".join(cell.replace("-", " ").replace("_", " ").lower().split()))


def is_table(text: str, name: str) -> bool:
    """Whether a text's header is one that this module reads, `n` in the place of both counts included.

    Raises:
        InputError: Quotes that do not end.
    """
    for _, row in table.rows(text, name):
        header = {_name(cell) for cell in row}
        tells = header & {*ALIASES["value"], *FIELDS}
        return bool(_counts_instances(header) or (COUNT in header and tells))
    return False


def ignored_in(text: str, name: str) -> list[str]:
    """Names of columns that nothing is made of.

    Raises:
        InputError: Quotes that do not end.
    """
    known = {COUNT, SPLIT, *FIELDS, *(alias for aliases in ALIASES.values() for alias in aliases)}
    for _, row in table.rows(text, name):
        value = _called_like([_name(cell) for cell in row], RATE)
        return [cell.strip() for i, cell in enumerate(row) if cell.strip() and _name(cell) not in known and i != value]
    return []


def read_splits(path: str | Path, *, time: bool = False) -> tuple[Measurement, ...]:
    """Read and check measured splits, one measurement a row.

    Args:
        path: CSV file with a header line.
        time: `value` is the time of the whole work, smaller is better; throughput is its inverse.

    Raises:
        InputError: Not a readable CSV file of whole counts and positive numbers; the message has the line.
    """
    return parse_splits(read_text(path), str(path), time=time)


def parse_splits(text: str, name: str, *, time: bool = False) -> tuple[Measurement, ...]:
    """The measured splits of a table's text, at least one.

    Raises:
        InputError: As ``read_splits``, with ``name`` for the file.
    """
    found = splits_in(text, name, time=time)
    if not found:
        raise InputError(f"{name}: there is a header but no split; add lines such as 2,8,1234.5")
    return found


def splits_in(text: str, name: str, *, time: bool = False) -> tuple[Measurement, ...]:
    """The throughputs of a text; rows that tell a latency alone have none.

    Raises:
        InputError: As ``read_splits``.
    """
    return tuple(_measurements(text, name, time=time))


def latencies_in(text: str, name: str) -> tuple[MeasuredLatency, ...]:
    """The response times of a text's rows.

    Raises:
        InputError: A cell that is no time with a unit, or a row without its load; with the line.
    """
    return tuple(_latencies(text, name))


def _rows(text: str, name: str, *, time: bool = False) -> Iterator[tuple[str, Columns, list[str]]]:
    """Each row below the header with its place and what its columns are."""
    columns: Columns | None = None
    for line, row in table.rows(text, name):
        where = f"{name}, line {line}"
        if columns is None:
            columns = _columns([_name(cell) for cell in row], where, time=time)
            continue
        if len(row) != len(columns.header):
            raise InputError(f"{where}: {counted(len(row), 'field')} where the header has {len(columns.header)}")
        yield where, columns, row


def _split(row: list[str], columns: Columns, where: str) -> tuple[int, int]:
    """Instances of a row and cores of each."""
    if columns.instances == columns.cores:
        cell = row[columns.cores]
        both = _SPLIT.fullmatch(cell)
        if both is None:
            raise InputError(
                f"{where}: split is {cell.strip()[:40]!r}; instances x cores of each, such as 2x8, is needed"
            )
        return _count(both[1], "instances", where), _count(both[2], "cores_per_instance", where)
    instances = 1 if columns.instances is None else _count(row[columns.instances], "instances", where)
    return instances, _count(row[columns.cores], "cores_per_instance", where)


def _latencies(text: str, name: str) -> Iterator[MeasuredLatency]:
    for where, columns, row in _rows(text, name):
        told = {
            field: _cell(field, cell.strip(), where)
            for field, cell in zip(columns.header, row, strict=True)
            if field in FIELDS and cell.strip()
        }
        instances, cores = _split(row, columns, where)
        place = {"instances": instances, "cores_per_instance": cores}
        if (one := latency_of(place | told, where)) is not None:
            yield one


def _cell(field: str, cell: str, where: str) -> object:
    """A cell as the row of a workload file would have it."""
    if field == LOAD[0]:
        return _value(cell, where, field)
    return _count(cell, field, where) if field == LOAD[1] else cell


def _tells_latency_alone(row: list[str], columns: Columns) -> bool:
    told = any(name in FIELDS and cell.strip() for name, cell in zip(columns.header, row, strict=True))
    return told and (columns.value is None or not row[columns.value].strip())


def _measurements(text: str, name: str, *, time: bool) -> Iterator[Measurement]:
    for where, columns, row in _rows(text, name, time=time):
        if _tells_latency_alone(row, columns):
            continue
        header = columns.header
        if columns.value is None or (LOAD[0] in header and row[header.index(LOAD[0])].strip()):
            called = "value" if columns.value is None else header[columns.value]
            raise InputError(
                f"{where}: {called} is what a saturated split does, and a run at a latency_rate does not tell that; "
                f"give {called} or latency_rate, not both"
            )
        value = _value(row[columns.value], where)
        instances, cores = _split(row, columns, where)
        yield Measurement(instances=instances, cores_per_instance=cores, value=1 / value if time else value)


def _columns(header: list[str], where: str, *, time: bool) -> Columns:
    if twice := next((cell for cell in header if cell and header.count(cell) > 1), ""):
        raise InputError(f"{where}: column {twice!r} appears twice in the header; name each once")
    decode.refuse_unknown((cell for cell in header if cell.startswith("latency_")), FIELDS, where)
    value = _value_column(header, where, time=time)
    if not any(cell in ALIASES["instances"] for cell in header) and (one := {COUNT, SPLIT} & {*header}):
        at = header.index(COUNT if COUNT in one else SPLIT)
        return Columns(instances=None if COUNT in one else at, cores=at, value=value, header=header)
    return Columns(
        instances=_column(header, "instances", where),
        cores=_column(header, "cores_per_instance", where),
        value=value,
        header=header,
    )


def _value_column(header: list[str], where: str, *, time: bool) -> int | None:
    """The value by its name, else the only column called like a rate, or like a time where values are times.

    None where neither is, but latencies are.
    """
    if (like := _called_like(header, TIME if time else RATE)) is not None:
        return like
    if any(cell in FIELDS for cell in header) and not any(cell in ALIASES["value"] for cell in header):
        return None
    if not time and (told := _called_like(header, TIME)) is not None:
        raise InputError(f"{where}: no column is called 'value', and {header[told]!r} like a time; if it is: --time")
    return _column(header, "value", where)


def _called_like(header: list[str], shape: re.Pattern[str]) -> int | None:
    """The only column of that shape, where none is called as values are."""
    other = {*FIELDS, *(alias for role in ("instances", "cores_per_instance") for alias in ALIASES[role])}
    like = [i for i in called_like(header, shape) if header[i] not in other]
    return like[0] if len(like) == 1 and not any(cell in ALIASES["value"] for cell in header) else None


def _column(header: list[str], wanted: str, where: str) -> int:
    found = [i for i, cell in enumerate(header) if cell in ALIASES[wanted]]
    if len(found) != 1:
        named = " and ".join(repr(header[i]) for i in found) or f"{','.join(header)[:60]!r}"
        raise InputError(
            f"{where}: the header has {named}; exactly one column must be called {wanted!r} (or "
            f"{', '.join(ALIASES[wanted][1:])}), as in instances,cores_per_instance,value"
        )
    return found[0]


def _count(cell: str, label: str, where: str) -> int:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not (number.is_integer() and 1 <= number <= LARGEST_COUNT):
        raise InputError(
            f"{where}: {label} is {cell.strip()[:40]!r}; a whole number from 1 to {LARGEST_COUNT} is needed"
        )
    return int(number)


def _value(cell: str, where: str, label: str = "value") -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not SMALLEST_VALUE <= number <= LARGEST_VALUE:
        raise InputError(
            f"{where}: {label} is {cell.strip()[:40]!r}; a finite number above 0 is needed{table.hint(cell)}"
        )
    return number
