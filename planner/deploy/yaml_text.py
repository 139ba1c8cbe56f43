"""YAML files as readers of fields want them: line by line, without the lines of texts.

Models: files that people and tools write in block style. A text (``|`` or ``>``) goes on while lines are indented more
than what it belongs to; it may hold tabs, and whatever looks like a field in it is none.
When not to use it: for flow style (``{...}``), anchors that are merged, or to read a text.
Source: YAML 1.2.2, 6.1 indentation spaces, 8.1 block scalar styles.
"""

from __future__ import annotations

import re
from pathlib import Path

from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError

_OPENS_TEXT = re.compile(r"( *+(?:- ++)*+)(\S.*?:\s+)?(?:[&!]\S*\s+){0,2}[|>][-+0-9]{0,2}\s*(?:#.*)?")
_TAB = re.compile(r" *\t\s*[^\s#]")


def yaml_text(file: Path) -> str:
    """The lines of a YAML file, those of texts empty.

    Raises:
        InputError: It cannot be read, or a line outside of texts is indented by tabs, which no reader of YAML takes.
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
    return "\n".join(kept)


def _text_belongs_to(line: str) -> int | None:
    """Column of the field, or of the dash without one, whose text begins behind this line; None where none does."""
    opens = _OPENS_TEXT.fullmatch(line)
    if opens is None:
        return None
    return len(opens[1]) if opens[2] else len(opens[1].rstrip()) - 1
