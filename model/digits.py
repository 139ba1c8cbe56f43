"""Numbers as people read them: with the digits that their interval warrants.

Rule: the last digit stands at the largest power of ten that is no more than a tenth of the width of the 90 % interval,
but a number has one digit at least and four at most; more only where the rounded number would else lie outside of its
own interval. The ends of the interval end at the same place, or at their own first digit. A number without an interval
has four digits.

    place = floor(log10(high - low)) - 1          the unit of the last digit is 10^place

So rounding moves a number by a twentieth of the width at most, and no digit is finer than a hundredth of it.
When not to use it: for files that programs read; those carry every digit.
Source: two digits of an uncertainty and no more, JCGM 100 (GUM), 7.2.6.
"""

from __future__ import annotations

import math

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST, _FINEST = 4, 15


def number(value: float, digits: int = 3) -> str:
    """A number with ``digits`` significant digits, thousands separated, powers of ten when very large or small."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    exponent = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if not -4 <= exponent < 9:
        mantissa = f"{value / 10.0**exponent:.{digits - 1}f}"
        return f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPT)}"
    return f"{round(value, digits - 1 - exponent):,.{max(digits - 1 - exponent, 0)}f}"


def exact(value: float) -> str:
    """A number that somebody gave, as it was given."""
    return f"{value:,.10g}" if 1e-4 <= abs(value) < 1e9 else number(value, _MOST)


def digits_known(value: float, low: float | None, high: float | None) -> int:
    """Significant digits by the rule above."""
    if low is None or high is None or not low < high or value == 0.0 or not math.isfinite(high - low):
        return _MOST
    digits = min(max(_digits(value, _place(low, high)), 1), _MOST)
    while digits < _FINEST and not low <= float(f"{value:.{digits - 1}e}") <= high:
        digits += 1
    return digits


def estimate(value: float, low: float | None, high: float | None, unit: str = "") -> str:
    """A value with the digits that its interval warrants."""
    return f"{number(value, digits_known(value, low, high))} {unit}".rstrip()


def ends(low: float | None, high: float | None, between: str = " to ") -> str:
    """Both ends of an interval, to the same place as the value that it is of; a dash where there is none."""
    if low is None or high is None:
        return "–"
    if not low < high or not math.isfinite(high - low):
        return f"{number(low, _MOST)}{between}{number(high, _MOST)}"
    place = _place_of_ends(low, high)
    return between.join(_at(end, place) for end in (low, high))


def end_digits(end: float, low: float, high: float) -> int:
    """Significant digits of an end of an interval: down to the place at which a value in its middle ends."""
    if not low < high or end == 0.0 or not math.isfinite(high - low):
        return _MOST
    return max(_digits(end, _place_of_ends(low, high)), 1)


def alike(value: float, low: float, high: float) -> tuple[str, str, str]:
    """A value and the ends of its interval, all to one place, for columns of a table."""
    first, second = ends(low, high, "\0").split("\0")
    return estimate(value, low, high), first, second


def spread(value: float, low: float | None, high: float | None, unit: str = "") -> str:
    """A value with its interval behind it, where there is one: "2,330 requests/s (1,920 to 2,830)"."""
    told = estimate(value, low, high, unit)
    return told if low is None or high is None else f"{told} ({ends(low, high)})"


# Value with the low and the high end of its interval.
Spread = tuple[float, float | None, float | None]


def to_place(value: float, low: float | None, high: float | None) -> str:
    """A difference or a sum, to the place of a number with this interval; at least its first digit."""
    if low is None or high is None or not low < high or value == 0.0 or not math.isfinite(high - low):
        return number(value, _MOST)
    return number(value, min(max(_digits(value, _place(low, high)), 1), _MOST))


def quotient(over: Spread, under: Spread) -> Spread:
    """One number over another with its interval, as if they erred apart: logarithms' half widths, squared and added.

    Wider than the truth for numbers that err together, so it never tells a digit too many.
    """
    value = over[0] / under[0]
    if not all(end is not None and end > 0.0 for end in (*over, *under)):
        return value, None, None
    down, up = (
        math.hypot(math.log(over[at] / over[0]), math.log(under[other] / under[0]))  # type: ignore[operator]
        for at, other in ((1, 2), (2, 1))
    )
    return value, value * math.exp(-down), value * math.exp(up)


def _place(low: float, high: float) -> int:
    return math.floor(math.log10(high - low)) - 1


def _place_of_ends(low: float, high: float) -> int:
    middle = low + (high - low) / 2
    return _magnitude(middle) - digits_known(middle, low, high) + 1 if middle != 0.0 else _place(low, high)


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _digits(value: float, place: int) -> int:
    return _magnitude(value) - place + 1 if value != 0.0 else 1


def _at(value: float, place: int) -> str:
    """To a place, or the first digit: 0.9996 to the third decimal is 1.000."""
    told = round(value, -place) or value
    return number(told, max(_digits(told, place), 1))
