"""Quantities and texts of the sections of a machine or workload file, checked: names, units, ranges, provenance.

A quantity is a table {value, unit, low, high, provenance, source}; its unit must be of its name's dimension, and
inside the program it is SI. Messages name the file, the section and the field.
When not to use it: for profiles, whose quantities are SI already (`profile_fields`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown
from cerberus_plan.model.quantity import UNITS, Provenance, Quantity
from cerberus_plan.model.vocabulary import Entry

MEMORY = Entry("bytes", "memory of a machine or an instance")
_FIELDS = ("value", "unit", "low", "high", "provenance", "source", "note", "errs_with")


def text_field(table: Mapping[str, Any], field: str, where: str, *, default: str | None = None) -> str:
    """A text; one without a default must be there and say something.

    Raises:
        InputError: It is none.
    """
    if field not in table and default is not None:
        return default
    value = table.get(field)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise InputError(f"{where}: field {field!r} must be a text, not {shown(value)}")
    return decode.text(value, f"{where}: {field}")


def quantities_of(section: Mapping[str, Any], vocabulary: Mapping[str, Entry], where: str) -> dict[str, Quantity]:
    """The quantities of a section, all of whose names are in the vocabulary.

    Raises:
        InputError: What is wrong, in which field, and what is allowed.
    """
    decode.refuse_unknown(section, tuple(vocabulary), where)
    return {name: quantity(entry, vocabulary[name], f"{where}: {name}") for name, entry in section.items()}


def quantity(entry: Any, known: Entry, where: str) -> Quantity:
    """A quantity in SI units of the wanted dimension, not below its least.

    Raises:
        InputError: As ``quantities_of``.
    """
    dimension = known.dimension
    if not isinstance(entry, dict):
        raise InputError(
            f"{where} = {shown(entry)} must be a table such as {{ value = 1.5, unit = {_units(dimension)[0]!r} }}"
        )
    decode.refuse_unknown(entry, _FIELDS, where)
    for field in ("value", "unit"):
        if field not in entry:
            raise InputError(f"{where}: field {field!r} is missing")
    unit = entry["unit"]
    if not isinstance(unit, str) or unit not in UNITS or UNITS[unit][0] != dimension:
        raise InputError(f"{where}: unit {shown(unit)} is not a {dimension}; use one of {', '.join(_units(dimension))}")
    least = known.least / UNITS[unit][1]
    numbers = {field: _number(entry, field, where, least) for field in ("value", "low", "high")}
    if dimension == "bandwidth" and not numbers["value"]:
        raise InputError(f"{where}: a bandwidth of 0 moves nothing; leave it out where it is not known")
    provenance = entry.get("provenance", str(Provenance.ASSUMED))
    if not isinstance(provenance, str) or provenance not in tuple(Provenance):
        raise InputError(f"{where}: provenance {shown(provenance)} is unknown; use one of {', '.join(Provenance)}")
    try:
        return Quantity(
            value=numbers["value"] or 0.0,
            unit=unit,
            low=numbers["low"],
            high=numbers["high"],
            provenance=Provenance(provenance),
            source=text_field(entry, "source", where, default=""),
            errs_with=text_field(entry, "errs_with", where, default=""),
        ).si()
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _units(dimension: str) -> list[str]:
    return [unit for unit, (known, _) in UNITS.items() if known == dimension]


def _number(entry: Mapping[str, Any], field: str, where: str, least: float) -> float | None:
    """A finite number of at least ``least``; None when the field is absent."""
    value = entry.get(field)
    if value is None and field != "value":
        return None
    return decode.number(value, f"{where}: {field}", low=least)
