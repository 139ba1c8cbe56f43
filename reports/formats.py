"""Numbers as people read them: the right prefix, shares, signs; digits by their interval (``model.digits``).

Assumptions: values are SI, as everywhere inside the program.
When not to use it: for files that programs read; those carry every digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cerberus_plan.model.digits import (
    DECIMAL_BYTES,
    Spread,
    alike,
    digits_known,
    end_digits,
    ends,
    estimate,
    exact,
    number,
    percent,
    quotient,
    spread,
)
from cerberus_plan.model.quantity import Provenance, Quantity

__all__ = [
    "SIGNS",
    "Spread",
    "alike",
    "digits_known",
    "ends",
    "estimate",
    "exact",
    "given",
    "headline",
    "number",
    "percent",
    "prefixed",
    "quantity",
    "quotient",
    "relative_gain",
    "signed_percent",
    "spread",
    "unparted",
]  # fmt: skip

_TIME = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTES = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"))
_BANDWIDTH = ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s"))
_TIMES_IN_TEXT = re.compile(r"(?<=\d) (ns|us|µs|ms|s)\b(?!/)")
_SPLIT_IN_TEXT = re.compile(r"(?<=\d) x (?=\d)")
_MINUS_IN_TEXT = re.compile(r"\(-(?=\d)")
#: Units that files spell in ASCII, as people read them.
SIGNS = {"us": "µs"}
_SCALES = {"s": _TIME, "B": _BYTES, "B/s": _BANDWIDTH}
# Factors of a unit with the names it then has, from large to small.
Scales = tuple[tuple[float, str], ...]


def reading(value: float) -> str:
    """A single run's number: four digits at most, and no zero that was not there."""
    return exact(float(f"{value:.3e}"))


def given(value: float, unit: str) -> str:
    """An SI value that somebody gave, as it was given, with a prefix that suits: bytes in powers of 1000 or 1024."""
    tables = (_SCALES["B"], DECIMAL_BYTES) if unit == "B" else (_SCALES.get(unit),)
    return min((_prefixed(value, unit, table, exact) for table in tables), key=len)


def signed_percent(share: float | None) -> str:
    """A relative error with its sign, a dash when there is none."""
    if share is None:
        return "–"
    digits = 0 if abs(share) >= 0.995 else 1
    return f"{100.0 * share:+,.{digits}f} %".replace("-", "−")


def relative_gain(elasticity: float) -> str:
    """Gain in percent for one percent less of something, without a sign on nothing."""
    return f"{round(elasticity, 2) + 0.0:+.2f} %".replace("-", "−")


def headline(verdict: str) -> tuple[str, str]:
    """First sentence of a verdict, and the rest; no number is parted from its percent sign."""
    first, dot, rest = unparted(verdict).partition(". ")
    return (f"{first}.", rest) if dot else (first, "")


def unparted(text: str) -> str:
    """A text of the planner as a page sets it.

    No number is parted from its percent sign or time; "us" is "µs", "4 x 12" is "4 × 12", and "(-60" is "(−60".
    """
    found = _TIMES_IN_TEXT.sub(lambda found: f"\u00a0{SIGNS.get(found[1], found[1])}", text.replace(" %", "\u00a0%"))
    return _MINUS_IN_TEXT.sub("(−", _SPLIT_IN_TEXT.sub("\u00a0×\u00a0", found))


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """An SI value with a prefix that suits its size; ``unit`` as in ``model.quantity``."""
    return _prefixed(value, unit, _SCALES.get(unit), lambda scaled: number(scaled, digits))


def _prefixed(value: float, unit: str, scales: Scales | None, told: Callable[[float], str]) -> str:
    factor, name = _scale(value, unit, scales)
    return f"{told(value / factor)} {name}".rstrip()


def _scale(value: float, unit: str, scales: Scales | None) -> tuple[float, str]:
    """The factor by which a value is shown, and the name that its unit then has."""
    if scales is None or value == 0.0:
        return 1.0, "" if unit == "1" else unit
    return next((pair for pair in scales if abs(value) >= pair[0] * 0.9995), scales[-1])


def prefixed(value: float, low: float | None, high: float | None, unit: str) -> tuple[str, str]:
    """An SI value and its interval, each with a prefix that suits it and the digits that the interval warrants.

    Digits are counted in the unit in which a number is shown: 0.995 s is rounded down to two digits, 995 ms up.
    """
    if low is None or high is None:
        return quantity(value, unit), "–"

    def told(of: float, digits: Callable[[float, float, float], int]) -> str:
        factor, _ = _scale(of, unit, _SCALES.get(unit))
        return quantity(of, unit, digits(of / factor, low / factor, high / factor))

    return told(value, digits_known), f"{told(low, end_digits)} to {told(high, end_digits)}"


def known(one: Quantity) -> tuple[str, str]:
    """A quantity and its interval: digits by the interval, and without one those that were published or assumed."""
    if one.low is None and one.provenance in {Provenance.PUBLISHED, Provenance.ASSUMED}:
        return given(one.value, one.unit), "–"
    value, between = prefixed(one.value, one.low, one.high, one.unit)
    return (value if one.low is not None else quantity(one.value, one.unit, 4)), between
