"""Structured damage: a valid text in, one that breaks a rule of its format or of sense out.

Three layers, the deepest that the text allows drawn first: the document (JSON, TOML, XML as a tree: values of other
types, huge and infinite numbers, keys missing, twice, renamed, parts nested, repeated, exchanged), its words (numbers,
texts and marks, whatever the format), and its bytes (truncation, encodings, null bytes, entity declarations).
All randomness comes from the ``random.Random`` given: hypothesis gives one that shrinks, ``benchmarks/fuzz.py`` seeds.
"""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

HUGE = "9" * 5000
_NUMBERS = [
    "0", "-0", "-1", "1", "2", "0.5", "1e308", "-1e308", "1e999", "-1e999", "1e-320", "1e30", "1e-30", "NaN", "nan",
    "Infinity", "-inf", "2147483648", "9223372036854775808", "18446744073709551616", "4294967295", "1" + "0" * 400,
    HUGE, "1_000", "0x10", "1,5", "²", "٣", "1e", "+", "007", "99999", "100000000",
]  # fmt: skip
_TEXTS = [
    "", " ", "x", "null", "true", "-", "0", "a" * 100_000, "\x1b[31mred\x1b[0m\x1b]0;title\x07", "[/bold]",
    "../../etc/passwd", "\u202egnp", "é" * 300, "<b>&amp;</b>", "{{x}}", "$(id)", "%s%n", "'; --", '"', "\\", "\ud800",
    "0-", "-3", "0-99999999999", "1-0", "^1", "0-4095", "0,0,0", "nodes:9", "all", "system", "\u2028", "\t", "a\nb",
]  # fmt: skip
_WORD = re.compile(r"[\w.+-]+|\"[^\"\n]*\"|'[^'\n]*'|[^\w\s]|[ \t]+|\n", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d[\d.eE+-]*")


class Raw:
    """A token that the writer puts down as it is: what no valid document holds."""

    def __init__(self, token: str) -> None:
        self.token = token


class Pairs(list[tuple[str, Any]]):
    """An object whose keys may repeat."""


def mutated(text: str, kind: str, random: Random) -> bytes:
    """A damaged copy.

    Args:
        text: A valid document.
        kind: ``json``, ``toml``, ``xml``, or anything else for lines.
        random: Where to damage it, and how.
    """
    layer = random.random()
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if layer < 0.55 and kind in _TREES:
            with contextlib.suppress(RecursionError):  # damaged so deep before that no tree can be written of it
                text = _TREES[kind](text, random)
        else:
            text = _words(text, random)
    data = text.encode("utf-8", errors="surrogatepass")
    return _bytes(data, kind, random) if layer > 0.85 else data


def _value(random: Random) -> Any:
    """Something of another type, size or depth."""
    return random.choice(
        (
            lambda: Raw(random.choice(_NUMBERS)),
            lambda: Raw(random.choice(_NUMBERS)),
            lambda: random.choice(_TEXTS),
            lambda: random.choice((None, True, False, [], {}, [[]], {"": {}}, [None])),
            lambda: Raw("[" * (depth := random.choice((3, 70, 100_000))) + "]" * depth),
            lambda: Raw('{"a":' * (depth := random.choice((3, 70, 20_000))) + "0" + "}" * depth),
            lambda: [random.choice((0, 1.5, "a", None))] * random.choice((2, 5000, 70_000)),
            lambda: {f"k{i}": i for i in range(random.choice((3, 5000)))},
        )
    )()


def _document(value: Any, random: Random) -> Any:
    """The tree with one place changed; objects become `Pairs`."""
    tree = _paired(value)
    places = list(_places(tree))
    if not places:
        return _value(random)
    holder, at = random.choice(places)
    _change(holder, at, places, random)
    return tree


def _paired(value: Any) -> Any:
    if isinstance(value, dict):
        return Pairs((key, _paired(each)) for key, each in value.items())
    return [_paired(each) for each in value] if isinstance(value, list) else value


def _places(tree: Any) -> list[tuple[list[Any], int]]:
    """Every holder (array or object) with every index in it."""
    found: list[tuple[list[Any], int]] = []
    pending = [tree]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            found += [(each, i) for i in range(len(each))]
            pending += [item[1] for item in each] if isinstance(each, Pairs) else each
    return found


def _change(holder: list[Any], at: int, places: list[tuple[list[Any], int]], random: Random) -> None:
    keyed = isinstance(holder, Pairs)
    key, old = holder[at] if keyed else ("", holder[at])

    def put(value: Any, name: str = key) -> None:
        holder[at] = (name, value) if keyed else value

    def other() -> Any:
        its, place = random.choice(places)
        return its[place][1] if isinstance(its, Pairs) else its[place]

    acts: tuple[Callable[[], Any], ...] = (
        *(lambda: put(_value(random)),) * 4,
        lambda: holder.pop(at), lambda: holder.pop(at),
        lambda: holder.append(holder[at]),
        lambda: holder.extend([holder[at]] * random.choice((2, 1000))),
        lambda: put(old, random.choice(_TEXTS)),
        lambda: put([old]), lambda: put(Pairs([(key or "x", old)])),
        lambda: put(str(old)), lambda: put(deepcopy(other())),  # a copy: it may hold this place
        holder.reverse,
    )  # fmt: skip
    random.choice(acts)()


def _json(text: str, random: Random) -> str:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):  # changed before, or lines of objects
        return _json_lines(text, random)
    return _write(_document(tree, random), json_style=True)


def _json_lines(text: str, random: Random) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    try:
        tree = json.loads(lines[at])
    except (ValueError, RecursionError):
        return _words(text, random)
    lines[at] = _write(_document(tree, random), json_style=True)
    return "\n".join(lines)


