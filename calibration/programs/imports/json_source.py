"""JSON with a place for every complaint: the path of the value and the line it starts on.

The strict layer (``store.decode``) reads the file; only when something is wrong is it read again by a slow parser,
which remembers where each object and array began.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from json import decoder, scanner
from typing import Any, NoReturn

from cerberus_plan.calibration.programs.imports.source import SHOWN, Source
from cerberus_plan.calibration.store import decode


class _Locating(json.JSONDecoder):
    """A decoder that notes the line on which each object and array begins, by identity."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, int] = {}
        self.parse_object = self._object
        self.parse_array = self._array
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined]

    def _object(self, start: tuple[str, int], *rest: Any) -> tuple[Any, int]:
        value, end = decoder.JSONObject(start, *rest)  # type: ignore[attr-defined]
        return self._note(value, start), end

    def _array(self, start: tuple[str, int], *rest: Any) -> tuple[Any, int]:
        value, end = decoder.JSONArray(start, *rest)  # type: ignore[attr-defined]
        return self._note(value, start), end

    def _note(self, value: Any, start: tuple[str, int]) -> Any:
        text, position = start
        self.lines[id(value)] = text.count("\n", 0, position) + 1
        return value


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value that knows where it is."""

    source: Source
    value: Any
    path: tuple[str | int, ...] = ()

    def refuse(self, expected: str) -> NoReturn:
        """Say what is wrong with this value.

        Raises:
            InputError: always, with file, line and path.
        """
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path).lstrip(".")
        shown = _as_json(self.value)
        self.source.refuse(self._line(), f"{where} = {shown}" if where else shown, expected)

    def _line(self) -> int | None:
        """The line it starts on; None where the slow parser cannot follow the nesting."""
        locating = _Locating()
        try:
            value = locating.decode(self.source.text)
        except RecursionError:
            return None
        line = locating.lines.get(id(value), 1)
        for step in self.path:
            try:
                value = value[step]
            except (KeyError, IndexError):
                break
            line = locating.lines.get(id(value), line)
        return line

    def field(self, name: str) -> Node:
        """A member that must be there.

        Raises:
            InputError: this is no object or has no such member.
        """
        if not isinstance(self.value, dict) or name not in self.value:
            self.refuse(f'an object with "{name}"')
        return Node(self.source, self.value[name], (*self.path, name))

    def maybe(self, name: str) -> Node | None:
        """A member that may be missing or null.

        Raises:
            InputError: this is no object.
        """
        if not isinstance(self.value, dict):
            self.refuse("an object")
        value = self.value.get(name)
        return None if value is None else Node(self.source, value, (*self.path, name))

    def value_of(self, name: str) -> Any:
        """The bare value of a member, None where there is none: for what is only compared.

        Raises:
            InputError: this is no object.
        """
        found = self.maybe(name)
        return None if found is None else found.value

    def elements(self) -> list[Node]:
        """The elements of an array.

        Raises:
            InputError: this is no array.
        """
        if not isinstance(self.value, list):
            self.refuse("an array")
        return [Node(self.source, value, (*self.path, i)) for i, value in enumerate(self.value)]

    def text(self) -> str:
        """A string.

        Raises:
            InputError: this is none.
        """
        if not isinstance(self.value, str):
            self.refuse("a string")
        return self.value

    def number(self, *, positive: bool = False) -> float:
        """A finite number of at least 0, or above 0 if `positive`.

        Raises:
            InputError: this is none.
        """
        value = self.value
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= decode.LARGEST
        if not good or (positive and value == 0.0):
            self.refuse("a positive number" if positive else "a number of at least 0")
        return float(value)

    def whole(self) -> int:
        """A whole number of at least 1.

        Raises:
            InputError: this is none.
        """
        value = self.number(positive=True)
        if value != int(value):
            self.refuse("a whole number of at least 1")
        return int(value)


def load(source: Source) -> Node:
    """The root of a JSON document.

    Raises:
        InputError: not JSON, with the line; NaN, Infinity and keys given twice are not JSON either.
    """
    try:
        return Node(source, decode.load_json(source.text))
    except json.JSONDecodeError as error:
        source.refuse(error.lineno, _around(source.text, error.pos), f"JSON ({error.msg})")
    except RecursionError:
        source.refuse(None, "a JSON document nested without end", "a benchmark's results")
    except decode.ConstantError as error:
        source.refuse(None, str(error).split()[0], "JSON with finite numbers")
    except ValueError as error:
        source.refuse(None, str(error), "JSON")


def _as_json(value: Any) -> str:
    """The value as the file has it; one nested deep, or large, as messages show it."""
    large = isinstance(value, list | dict) and len(value) > SHOWN
    try:
        return decode.shown(value) if large else json.dumps(value)
    except RecursionError:
        return decode.shown(value)


def _around(text: str, position: int) -> str:
    """The rest of the line at a position, or that the text ends there."""
    return repr(text[position:].split("\n", 1)[0]) if text[position:].strip() else "the end of the file"
