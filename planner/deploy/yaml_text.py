"""YAML files as readers of fields want them: line by line, without the lines of texts.

Models: files that people and tools write in block style. A text (``|`` or ``>``) goes on while lines are indented more
than what it belongs to; it may hold tabs, and whatever looks like a field in it is none.
A mapping in flow style on one line (``limits: {cpu: 2, memory: 1Gi}``) is unfolded into lines of fields.
When not to use it: for flow style over several lines, anchors that are merged, or to read a text.
Source: YAML 1.2.2, 6.1 indentation spaces, 7.4.2 flow mappings, 8.1 block scalar styles.
"""

from __future__ import annotations

import re
from pathlib import Path

from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError

_OPENS_TEXT = re.compile(r"( *+(?:- ++)*+)(\S.*?:\s+)?(?:[&!]\S*\s+){0,2}[|>][-+0-9]{0,2}\s*(?:#.*)?")
_FLOW = re.compile(r"( *+(?:- ++)*+)([^\s:{]++)\s*+:\s++\{(.*)\}\s*+(?:#.*)?")
_PARTS = re.compile(r"\"[^\"]*\"|'[^']*'|[^\"']")
_QUOTES = " \"'"
_DEEPEST = 20  # mappings within each other on a line; no file of a deployment has more
_TAB = re.compile(r" *\t\s*[^\s#]")


def yaml_text(file: Path) -> str:
    """The lines of a YAML file, those of texts empty, with a line for each field of a mapping in flow style.

    Raises:
        InputError: It cannot be read, or a line outside of texts is indented by tabs, which no reader of YAML takes.
    """
    return "\n".join(part for line in yaml_lines(file) for part in _unfolded(line))


def yaml_lines(file: Path) -> list[str]:
    """The same, line for line.

    Raises:
        InputError: As for `yaml_text`.
    """
    kept: list[str] = []
    text: int | None = None
    for number, line in enumerate(read_text(file).split("\n"), 1):
        inside = text is not None and (not line.strip() or len(line) - len(line.lstrip(" ")) > text)
        if not inside:
            if _TAB.match(line):
                raise InputError(f"{file}, line {number}: indented by a tab; YAML takes blanks only")
            text = _text_belongs_to(line)
        kept.append("" if inside else line)
    return kept


def _unfolded(line: str) -> list[str]:
    """A field, and below it those of the mapping that it holds in flow style."""
    flow = _FLOW.fullmatch(line) if 0 < line.count("{") <= _DEEPEST else None
    if flow is None:
        return [line]
    below = " " * (len(flow[1]) + 2)
    fields = (item.partition(":") for item in _items(flow[3]))
    inside = (_unfolded(f"{below}{key.strip(_QUOTES)}: {value.strip()}") for key, _, value in fields)
    return [f"{flow[1]}{flow[2]}:", *(each for lines in inside for each in lines)]


def _items(text: str) -> list[str]:
    """What commas part, but not those in quotes, lists and mappings."""
    items, depth = [""], 0
    for part in _PARTS.findall(text):
        depth += (part in "{[") - (part in "}]")
        if part == "," and not depth:
            items.append("")
        else:
            items[-1] += part
    return [item for item in items if item.strip()]


def _text_belongs_to(line: str) -> int | None:
    """Column of the field, or of the dash without one, whose text begins behind this line; None where none does."""
    opens = _OPENS_TEXT.fullmatch(line)
    if opens is None:
        return None
    return len(opens[1]) if opens[2] else len(opens[1].rstrip()) - 1
