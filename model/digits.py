"""Numbers as people read them: with the digits that their interval warrants.

Rule: the last digit stands at the largest power of ten that is no more than a tenth of the width of the 90 % interval,
but a number has one digit at least and four at most; more only where the rounded number would else lie outside of its
own interval. The ends follow the same rule, with as many digits more as the middle of the interval needs. A number
without an interval has four digits.

    place = floor(log10(high - low)) - 1          the unit of the last digit is 10^place

So rounding moves a number by a twentieth of the width at most, and no digit is finer than a hundredth of it. Rounding
keeps order: to digits that depend on a number's power of ten alone it never falls, and what is rounded to fewer digits
is unchanged by more. Hence a value is never printed outside of its printed interval.
When not to use it: for files that programs read; those carry every digit.
Source: two digits of an uncertainty and no more, JCGM 100 (GUM), 7.2.6.
"""

from __future__ import annotations

import math

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST, _FINEST = 4, 15
# Bytes in powers of 1000, with the names they then have, from large to small.
DECIMAL_BYTES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


def number(value: float, digits: int = 3) -> str:
    """A number with ``digits`` significant digits, thousands separated, powers of ten when very large or small."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if not -4 <= exponent < 9:
        return f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPT)}"
    return f"{round(value, digits - 1 - exponent):,.{max(digits - 1 - exponent, 0)}f}"


def exact(value: float) -> str:
    """A number that somebody gave, as it was given: up to ten digits."""
    if value == 0.0 or not math.isfinite(value) or 1e-4 <= abs(value) < 1e9:
        return f"{value:,.10g}" if value else "0"
    mantissa, _, exponent = f"{value:.9e}".partition("e")
    return f"{float(mantissa):.10g} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def counted(count: int, noun: str) -> str:
    """A count with its noun: "1 machine", "3 machines"."""
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """More than one of it: "machines", "processes", "batches", "quantities"."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def amount(value: float, noun: str) -> str:
    """Work that was counted, with its noun: whole below a thousand where it is whole, else to three digits."""
    whole = value == round(value) and abs(value) < 1000.0
    return f"{exact(value) if whole else number(value)} {noun if value == 1.0 else plural(noun)}"


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


def digits_known(value: float, low: float | None, high: float | None) -> int:
    """Significant digits by the rule above; a value beside its interval, as a mean may be, has those of an end."""
    if low is None or high is None or not low < high or value == 0.0 or not math.isfinite(high - low):
        return _MOST
    if not low <= value <= high:
        return end_digits(value, low, high)
    return _by_place(value, low, high) + _more(value, low, high)


def estimate(value: float, low: float | None, high: float | None, unit: str = "") -> str:
    """A value with the digits that its interval warrants."""
    return f"{_rounded(value, digits_known(value, low, high))} {unit}".rstrip()


def ends(low: float | None, high: float | None, between: str = " to ") -> str:
    """Both ends of an interval, to the same place as the value that it is of; a dash where there is none."""
    if low is None or high is None:
        return "–"
    if not low < high or not math.isfinite(high - low):
        return f"{number(low, _MOST)}{between}{number(high, _MOST)}"
    return between.join(_rounded(end, end_digits(end, low, high)) for end in (low, high))


def end_digits(end: float, low: float, high: float) -> int:
    """Significant digits of an end of an interval: as many more than the rule's as the middle needs to lie in it."""
    if not low < high or end == 0.0 or not math.isfinite(high - low):
        return _MOST
    return _by_place(end, low, high) + _more(low + (high - low) / 2, low, high)


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
    return number(value, _by_place(value, low, high))


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


def _by_place(value: float, low: float, high: float) -> int:
    """Digits down to the place that the width warrants, one at least and four at most."""
    place = math.floor(math.log10(high - low)) - 1
    return min(max(_magnitude(value) - place + 1, 1), _MOST)


def _more(value: float, low: float, high: float) -> int:
    """Digits beyond those without which a value would be rounded out of its interval."""
    if value == 0.0:
        return 0
    known = _by_place(value, low, high)
    digits = known
    while digits < _FINEST and not low <= float(f"{value:.{digits - 1}e}") <= high:
        digits += 1
    return digits - known


def _magnitude(value: float) -> int:
    return int(f"{value:.14e}".partition("e")[2])  # 1e-6 is a hair less than a millionth


def _rounded(value: float, digits: int) -> str:
    """To so many digits, and where that passes a power of ten still to the same place: 0.9996 to three is 1.000."""
    if value == 0.0 or not math.isfinite(value):
        return number(value, digits)
    text = f"{value:.{digits - 1}e}"
    passed = int(text.partition("e")[2]) - _magnitude(value)
    return number(float(text), min(digits + passed, max(digits, _MOST)))
