"""Reads a network to simulate from a TOML or JSON file.

Format:

    format = 1
    [[instances]]
    count = 24                                   # equal instances, default 1
    threads = 2
    shared_factor = 1.0                          # default 1
    stations = [{law = "delay", demand = 8.0}, {law = "ticket_lock", hold = 0.6, handover = 0.3, name = "lock"}]
    [[shared]]
    law = "queue"
    demand = 0.15
    [rules]                                      # see model.simulation.rules
    holds = "deterministic"
    messages = [{station = "think", demand = 0.1, to = "all"}]

Times are seconds. When not to use it: for machines and workloads; ``catalog`` reads those.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.network import (
    AllocatorSearch,
    Delay,
    Instance,
    Queue,
    QueueLock,
    ReaderWriterLock,
    Servers,
    SharedBandwidth,
    Station,
    TestAndSetLock,
    TicketLock,
)

if TYPE_CHECKING:
    from cerberus_plan.model.simulation.rules import Rules

_T = TypeVar("_T")

FORMAT = 1
LAWS: dict[str, type[Station]] = {
    "delay": Delay,
    "queue": Queue,
    "servers": Servers,
    "shared_bandwidth": SharedBandwidth,
    "ticket_lock": TicketLock,
    "queue_lock": QueueLock,
    "test_and_set_lock": TestAndSetLock,
    "reader_writer_lock": ReaderWriterLock,
    "allocator_search": AllocatorSearch,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFile:
    """A network as written down, with the behaviour to simulate it under."""

    instances: tuple[Instance, ...]
    shared: tuple[Station, ...]
    rules: Rules


def read_network(path: str | Path) -> NetworkFile:
    """The network in the file.

    Raises:
        InputError: No such file, or it is broken: says where and how.
    """
    text, where = read_text(path), str(path)
    try:
        document = json.loads(text) if where.endswith(".json") else tomllib.loads(text)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    table = _table(document, where, {"format", "instances", "shared", "rules"})
    if table.get("format") != FORMAT:
        raise InputError(f"{where}: format = {table.get('format')!r} must be {FORMAT}")
    rows = _rows(table.get("instances"), f"{where}: instances")
    return NetworkFile(
        instances=tuple(i for n, row in enumerate(rows) for i in _instances(row, f"{where}: instances[{n}]")),
        shared=_stations(table.get("shared", []), f"{where}: shared"),
        rules=_rules(table.get("rules", {}), f"{where}: rules"),
    )


def _table(value: object, where: str, allowed: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: must be a table, not {value!r}")
    for key in value:
        if key not in allowed:
            raise InputError(f"{where}: unknown field {key!r}; allowed: {', '.join(sorted(allowed))}")
    return value


def _rows(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{where}: must be a list of tables, not {value!r}")
    return value


def _instances(value: object, where: str) -> list[Instance]:
    row = _table(value, where, {"count", "threads", "shared_factor", "stations"})
    count = row.get("count", 1)
    if type(count) is not int or count < 1:
        raise InputError(f"{where}.count = {count!r} must be a whole number from 1")
    member = _located(
        where,
        lambda: Instance(
            threads=row.get("threads", 1),
            stations=_stations(row.get("stations", []), f"{where}.stations"),
            shared_factor=row.get("shared_factor", 1.0),
        ),
    )
    return [member] * count


def _stations(value: object, where: str) -> tuple[Station, ...]:
    return tuple(_station(row, f"{where}[{n}]") for n, row in enumerate(_rows(value, where)))


def _station(value: object, where: str) -> Station:
    law = value.get("law") if isinstance(value, dict) else None
    kind = LAWS.get(law) if isinstance(law, str) else None
    if kind is None:
        raise InputError(f"{where}: law = {law!r} must be one of {', '.join(LAWS)}")
    row = dict(_table(value, where, {"law", "name", *kind.parameter_names}))
    del row["law"]
    return _located(where, lambda: kind(**row))


def _rules(value: object, where: str) -> Rules:
    from cerberus_plan.model.simulation.rules import Message, Rules

    row = dict(_table(value, where, {field.name for field in fields(Rules)}))
    messages = _rows(row.pop("messages", []), f"{where}.messages")
    for n, message in enumerate(messages):
        _table(message, f"{where}.messages[{n}]", {"station", "demand", "to"})
    if "off_core" in row:
        row["off_core"] = frozenset(row["off_core"])
    return _located(where, lambda: Rules(messages=tuple(Message(**message) for message in messages), **row))


def _located(where: str, build: Callable[[], _T]) -> _T:
    """What is built, its errors told with their place."""
    try:
        return build()
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where}: {error}") from None
    except InputError as error:
        raise InputError(
            str(error) if str(error).startswith(where.partition(":")[0]) else f"{where}: {error}"
        ) from None
