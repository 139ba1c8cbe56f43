"""Numbers as people read them: the right prefix, shares, signs; digits by their interval (``model.digits``).

Assumptions: values are SI, as everywhere inside the program.
When not to use it: for files that programs read; those carry every digit.
"""

from __future__ import annotations

from cerberus_plan.model.digits import (
    Spread,
    alike,
    digits_known,
    end_digits,
    ends,
    estimate,
    exact,
    number,
    quotient,
    spread,
)
from cerberus_plan.model.quantity import Quantity

__all__ = [
    "Spread", "alike", "digits_known", "ends", "estimate", "exact", "headline", "interval", "number", "percent",
    "prefixed",
    "quantity", "quantity_text", "quotient", "signed_percent", "spread", "unparted",
]  # fmt: skip

_TIME = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTES = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"))
_BANDWIDTH = ((1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s"))


def percent(share: float) -> str:
    """A share as a percentage: whole above ten, one digit below, "under 0.1 %" where that would show as nothing."""
    value = 100.0 * share
    if value == 0.0:
        return "0 %"
    if 0.0 < value < 0.1:
        return "under 0.1 %"
    if 99.5 <= value < 100.0:
        return "over 99 %"
    return f"{value:.0f} %" if abs(value) >= 9.95 else f"{value:.1f} %"


def signed_percent(share: float | None) -> str:
    """A relative error with its sign, a dash when there is none."""
    if share is None:
        return "–"
    digits = 0 if abs(share) >= 0.995 else 1
    return f"{100.0 * share:+,.{digits}f} %".replace("-", "−")


def headline(verdict: str) -> tuple[str, str]:
    """First sentence of a verdict, and the rest; no number is parted from its percent sign."""
    first, dot, rest = unparted(verdict).partition(". ")
    return (f"{first}.", rest) if dot else (first, "")


def unparted(text: str) -> str:
    """A text whose numbers are not parted from their percent signs at the end of a line."""
    return text.replace(" %", "\u00a0%")


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """An SI value with a prefix that suits its size; ``unit`` as in ``model.quantity``."""
    scales = {"s": _TIME, "B": _BYTES, "B/s": _BANDWIDTH}.get(unit)
    if scales is None:
        return number(value, digits) if unit == "1" else f"{number(value, digits)} {unit}"
    factor, name = next((pair for pair in scales if abs(value) >= pair[0] * 0.9995), scales[-1])
    if value == 0.0:
        factor, name = 1.0, unit
    return f"{number(value / factor, digits)} {name}"


def prefixed(value: float, low: float | None, high: float | None, unit: str) -> tuple[str, str]:
    """An SI value and its interval, each with a prefix that suits it and the digits that the interval warrants."""
    if low is None or high is None:
        return quantity(value, unit), "–"
    first, last = (quantity(end, unit, end_digits(end, low, high)) for end in (low, high))
    return quantity(value, unit, digits_known(value, low, high)), f"{first} to {last}"


def interval(low: float | None, high: float | None, unit: str = "1", digits: int = 3) -> str:
    """Both ends with the word "to" between, or a dash when there is none."""
    if low is None or high is None:
        return "–"
    return f"{quantity(low, unit, digits)} to {quantity(high, unit, digits)}"


def quantity_text(given: Quantity, digits: int = 4) -> str:
    """The value of a quantity with its unit."""
    return quantity(given.value, given.unit, digits)
