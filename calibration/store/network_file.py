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

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.network import (
    MOST_THREADS,
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
from cerberus_plan.model.plain import shown

if TYPE_CHECKING:
    from cerberus_plan.model.simulation.rules import Message, Rules

_T = TypeVar("_T")

FORMAT = 1
_MOST_STATIONS, _MOST_SAMPLES = 10_000, 1_000_000
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
    document = decode.parse_json(text, where) if where.endswith(".json") else decode.parse_toml(text, where)
    table = decode.table(document, where, ("format", "instances", "shared", "rules"))
    if type(table.get("format")) is not int or table["format"] != FORMAT:
        raise InputError(f"{where}: format = {shown(table.get('format'))} must be {FORMAT}")
    rows = decode.rows(table.get("instances"), f"{where}: instances", most=MOST_THREADS)
    found: list[Instance] = []
    for n, row in enumerate(rows):
        found += _instances(row, f"{where}: instances[{n}]")
        if (threads := sum(instance.threads for instance in found)) > MOST_THREADS:
            raise InputError(
                f"{where}: instances[{n}]: {threads} threads so far; at most {MOST_THREADS} can be answered"
            )
    return NetworkFile(
        instances=tuple(found),
        shared=_stations(table.get("shared", []), f"{where}: shared"),
        rules=_rules(table.get("rules", {}), f"{where}: rules"),
    )


def _instances(value: object, where: str) -> list[Instance]:
    row = decode.table(value, where, ("count", "threads", "shared_factor", "stations"))
    count = decode.whole(row.get("count", 1), f"{where}: count", low=1, high=MOST_THREADS)
    threads = decode.whole(row.get("threads", 1), f"{where}: threads", low=1, high=MOST_THREADS)
    if count * threads > MOST_THREADS:
        raise InputError(
            f"{where}: {counted(count, 'instance')} of {counted(threads, 'thread')}; at most {MOST_THREADS} threads "
            "can be answered"
        )
    member = _located(
        where,
        lambda: Instance(
            threads=threads,
            stations=_stations(row.get("stations", []), f"{where}: stations"),
            shared_factor=decode.number(row.get("shared_factor", 1.0), f"{where}: shared_factor", positive=True),
        ),
    )
    return [member] * count


def _stations(value: object, where: str) -> tuple[Station, ...]:
    found = decode.rows(value, where, most=_MOST_STATIONS)
    return tuple(_station(row, f"{where}[{n}]") for n, row in enumerate(found))


def _station(value: object, where: str) -> Station:
    row = decode.table(value, where)
    kind = LAWS[decode.one_of(decode.member(row, "law", where), f"{where}: law", LAWS)]
    decode.refuse_unknown(row, ("law", "name", *kind.parameter_names), where)
    given: dict[str, Any] = {
        field: decode.number(row[field], f"{where}: {field}") for field in kind.parameter_names if field in row
    }
    whole = {name for name, value in given.items() if type(row[name]) is int and value == row[name]}
    given = {name: row[name] if name in whole else value for name, value in given.items()}
    if "name" in row:
        given["name"] = decode.name(row["name"], f"{where}: name")
    return _located(where, lambda: kind(**given))


def _rules(value: object, where: str) -> Rules:
    from cerberus_plan.model.simulation.rules import Rules

    row = decode.table(value, where, [field.name for field in fields(Rules)])
    given = {name: _RULES[name](entry, f"{where}: {name}") for name, entry in row.items()}
    return _located(where, lambda: Rules(**given))


def _messages(value: object, where: str) -> tuple[Message, ...]:
    from cerberus_plan.model.simulation.rules import Message

    found = []
    for n, entry in enumerate(decode.rows(value, where, most=_MOST_STATIONS)):
        place = f"{where}[{n}]"
        row = decode.table(entry, place, ("station", "demand", "to"))
        given = {
            "station": decode.name(decode.member(row, "station", place), f"{place}: station"),
            "demand": decode.number(decode.member(row, "demand", place), f"{place}: demand"),
            "to": decode.one_of(row.get("to", "all"), f"{place}: to", ("all", "one")),
        }
        found.append(Message(**given))  # type: ignore[arg-type]
    return tuple(found)


def _holds(value: object, where: str) -> Any:
    """One distribution, or one for each station's name."""
    if isinstance(value, dict):
        return {
            decode.plain(name, one_line=True): _hold(hold, f"{where}: {shown(name)}") for name, hold in value.items()
        }
    return _hold(value, where)


def _hold(value: object, where: str) -> Any:
    """A distribution by name, or samples of it."""
    if isinstance(value, str):
        return decode.one_of(value, where, ("exponential", "deterministic"))
    samples = decode.rows(value, where, most=_MOST_SAMPLES)
    return [decode.number(sample, f"{where}[{i}]") for i, sample in enumerate(samples)]


def _cores(value: object, where: str) -> Any:
    """Cores of every instance, or of each."""
    if isinstance(value, list):
        return list(decode.wholes(value, where, low=1, high=MOST_THREADS, most=MOST_THREADS))
    return decode.whole(value, where, low=1, high=MOST_THREADS)


def _names(value: object, where: str) -> frozenset[str]:
    found = decode.rows(value, where, most=_MOST_STATIONS)
    return frozenset(decode.name(name, f"{where}[{i}]") for i, name in enumerate(found))


def _pairs(value: object, where: str) -> dict[str, str]:
    found = decode.table(value, where)
    return {
        decode.plain(lock, one_line=True): decode.name(until, f"{where}: {shown(lock)}")
        for lock, until in found.items()
    }


_RULES: dict[str, Callable[[object, str], Any]] = {
    "holds": _holds,
    "handover": lambda value, where: decode.one_of(value, where, ("state", "start", "arrival", "release")),
    "held_until": _pairs,
    "messages": _messages,
    "cores": _cores,
    "off_core": _names,
    "sleeping": _names,
    "barrier": lambda value, where: decode.whole(value, where, low=1),
}


def _located(where: str, build: Callable[[], _T]) -> _T:
    """What is built, its errors told with their place."""
    try:
        return build()
    except (InputError, TypeError) as error:  # TypeError: a parameter is missing
        raise InputError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
