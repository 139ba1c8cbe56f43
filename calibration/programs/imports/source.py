"""The text being read, with one way to refuse it: file, line, what was found, what was expected."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NoReturn

from cerberus_plan.calibration.store.decode import LARGEST
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shortened

SHOWN = 60  # characters of a bad line repeated in a message
_MOST_EXPECTED = 600  # it may name columns or parameters of the file
# No measurement has so many digits; Python refuses to read some thousands, and what overflows does so later.
_DIGITS = re.compile(r"(?<![0-9])[0-9]{101}")


@dataclass(frozen=True, slots=True)
class Source:
    """A named text; line numbers count from 1."""

    name: str
    text: str

    def __post_init__(self) -> None:
        # numbers of JSON are bounded by their reader, which knows what they are
        if self.text.lstrip()[:1] not in ("{", "[") and (found := _DIGITS.search(self.text)):
            line = self.text.count("\n", 0, found.start()) + 1
            self.refuse(line, "a number of more than 100 digits", "the output of a measuring tool")

    @property
    def lines(self) -> list[tuple[int, str]]:
        """Numbered lines without their line feeds."""
        return list(enumerate(self.text.split("\n"), start=1))

    def refuse(self, line: int | None, found: str, expected: str) -> NoReturn:
        """Say where the text is wrong.

        Raises:
            InputError: always.
        """
        shown = found if len(found) <= SHOWN else f"{found[:SHOWN]}..."
        place = self.name if line is None else f"{self.name}, line {line}"
        raise InputError(f"{place}: found {shown}; expected {shortened(expected, _MOST_EXPECTED)}")

    def number(self, token: str, line: int, what: str) -> float:
        """A number of at least 0 that can be computed with.

        Raises:
            InputError: `token` is not one.
        """
        try:
            value = float(token) if "_" not in token else math.nan
        except ValueError:
            value = math.nan
        if not 0.0 <= value <= LARGEST:
            self.refuse(line, repr(token.strip()), f"{what}, a number of at least 0")
        return value

    def count(self, token: str, line: int, what: str) -> int:
        """A whole number of at least 0.

        Raises:
            InputError: `token` is not one.
        """
        value = self.number(token, line, what)
        if value != int(value):
            self.refuse(line, repr(token.strip()), f"{what}, a whole number")
        return int(value)
