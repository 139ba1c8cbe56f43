"""The mappings of a YAML file: names, their values as texts, what anchors stand for.

Models: block style, a name on a line, told apart by the depth of lines; ``&name`` keeps what it stands before,
``*name`` is the same again, and ``<<: *name`` takes over what a mapping does not say itself (YAML 1.1, merge keys).
A file that is JSON, which is YAML too, is read as such.
Assumption: what is of interest is in mappings; items of lists are left out.
When not to use it: for names in flow style (``{a: 1}``), which stay texts; a reader that needs them says so.
Source: YAML 1.2.2, 7.1 alias nodes, 8.2 block collections; the merge key language-independent type for YAML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from cerberus_plan.calibration.store import decode
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.yaml_text import yaml_lines

#: A mapping of names to texts and mappings.
Tree = dict[str, "str | Tree"]

_FIELD = re.compile(
    r"^( *)([\w.-]+|<<|\"[^\"]+\"|'[^']+')\s*:"
    r"(?:\s+(?:&(?P<anchor>\S+)\s*)?(?P<value>\"[^\"]*\"|'[^']*'|[^#]*))?\s*(?:#.*)?$"
)
_ALIAS = re.compile(r"\*(\S+)")
_ALIASES = re.compile(r"\*\S+|\[\s*\*[^\s,\]]+(?:\s*,\s*\*[^\s,\]]+)*\s*\]")
_MERGE = "<<"


def yaml_tree(file: Path) -> Tree:
    """The mapping that a file holds.

    Raises:
        InputError: It cannot be read, or names an anchor that no line before has.
    """
    lines = yaml_lines(file)
    if next(filter(str.strip, lines), "").lstrip().startswith("{"):
        return _texts(decode.parse_json("\n".join(lines), str(file)))
    root: Tree = {}
    way: list[tuple[int, Tree]] = [(-1, root)]
    anchors: dict[str, str | Tree] = {}
    for number, line in enumerate(lines, 1):
        field = _FIELD.match(line)
        if field is None:
            continue
        depth, key, value = len(field[1]), field[2].strip("\"'"), (field["value"] or "").strip()
        while way[-1][0] >= depth:
            way.pop()
        inside = way[-1][1]
        known = _Anchors(anchors, f"{file}, line {number}")
        if key == _MERGE:
            known.merge(inside, value)
            continue
        here = known.of(value) if value else {}
        inside[key] = here
        if isinstance(here, dict) and not value:
            way.append((depth, here))
        if field["anchor"]:
            anchors[field["anchor"]] = here
    return root


class _Anchors:
    """What the anchors so far stand for, asked for from a line."""

    def __init__(self, anchors: Mapping[str, str | Tree], where: str) -> None:
        self._anchors, self._where = anchors, where

    def of(self, value: str) -> str | Tree:
        """What a value stands for: an alias for its anchor's, any other for itself."""
        alias = _ALIAS.fullmatch(value)
        return value.strip("\"'") if alias is None else self._named(alias[1])

    def merge(self, inside: Tree, value: str) -> None:
        """Take over what a mapping does not say itself, of several the first that says it."""
        if not _ALIASES.fullmatch(value):
            self._refuse(f"<<: {value}", "<<: *NAME")
        for name in re.findall(r"\*([^\s,\]]+)", value):
            other = self._named(name)
            if not isinstance(other, dict):
                self._refuse(f"<<: *{name}", "the name of a mapping")
            for key, each in other.items():
                inside.setdefault(key, each)

    def _named(self, name: str) -> str | Tree:
        if name not in self._anchors:
            self._refuse(f"*{name}", f"&{name} on a line before it")
        return self._anchors[name]

    def _refuse(self, found: str, expected: str) -> NoReturn:
        raise InputError(f"{self._where}: found {found[:60]!r}; expected {expected}")


def _texts(found: Any) -> Tree:
    """Mappings of JSON, values as texts; lists are left out as those of YAML are."""
    if not isinstance(found, dict):
        return {}
    told: dict[type, Callable[[Any], str | Tree]] = {dict: _texts, list: lambda _: "", type(None): lambda _: ""}
    return {str(key): told.get(type(value), str)(value) for key, value in found.items()}
