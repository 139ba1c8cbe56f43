"""The parts of a profile, each read strictly: types, ranges, lists of equal length, known fields.

Assumption: quantities that plans use (``model.vocabulary``) are costs, never negative; others are what was measured.
When not to use it: for machine files, whose format is ``calibration.store.catalog``'s.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.host.identity import Host
from cerberus_plan.calibration.store import decode
from cerberus_plan.model.cpu_list import MOST_CPUS
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.quantity import UNITS, Provenance, Quantity
from cerberus_plan.model.topology import MEMBERSHIPS, Topology
from cerberus_plan.model.vocabulary import COSTS, Entry

_COUNTS = {"round": -1, "process": 0, "count": 0, "switches": 0, "steal": 0}
_FLAGS = ("moved", "blocking")


def host_of(value: Any, where: str) -> Host:
    """The identity of a host.

    Raises:
        InputError: A field is missing, unknown or of the wrong type.
    """
    names = tuple(f.name for f in fields(Host))
    found = decode.table(value, where, names)
    read: dict[str, Any] = {}
    for name in names:
        given, place = decode.member(found, name, where), f"{where}: {name}"
        if name == "cpus":
            read[name] = decode.whole(given, place, low=1, high=MOST_CPUS)
        elif name == "memory_bytes":
            read[name] = decode.whole(given, place)
        else:
            read[name] = decode.plain(decode.text(given, place), one_line=True)
    return Host(**read)


def topology_of(value: Any, where: str) -> Topology:
    """Where the cores are; ``where`` names the file.

    Raises:
        InputError: A membership is no list of whole numbers, or the lists do not fit together.
    """
    section = f"{where}: topology"
    found = decode.table(value, section, [f.name for f in fields(Topology)])
    read: dict[str, Any] = {}
    for name, given in found.items():
        place = f"{section}: {name}"
        if name in MEMBERSHIPS:
            read[name] = decode.wholes(given, place, most=MOST_CPUS)
        elif name == "memory_bytes":
            read[name] = tuple(
                decode.number(size, f"{place}[{i}]", high=1e18)
                for i, size in enumerate(decode.rows(given, place, most=MOST_CPUS))
            )
        else:
            read[name] = tuple(decode.rows(given, place, most=MOST_CPUS))
    for name in MEMBERSHIPS:
        decode.member(found, name, section)
    try:
        return Topology(**read)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def quantity_of(value: Any, where: str, name: str) -> Quantity:
    """A quantity of this name in SI units.

    Raises:
        InputError: A field is missing or of the wrong type, a cost is negative or of another dimension.
    """
    found = decode.table(value, where)
    unit = decode.one_of(decode.member(found, "unit", where), f"{where}: unit", UNITS)
    known = COSTS.get(name)
    if known is not None and UNITS[unit][0] != known.dimension:
        decode.refuse(unit, f"{where}: unit", f"of the dimension {known.dimension}")
    least, least_end = _least(known, UNITS[unit][1])
    central = decode.number(decode.member(found, "value", where), f"{where}: value", low=least)
    low, high = (
        None if found.get(end) is None else decode.number(found[end], f"{where}: {end}", low=least_end)
        for end in ("low", "high")
    )
    provenance = decode.one_of(decode.member(found, "provenance", where), f"{where}: provenance", Provenance)
    try:
        return Quantity(
            value=central,
            unit=unit,
            low=low,
            high=high,
            provenance=Provenance(provenance),
            source=decode.text(found.get("source", ""), f"{where}: source"),
            errs_with=decode.text(found.get("errs_with", ""), f"{where}: errs_with"),
        ).si()
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _least(known: Entry | None, unit: float) -> tuple[float, float]:
    """Least value and least end of a quantity in a unit of so many of SI; noise may carry an end of a cost below 0."""
    if known is None:
        return -decode.LARGEST, -decode.LARGEST
    # a bandwidth of 0 moves nothing: it would be left out
    least = 1.0 if known.dimension == "bandwidth" else known.least
    return least / unit, known.least / unit if known.least > 0.0 else -decode.LARGEST


def latency_of(value: Any, where: str) -> dict[tuple[int, int], float]:
    """Cache line round trips by pair of cores [s].

    Raises:
        InputError: A row is not two CPUs and a time.
    """
    found = decode.table(value, where)
    read = {}
    for i, row in enumerate(decode.rows(found.get("round_trips", []), f"{where}: round_trips")):
        place = f"{where}: round_trips[{i}]"
        if not isinstance(row, list) or len(row) != 3:
            decode.refuse(row, place, "two CPUs and a time [s]")
        first, second = (decode.whole(cpu, place, high=MOST_CPUS - 1) for cpu in row[:2])
        read[first, second] = decode.number(row[2], place, positive=True)
    return read


def batches_of(case: str, value: Any, where: str) -> list[Batch]:
    """The raw samples of a case, one batch a row.

    Raises:
        InputError: Columns are missing, unknown, of different lengths, or hold something else than was measured.
    """
    names = [f.name for f in fields(Batch) if f.name != "case"]
    columns = {
        name: decode.rows(column, f"{where}: {name}") for name, column in decode.table(value, where, names).items()
    }
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise InputError(f"{where}: columns of different lengths: {', '.join(map(str, sorted(lengths)))}")
    for name in ("round", "count", "seconds", "wall_s", "operations"):
        decode.member(columns, name, where)
    checked = {name: [_cell(name, cell, f"{where}: {name}") for cell in column] for name, column in columns.items()}
    return [Batch(case=case, **dict(zip(checked, row, strict=True))) for row in zip(*checked.values(), strict=True)]


def _cell(name: str, value: Any, where: str) -> Any:
    if name in _COUNTS:
        return decode.whole(value, where, low=_COUNTS[name])
    if name in _FLAGS:
        return decode.flag(value, where)
    if name == "operations":
        return decode.wholes(value, where, high=2**53)
    return None if value is None and name.startswith("probe") else decode.number(value, where, low=-decode.LARGEST)


def texts_of(value: Any, where: str) -> dict[str, str]:
    """A table of texts, such as versions by program.

    Raises:
        InputError: It is none.
    """
    found = decode.table(value, where)
    return {decode.plain(key): decode.text(given, f"{where}: {decode.shown(key)}") for key, given in found.items()}
