"""A rate that a program prints, and the expression that reads it: what to try where none was given or matched.

Recognised are a number behind a name that says rate (``Requests/sec: 5120.3``, ``tps = 812.4``) and one before a unit a
second (``50646 rows/s``, ``812 requests per second``). The last line that has one counts, as with `Meter`.
When not to use it: to measure. A guess may take progress for the result; it is shown, never used unasked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_READ = "([0-9.eE+-]+)"
_END = r"(?![0-9A-Za-z,.'_/%])"  # more of the number, or another unit, is behind it otherwise
_PER_SECOND = r"(?:/s|/sec|/second| per second)\b"
_NAMED = re.compile(rf"(?P<name>\w*(?:{_PER_SECOND}|tps|qps|throughput|rate))(?P<gap> *[:=] *){_NUMBER}{_END}", re.I)
_UNIT = re.compile(rf"(?<![0-9.,\w-]){_NUMBER}(?P<unit> ?[A-Za-z]\w*{_PER_SECOND})")
_LINES, _WIDTH = 200, 400  # the result is near the end, and no line of it is long


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSeen:
    """A line with a rate, and the expression for ``--regex`` that reads it."""

    line: str
    regex: str


def rate_seen(output: str) -> RateSeen | None:
    """The last rate in an output; None where nothing looks like one.

    Names and units are expressions as they stand: letters, digits, blanks and slashes.
    """
    for line in reversed(output[-_LINES * _WIDTH :].splitlines()[-_LINES:]):
        if len(line) > _WIDTH or not line.isprintable():
            continue
        if found := _NAMED.search(line):
            gap = re.sub(r" +", " +" if found["gap"].count(" ") > 1 else " ", found["gap"])
            return RateSeen(line=line.strip(), regex=f"{found['name']}{gap}{_READ}")
        if found := _UNIT.search(line):
            return RateSeen(line=line.strip(), regex=f"{_READ}{found['unit']}")
    return None
