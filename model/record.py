"""Records: frozen values with named fields that cost little to declare.

Models: nothing; the base of the nouns that every start of the program declares. A subclass lists its fields as a
dataclass does and is one for ``dataclasses.fields``, ``replace`` and ``asdict``; what differs is that no source code
is generated for it: constructor, equality and the rest are written once, here. Declaring one costs 0.02 ms instead
of 0.4 ms (docs/decisions/0007-fast-start.md).
Assumptions: created by the thousand, not by the million: a constructor that is written once is not inlined.
When not to use it: off the path of the main command, where an ordinary frozen dataclass says the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, ClassVar, dataclass_transform

__all__ = ["Record", "field"]


class _Signature:
    """What ``help`` and editors show of a record's constructor: its fields; made when somebody asks."""

    def __get__(self, record: object, owner: type[Record]) -> Any:
        from inspect import Parameter, Signature  # noqa: PLC0415 - only where a reader asks: it would slow every start

        parameters = []
        for own in fields(owner):
            kind = Parameter.KEYWORD_ONLY if own.kw_only else Parameter.POSITIONAL_OR_KEYWORD
            default = own.default if own.default_factory is MISSING else own.default_factory()
            given = Parameter.empty if default is MISSING else default
            parameters.append(Parameter(own.name, kind, default=given, annotation=own.type))
        # As Python wants them, and what must be given before what need not.
        return Signature(sorted(parameters, key=lambda one: (one.kind, one.default is not Parameter.empty)))


def _nothing(record: object) -> tuple[()]:  # noqa: ARG001 - in the place of an attrgetter
    """What a record without fields is compared by."""
    return ()


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Record:
    """Base of all records; fields are keyword-only unless the class is declared with ``kw_only=False``."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    __signature__: ClassVar[_Signature] = _Signature()
    _names: ClassVar[tuple[str, ...]] = ()
    _positional: ClassVar[tuple[str, ...]] = ()
    # The compared fields of a record as one value, without a loop in Python: the solver hashes stations often.
    _key: ClassVar[Callable[[Any], Any]]

    def __init_subclass__(cls, *, kw_only: bool = True) -> None:
        super().__init_subclass__()
        dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=kw_only)(cls)
        own = fields(cls)
        cls._names = tuple(f.name for f in own)
        cls._positional = tuple(f.name for f in own if not f.kw_only)
        compared = [f.name for f in own if f.compare]
        cls._key = attrgetter(*compared) if compared else _nothing

    def __init__(self, *values: Any, **given: Any) -> None:
        if values and not given and len(values) == len(self._names) == len(self._positional):
            given = dict(zip(self._names, values, strict=True))
        elif values:
            given.update(self._by_position(values, given))
        if len(given) != len(self._names) or not given.keys() <= self.__dataclass_fields__.keys():
            self._complete(given)
        self.__dict__.update(given)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields; subclasses that need it replace this."""

    def _by_position(self, values: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
        if len(values) > len(self._positional):
            most = len(self._positional)
            raise TypeError(
                f"{type(self).__name__} takes at most {most} values without a name; its fields: {self._listed()}"
            )
        found = dict(zip(self._positional, values, strict=False))
        if found.keys() & given.keys():
            raise TypeError(f"{type(self).__name__} got {', '.join(found.keys() & given.keys())} twice")
        return found

    def _complete(self, given: dict[str, Any]) -> None:
        """Add the defaults of fields that are not given."""
        unknown = given.keys() - set(self._names)
        if unknown:
            wrong = ", ".join(sorted(unknown))
            raise TypeError(f"{type(self).__name__} has no field {wrong}; its fields: {self._listed()}")
        for name in self._names:
            if name not in given:
                described = self.__dataclass_fields__[name]
                if described.default is not MISSING:
                    given[name] = described.default
                elif described.default_factory is not MISSING:
                    given[name] = described.default_factory()
                else:
                    raise TypeError(f"{type(self).__name__} needs {name}")

    def _listed(self) -> str:
        return ", ".join(self._names) or "none"

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(type(self)._key(self) == type(self)._key(other))

    def __hash__(self) -> int:
        return hash(type(self)._key(self))  # noqa: SLF001 - its own

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._names)
        return f"{type(self).__qualname__}({shown})"
