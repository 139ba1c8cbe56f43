"""Every field of a JSON document in turn replaced by what no writer puts there: other types, sizes, depths, lengths.

``mutations`` damages at random; this names field and damage, so that a test can try all of them and say which failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

Path = tuple[str | int, ...]
_MARK = "\x00mark\x00"
# Tokens as they are written: JSON that no `json.dumps` writes, and some that it does.
TOKENS: dict[str, str] = {
    "null": "null", "true": "true", "empty": '""', "word": '"x"', "zero": "0", "minus one": "-1", "half": "1.5",
    "NaN": "NaN", "Infinity": "Infinity", "beyond a double": "1e999", "below a double": "1e-999", "largest": "1e308",
    "400 digits": "1" + "0" * 400, "5000 digits": "9" * 5000, "two to the 63": str(2**63), "-1e30": "-1e30",
    "no elements": "[]", "no fields": "{}", "nested": "[[]]", "nothing in it": "[null]", "a field": '{"a": 1}',
    "half a character": '"\\ud800"', "escapes": '"\\u001b[2J\\u0000"', "10 MB": '"' + "a" * 10**7 + '"',
    "70 deep": "[" * 70 + "]" * 70, "100,000 deep": "[" * 100_000 + "]" * 100_000,
    "many": "[" + "0," * 70_000 + "0]", "another file": '"../../etc/passwd"', "endless": '"/dev/zero"',
}  # fmt: skip
SHAPES = ("missing", "given twice", "doubled", "one short", "reversed", "negative", "a billion times", "as text")


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every field and, of a list, its first and last element."""
    keys: list[Any] = [*value] if isinstance(value, dict) else []
    if isinstance(value, list) and value:
        keys = sorted({0, len(value) - 1})
    for key in keys:
        yield (*path, key)
        yield from places(value[key], (*path, key))


def damaged(document: Any, path: Path, damage: str) -> str | None:
    """The document as text with one place damaged; None where the damage is none for what stands there."""
    tree = deepcopy(document)
    holder = tree
    for key in path[:-1]:
        holder = holder[key]
    key, old = path[-1], holder[path[-1]]
    if damage in TOKENS:
        holder[key] = _MARK
        return json.dumps(tree).replace(json.dumps(_MARK), TOKENS[damage])
    if damage == "missing":
        del holder[key]
        return json.dumps(tree)
    if damage == "given twice":
        if not isinstance(key, str):
            return None
        holder[_MARK] = old
        return json.dumps(tree).replace(json.dumps(_MARK), json.dumps(key))
    changed = _reshaped(old, damage)
    if changed is None:
        return None
    holder[key] = changed
    return json.dumps(tree)


def _reshaped(old: Any, damage: str) -> Any:
    if isinstance(old, list):
        return {"doubled": old + old, "one short": old[:-1], "reversed": old[::-1]}.get(damage)
    if isinstance(old, int | float) and not isinstance(old, bool):
        return {"negative": -old, "a billion times": old * 1e9, "as text": str(old)}.get(damage)
    return None
