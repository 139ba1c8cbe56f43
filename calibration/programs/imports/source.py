"""The text being read, with one way to refuse it: file, line, what was found, what was expected."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

from cerberus_plan.model.errors import InputError

SHOWN = 60  # characters of a bad line repeated in a message


@dataclass(frozen=True, slots=True)
class Source:
    """A named text; line numbers count from 1."""

    name: str
    text: str

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
        raise InputError(f"{place}: found {shown}; expected {expected}")

    def number(self, token: str, line: int, what: str) -> float:
        """A finite number of at least 0.

        Raises:
            InputError: `token` is not one.
        """
        try:
            value = float(token) if "_" not in token else math.nan
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0.0):
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