def _toml(text: str, random: Random) -> str:
    try:
        tree = _document(tomllib.loads(text), random)
    except (ValueError, RecursionError):
        return _words(text, random)
    if not isinstance(tree, Pairs):
        return _write(tree, json_style=False)
    return "".join(f"{_key(key)} = {_write(value, json_style=False)}\n" for key, value in tree)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if "\ud800" not in text else json.dumps(text)


def _write(value: Any, *, json_style: bool) -> str:
    """The tree as text; TOML's inline tables differ in their sign between key and value, and have no null."""
    if isinstance(value, Raw):
        return value.token
    if isinstance(value, dict):
        value = Pairs(value.items())
    if isinstance(value, Pairs):
        sign, write_key = (": ", _quoted) if json_style else (" = ", _key)
        return "{" + ", ".join(f"{write_key(k)}{sign}{_write(v, json_style=json_style)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_write(each, json_style=json_style) for each in value) + "]"
    if value is None:
        return "null" if json_style else '""'
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _xml(text: str, random: Random) -> str:
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError):
        return _words(text, random)
    elements = list(root.iter())
    holders = [each for each in elements if len(each)] or [root]
    chosen, holder = random.choice(elements), random.choice(holders)
    attributes = [each for each in elements if each.attrib]
    word = str(random.choice((*_NUMBERS, *_TEXTS))).translate(dict.fromkeys((0, 7, 27, 0xD800)))

    def attribute() -> None:
        if attributes:
            each = random.choice(attributes)
            each.set(random.choice(list(each.attrib)), word)

    def nest() -> None:
        inside = chosen
        for _ in range(random.choice((3, 200, 900))):
            inside = ET.SubElement(inside, chosen.tag, chosen.attrib)

    acts: tuple[Callable[[], Any], ...] = (
        attribute, attribute, attribute, attribute,
        lambda: setattr(chosen, "text", word), lambda: setattr(chosen, "text", word),
        lambda: chosen.attrib.pop(next(iter(chosen.attrib), ""), None),
        lambda: chosen.set("x" + str(len(word)), word),
        lambda: holder.remove(random.choice(list(holder))) if len(holder) else None,
        lambda: holder.extend(list(holder) * random.choice((1, 100))),
        lambda: setattr(chosen, "tag", random.choice(("x", "vcpu", "object", "cpu", "domain"))),
        nest,
    )  # fmt: skip
    random.choice(acts)()
    return ET.tostring(root, encoding="unicode")


_TREES: dict[str, Callable[[str, Random], str]] = {"json": _json, "toml": _toml, "xml": _xml}


def _words(text: str, random: Random) -> str:
    """One word, mark or line changed."""
    words = _WORD.findall(text) or [text]
    numbers = [i for i, word in enumerate(words) if _NUMBER.fullmatch(word)]
    at = random.choice(numbers) if numbers and random.random() < 0.5 else random.randrange(len(words))
    act = random.randrange(8)
    if act < 3:
        words[at] = random.choice(_NUMBERS) if random.random() < 0.7 else random.choice(_TEXTS)
    elif act == 3:
        del words[at]
    elif act == 4:
        words[at:at] = [words[at]] * random.choice((1, 1, 50, 3000))
    elif act == 5:
        other = random.randrange(len(words))
        words[at], words[other] = words[other], words[at]
    elif act == 6:
        words[at] = "[" * (depth := random.choice((2, 5000))) + words[at] + "]" * depth
    else:
        return _lines(text, random)
    return "".join(words)


def _lines(text: str, random: Random) -> str:
    lines = text.split("\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    act = random.randrange(5)
    if act == 0:
        del lines[at]
    elif act == 1:
        lines[at:at] = [lines[at]] * random.choice((1, 20, 2000))
    elif act == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif act == 3:
        lines[at] = random.choice(("", "x" * 200_000, "# " + lines[at], lines[at] * 3))
    else:
        lines = [*lines[: at + 1], *lines]
    return "\n".join(lines)


_BOMB = "".join(f'<!ENTITY e{i + 1} "{10 * ("&e" + str(i) + ";")}">' for i in range(9))


def _bytes(data: bytes, kind: str, random: Random) -> bytes:
    """What happens to files on their way: cut, encoded otherwise, prefixed, doubled."""
    at = random.randrange(len(data) + 1)
    text = data.decode("utf-8", errors="replace")
    acts: tuple[Callable[[], bytes], ...] = (
        lambda: data[:at],
        lambda: data[:at],
        lambda: data[at:],
        lambda: data[:at] + bytes([random.randrange(256)]) + data[at + 1 :],
        lambda: data[:at] + b"\0" + data[at:],
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-32"),
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data.replace(b"\n", b"\r"),
        lambda: data + data,
        lambda: b"\x1f\x8b\x08\x00" + data,
        lambda: b"",
        lambda: b" \n" * random.choice((1, 100_000)),
    )
    if kind == "xml":
        bomb = f'<!DOCTYPE x [<!ENTITY e0 "x">{_BOMB}]>'
        outside = '<!DOCTYPE x [<!ENTITY e9 SYSTEM "file:///etc/hostname">]>'
        acts += (lambda: _entities(text, random.choice((bomb, outside))),) * 6
    return random.choice(acts)()


def _entities(text: str, declared: str) -> bytes:
    """The document with entities declared, one of them used in its first element."""
    body = re.sub(r"<\?xml[^>]*\?>", "", text)
    return (declared + body.replace(">", ">&e9;", 1)).encode("utf-8", errors="replace")
