"""One strict way from text to values: JSON and TOML documents, and the type, range and size of each value in them.

XML comes in through ``xml_tree``, tables in lines through ``table``.

Refused, with the file and the field: NaN, Infinity and numbers beyond any measurement, whole numbers of thousands of
digits, keys given twice, documents nested too deep or too large, texts where numbers are expected and the other way.
Texts come out with control characters escaped (``model.plain``), so that nothing behind this layer can be misled.
Every function takes the value and where it stands (``p.json: quantities: syscall: value``), for its message.
When not to use it: for tables in lines (CSV, output of tools); their readers count lines.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from math import isinf
from typing import Any, NoReturn

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import plain, shortened, shown
from cerberus_plan.model.whole import as_int

__all__ = [
    "LARGEST", "SMALLEST", "ConstantError", "flag", "listed", "load_json", "member", "name", "nearest", "number",
    "one_of", "parse_json", "parse_toml", "plain", "refuse", "refuse_unknown", "rows", "shown", "table", "text",
    "whole", "wholes",
]  # fmt: skip

# A second is 1e9 ns, a large disk 1e15 bytes: what is further from 1 than this is a slip, and overflows later.
LARGEST, SMALLEST = 1e30, 1e-30
_MOST_TOML = 4 * 2**20  # characters; Python's reader takes a second for each of them by the million
_MOST_TEXT = 10_000
_MOST_DEPTH = 64
# Dotted keys of many parts cost the square of their number to read.
_PART = r"""(?:[\w-]+|"[^"\n]{0,200}"|'[^'\n]{0,200}')"""
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PART}[ \t]*\.[ \t]*){{64}}", re.ASCII)
# Every number that no double holds has an exponent of three digits, or hundreds of digits before its point.
_MAYBE_INFINITE = re.compile(r"[eE]\+?\d{3}|\d{300}", re.ASCII)


# Python reads whole numbers of up to 4300 digits, which it may group.
_LONG_NUMBER = re.compile(r"(?<![\w.])([0-9][0-9_]{4299,})")
_CONSTANT = re.compile(r"[:,\[\s]\s*-?(NaN|Infinity)\b")


class ConstantError(ValueError):
    """NaN or Infinity, which are not JSON, and numbers that would be read as such."""


def parse_json(text: str, where: str) -> Any:
    """The document in a JSON text.

    Raises:
        InputError: It is none, or breaks a rule above.
    """
    import json

    try:
        return load_json(text)
    except json.JSONDecodeError as error:
        slip = f"{where}, line {error.lineno}: not JSON ({error.msg})"
        raise InputError(_of_another(text, where) or slip) from None
    except RecursionError:
        raise InputError(f"{where}: not a document of ours: it is nested too deep to be read") from None
    except ValueError as error:
        raise InputError(f"{where}{_place(text, error)}: {_digits(error)}") from None


def load_json(text: str) -> Any:
    """The same for readers with messages of their own: what ``json.loads`` raises, for more.

    Raises:
        ValueError: It is no JSON, holds NaN or infinity (`ConstantError`), a key twice, or thousands of digits.
        RecursionError: It is nested too deep.
    """
    import json

    # a function of ours for every number takes time: only where one may be too large for a double
    number = _finite if _MAYBE_INFINITE.search(text) else None
    return json.loads(text, parse_constant=_refuse_constant, parse_float=number, object_pairs_hook=_once)


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The document in a TOML text.

    Raises:
        InputError: It is none, or breaks a rule above.
    """
    import tomllib

    if len(text) > _MOST_TOML:
        raise InputError(f"{where} is larger than {_MOST_TOML >> 20} MiB; a file of this kind has a few KiB")
    if _LONG_KEY.search(text):
        raise InputError(f"{where}: a key of more than {_MOST_DEPTH} parts; no field of ours has more than three")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what = shortened(plain(str(error), one_line=True), 300)
        slip = f"{where}: not valid TOML: {what}; correct the file at that place"
        raise InputError(_of_another(text, where) or slip) from None
    except RecursionError:
        raise InputError(f"{where}: not a document of ours: it is nested too deep to be read") from None
    except ValueError as error:
        raise InputError(f"{where}{_place(text, error)}: {_digits(error)}") from None


def _of_another(text: str, where: str) -> str | None:
    """What to say of a document that is none of ours, where another command reads such files."""
    from cerberus_plan.calibration.programs.imports.belongs import belongs  # every reader there is

    found = belongs(text)
    return None if found is None else f"{where} {found}"


def _refuse_constant(name: str) -> NoReturn:
    raise ConstantError(f"{name} is not JSON; write null or leave the field out")


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ConstantError(f"{shortened(text)} is beyond the numbers that can be computed with")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {shown(twice)} is given twice in one object")
    return found


def _place(text: str, error: ValueError) -> str:
    """The line of what Python's readers refuse without a place: a long number, or NaN and Infinity."""
    what = _CONSTANT if isinstance(error, ConstantError) else _LONG_NUMBER
    found = what.search(text)
    return "" if found is None else f", line {text.count(chr(10), 0, found.start(1)) + 1}"


