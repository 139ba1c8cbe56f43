"""Sentences in lines of a width; a number is never parted from its percent sign, and no word at its hyphens.

When not to use it: for tables, which are as wide as their cells.
"""

from __future__ import annotations

import re
import textwrap

_PERCENT = re.compile(r"(?<=\d) %")
_KEPT = "\u00a0"  # ``textwrap`` breaks at blanks of ASCII alone


def wrap(text: str, width: int, *, first: str = "", later: str = "") -> list[str]:
    """The lines, the first and the later ones indented as given."""
    kept = _PERCENT.sub(f"{_KEPT}%", text)
    lines = textwrap.wrap(kept, width, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)
    return [line.replace(f"{_KEPT}%", " %") for line in lines]
