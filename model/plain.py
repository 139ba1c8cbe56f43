r"""Text of strangers made safe to show: control characters escaped, length bounded.

Models: what a terminal, a log or a page does with a name that comes from a file, a process or a program's output.
Rule: control characters (C0 but tab and line feed, DEL, C1), marks that turn the direction of writing, line and
paragraph separators, characters that take no room and lone surrogates become ``\xNN`` or ``\uNNNN``; all else stays.
Assumption: what has no control character cannot move a cursor, set a title or hide text.
When not to use it: for shell, XML, YAML or HTML, which have marks of their own to escape.
Source: ECMA-48 (control functions); Unicode Standard Annex 9 (bidirectional controls).
"""

from __future__ import annotations

import re
from reprlib import Repr

_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_LINES = re.compile(r"[\t\n]")
SHOWN = 100


def plain(text: str, *, one_line: bool = False) -> str:
    """The text with every control character escaped; with ``one_line`` tabs and line feeds too."""
    found = _CONTROLS.sub(_escape, text)
    return _LINES.sub(_escape, found) if one_line else found


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def shortened(text: str, most: int = SHOWN) -> str:
    """The text, or its beginning and its end with what is left out counted between them."""
    if len(text) <= most:
        return text
    head, tail = most * 2 // 3, most // 3
    return f"{text[:head]} [... {len(text) - head - tail} characters ...] {text[-tail:]}"


class _Shown(Repr):
    """``repr`` of any depth and length in bounded time."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxdict, self.maxlist = 2, 4, 6
        self.maxstring = self.maxlong = self.maxother = SHOWN

    def repr_int(self, value: int, level: int) -> str:  # noqa: ARG002 - reprlib's signature
        """A number of thousands of digits cannot be written in decimal: Python refuses."""
        digits = value.bit_length() * 0.30103
        return f"a whole number of some {digits:.0f} digits" if digits > SHOWN else str(value)


def shown(value: object) -> str:
    """A value as messages show it: as Python writes it, on one line, of some hundred characters at most."""
    return shortened(plain(_Shown().repr(value), one_line=True))