def _digits(error: ValueError) -> str:
    """Python's own complaint about long numbers speaks of its settings."""
    text = str(error)
    return "a whole number of thousands of digits" if "integer string conversion" in text else text


def refuse(value: object, where: str, expected: str) -> NoReturn:
    """Say what stands where, and what is expected.

    Raises:
        InputError: Always.
    """
    raise InputError(f"{where} = {shown(value)} must be {expected}")


def table(value: object, where: str, known: Iterable[str] | None = None) -> dict[str, Any]:
    """A table (an object), with no fields but those known.

    Raises:
        InputError: It is none, or has another field.
    """
    if not isinstance(value, dict):
        refuse(value, where, "a table")
    if known is not None:
        refuse_unknown(value, known, where)
    return value


def refuse_unknown(found: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse the first field that is not known, naming the one probably meant.

    Raises:
        InputError: There is one.
    """
    allowed = tuple(known)
    for field in found:
        if field not in allowed:
            raise InputError(
                f"{where}: unknown field {shown(field)}{nearest(field, allowed)}; known: {', '.join(allowed)}"
            )


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, in brackets."""
    close = difflib.get_close_matches(name, list(known), n=1) if len(name) < 100 else []
    return f" (did you mean {close[0]!r}?)" if close else ""


def member(found: dict[str, Any], field: str, where: str) -> Any:
    """A field that must be there.

    Raises:
        InputError: It is not.
    """
    if field not in found:
        raise InputError(f"{where}: field {field!r} is missing")
    return found[field]


def rows(value: object, where: str, *, most: int | None = None) -> list[Any]:
    """A list, of at most so many elements.

    Raises:
        InputError: It is none, or longer.
    """
    if not isinstance(value, list):
        refuse(value, where, "a list")
    if most is not None and len(value) > most:
        raise InputError(f"{where} has {len(value)} elements; at most {most} are read")
    return value


def text(value: object, where: str, *, empty: bool = True) -> str:
    """A text, with its control characters escaped.

    Raises:
        InputError: It is none, empty where it must not be, or longer than any name or note.
    """
    if not isinstance(value, str) or not (empty or value.strip()):
        refuse(value, where, "a text" if empty else "a text that is not empty")
    if len(value) > _MOST_TEXT:
        raise InputError(f"{where} has {len(value)} characters; at most {_MOST_TEXT} are read")
    return plain(value)


def name(value: object, where: str) -> str:
    """A text of one line that is not empty.

    Raises:
        InputError: It is none.
    """
    return plain(text(value, where, empty=False), one_line=True)


def flag(value: object, where: str) -> bool:
    """True or false.

    Raises:
        InputError: It is neither.
    """
    if not isinstance(value, bool):
        refuse(value, where, "true or false")
    return value


def number(
    value: object,
    where: str,
    *,
    low: float = 0.0,
    high: float = LARGEST,
    positive: bool = False,
    smallest: float = SMALLEST,
) -> float:
    """A finite number between ``low`` and ``high``, above 0 if ``positive``; 0 or of a size that can be computed with.

    Raises:
        InputError: It is none.
    """
    good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    if not good or (positive and value == 0) or 0 < abs(value) < smallest:  # type: ignore[arg-type]
        least = "a positive number" if positive else f"a finite number of at least {low:g}"
        bounded = isinstance(value, int | float) and (value > high or 0 < abs(value) < smallest)
        refuse(value, where, f"{least}, 0 or between {smallest:g} and {high:g} in size" if bounded else least)
    return float(value)  # type: ignore[arg-type]


def whole(value: object, where: str, *, low: int = 0, high: int = 2**53) -> int:
    """A whole number between ``low`` and ``high``.

    Raises:
        InputError: It is none.
    """
    value = as_int(value)
    if type(value) is float and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    if type(value) is not int or not low <= value <= high:
        refuse(value, where, f"a whole number from {low} to {high}")
    return value


def wholes(
    value: object, where: str, *, low: int = 0, high: int = 2**16 - 1, most: int | None = None
) -> tuple[int, ...]:
    """A list of whole numbers.

    Raises:
        InputError: It is none.
    """
    return tuple(
        whole(each, f"{where}[{i}]", low=low, high=high) for i, each in enumerate(rows(value, where, most=most))
    )


def one_of(value: object, where: str, known: Iterable[str]) -> str:
    """One of the known words.

    Raises:
        InputError: It is another.
    """
    allowed = tuple(known)
    if not isinstance(value, str) or value not in allowed:
        hint = nearest(value, allowed) if isinstance(value, str) else ""
        raise InputError(f"{where} = {shown(value)} is unknown{hint}; use one of {', '.join(allowed)}")
    return value


def listed(values: Iterable[object], what: str, where: str) -> None:
    """Refuse a list in which a value stands twice.

    Raises:
        InputError: One does.
    """
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise InputError(f"{where}: {what} {shown(value)} is listed twice")
        seen.add(value)
