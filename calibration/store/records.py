"""Records as JSON and back, by the types that their fields declare.

Models: nothing; a record becomes an object with a member for each field, a tuple a list, a mapping an object.
Decoding is strict as in ``decode``: a member is of the declared type, nothing is missing that has no default, and
nothing is unknown; every refusal names the place. A field added to a record later needs no line here.
Assumptions: fields are texts, flags, numbers, enumerations, records, tuples and mappings of those, or None.
When not to use it: for files that people write; those have readers of their own with units and better messages.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from cerberus_plan.calibration.store import decode

# What a person writes is within 1e30 of 1 (`decode`); a rate made of it is within this, and a ratio of two can be held.
_LARGEST = 1e100
R = TypeVar("R")


def encode(value: Any) -> Any:
    """A record, or what its fields hold, as plain data for JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Mapping):
        return {name: encode(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [encode(each) for each in value]
    return value


def record(
    kind: type[R], value: object, where: str, *, given: Mapping[str, Any] | None = None, more: bool = False
) -> R:
    """The record of that kind.

    Args:
        kind: Class of the record.
        value: The object of its members.
        where: Where it stands, for messages.
        given: Fields that are known already and not looked for.
        more: Whether the object may have members that are no fields, which are passed over.

    Raises:
        InputError: It is none: says which member, and what it should be.
    """
    known = dict(given or {})
    declared = [field for field in fields(kind) if field.name not in known]  # type: ignore[arg-type]
    names = [field.name for field in declared]
    found = decode.table(value, where, None if more else names)
    types_of = _types(kind)  # type: ignore[arg-type]  # classes are hashable
    for field in declared:
        place = f"{where}: {field.name}"
        if field.name in found:
            known[field.name] = _value(types_of[field.name], found[field.name], place)
        elif field.default is MISSING and field.default_factory is MISSING:
            decode.member(found, field.name, where)
    return kind(**known)


@cache
def _types(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _value(kind: Any, value: object, where: str) -> Any:
    """A value of a declared type."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return _optional(parts, value, where)
    if origin is tuple:
        return _tuple(parts, value, where)
    if origin is not None and issubclass(origin, Mapping):
        found = decode.table(value, where)
        return {decode.name(key, where): _value(parts[1], each, f"{where}: {key}") for key, each in found.items()}
    if is_dataclass(kind):
        return record(kind, value, where)  # type: ignore[arg-type]  # a class, for types are declared
    if issubclass(kind, StrEnum):
        return kind(decode.one_of(value, where, [str(each) for each in kind]))
    return _plain(kind, value, where)


def _plain(kind: type, value: object, where: str) -> Any:
    if kind is bool:
        return decode.flag(value, where)
    if kind is int:
        return decode.whole(value, where, low=-(2**53))
    if kind is float:
        return decode.number(value, where, low=-_LARGEST, high=_LARGEST, smallest=0.0)
    if kind is str:
        return decode.text(value, where)
    raise TypeError(f"{where}: no way to read a {kind!r}")


def _optional(parts: tuple[Any, ...], value: object, where: str) -> Any:
    """One type or None: no field of a record has a choice of two."""
    (kind,) = [part for part in parts if part is not types.NoneType]
    return None if value is None else _value(kind, value, where)


def _tuple(parts: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    found = decode.rows(value, where)
    if parts[1:] == (...,):
        return tuple(_value(parts[0], each, f"{where}[{at}]") for at, each in enumerate(found))
    if len(found) != len(parts):
        decode.refuse(value, where, f"a list of {len(parts)}")
    return tuple(_value(kind, each, f"{where}[{at}]") for at, (kind, each) in enumerate(zip(parts, found, strict=True)))
