"""Digits follow the interval: what is printed lies in it, and no digit is finer than a hundredth of its width."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import cerberus_plan
from cerberus_plan import calibration, planner, reports
from cerberus_plan.model import digits
from cerberus_plan.model.digits import (
    alike,
    amount,
    counted,
    digits_known,
    end_digits,
    ends,
    estimate,
    exact,
    number,
    percent,
    quotient,
    spread,
    to_place,
)

# Of the sources or of what is installed, where all are inside the first: a set of files has each once.
ROOMS = [Path(str(room.__file__)).parent for room in (cerberus_plan, calibration, planner, reports)]
# A plural spelt out by hand: "s" times a comparison, or as one of two.
PLURAL = re.compile(r"""['"]e?s['"] (\* ?\(|if )|'' if [^{}]* else 's'""")
# A number of things before their plural, where it may be one.
COUNT = re.compile(r"(?<!of )\{len\(\w+\)\} (?!is |was |has |needs )\w+s\b")
# Where there are several whenever the words are said: what was too many, what differs, groups of latencies.
SEVERAL = {"fit.py", "reconcile.py", "merge.py", "split_list.py", "decode.py", "kubelet_policy.py", "frontier.py"} | {
    "search.py",
    "lock_stat.py",
    "will_it_scale.py",
}
# Of what is no count: "nodes 4-5".
NO_COUNTS = {"lstopo_xml.py"}
PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", ",")


def read(text: str) -> float:
    """A printed number, read back."""
    return float(text.translate(PLAIN).replace(" × 10", "e"))


def step(text: str) -> float:
    """What the last digit counts; zeros at the end of a whole number count as digits left out."""
    mantissa, _, exponent = text.translate(PLAIN).partition(" × 10")
    _, dot, fraction = mantissa.partition(".")
    zeros = len(mantissa) - len(mantissa.rstrip("0")) if not dot else 0
    return 10.0 ** (zeros - len(fraction) + int(exponent or 0))


@st.composite
def intervals(draw: st.DrawFn) -> tuple[float, float, float]:
    """A positive value anywhere in an interval from a millionth of it to a thousand times it."""
    value = draw(st.floats(1e-9, 1e12))
    down, up = (draw(st.floats(-6.0, 3.0)) for _ in range(2))
    low, high = value / (1.0 + 10.0**down), value * (1.0 + 10.0**up)
    return draw(st.sampled_from([low, value, high, (low + high) / 2])), low, high


@given(intervals())
def test_what_is_printed_lies_in_its_interval(given_: tuple[float, float, float]) -> None:
    """However the value lies in it, at an end too, and however narrow or wide it is."""
    value, low, high = given_
    told = read(estimate(value, low, high))
    slack = 1e-12 * abs(value)
    assert low - slack <= told <= high + slack


@given(intervals())
def test_no_digit_is_finer_than_the_interval_warrants(given_: tuple[float, float, float]) -> None:
    """No last digit below a hundredth of the width, but for the first, and where one less would leave it."""
    value, low, high = given_
    text, digits = estimate(value, low, high), digits_known(value, low, high)
    place = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    assert step(text) >= place * 0.99
    if digits > 1 and place <= (high - low) / 101.0:
        shorter = float(f"{value:.{digits - 2}e}")
        assert not low <= shorter <= high
    assert digits <= 4 or not low <= float(f"{value:.3e}") <= high


@given(intervals())
def test_rounding_moves_a_number_little(given_: tuple[float, float, float]) -> None:
    """By a twentieth of the width, or half of the fourth digit."""
    value, low, high = given_
    assert abs(read(estimate(value, low, high)) - value) <= max((high - low) / 20.0, 0.5e-3 * value) * (1 + 1e-9)


@given(intervals())
def test_ends_end_where_their_value_does(given_: tuple[float, float, float]) -> None:
    """In order, each within a twentieth of the width or half its own first or fourth digit."""
    value, low, high = given_
    told = [read(end) for end in ends(low, high).split(" to ")]
    assert told[0] <= told[1]
    for end, shown in zip((low, high), told, strict=True):
        assert abs(shown - end) <= max((high - low) / 20.0, 0.5e-3 * high) * (1 + 1e-9)
    assert alike(value, low, high) == (estimate(value, low, high), *ends(low, high).split(" to "))


_ANY = st.floats(-1e15, 1e15, allow_subnormal=False) | st.floats(-1e-6, 1e-6, allow_subnormal=False)
_PARTS = st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.5, 1.0])


@st.composite
def anywhere(draw: st.DrawFn) -> tuple[float, float, float]:
    """Any value in any interval: of either sign, over zero and powers of ten, as narrow as a double can tell."""
    near = draw(_ANY | st.builds(lambda sign, n: sign * 10.0**n, st.sampled_from([1, -1]), st.integers(-7, 14)))
    width = draw(st.floats(-13.0, 4.0).map(lambda exponent: 10.0**exponent)) * (abs(near) or 1.0)
    low = near - draw(_PARTS) * width
    return min(low + draw(_PARTS) * width, low + width), low, low + width


@settings(max_examples=1000)
@given(anywhere())
@example((999.7, 999.6, 1001.0))
@example((0.99996, 0.99995, 1.0004))
def test_a_printed_value_lies_between_its_printed_ends(given_: tuple[float, float, float]) -> None:
    """However the two are rounded: low <= value <= high as numbers that somebody reads."""
    value, low, high = given_
    told, first, last = map(read, alike(value, low, high))
    assert first <= told <= last
    assert spread(value, low, high) == f"{estimate(value, low, high)} ({ends(low, high)})"


@settings(max_examples=1000)
@given(anywhere(), st.floats(0.0, 3.0), st.booleans())
def test_printing_loses_no_order(given_: tuple[float, float, float], out: float, below: bool) -> None:
    """A value beside its interval, as a mean may be, is never printed on the other side, nor with fifteen digits."""
    _, low, high = given_
    value = low - out * (high - low) if below else high + out * (high - low)
    first, last = map(read, ends(low, high).split(" to "))
    told = read(estimate(value, low, high))
    assert told <= first if value < low else told >= last if value > high else first <= told <= last
    assume(not low <= value <= high)
    middle = low + (high - low) / 2
    assert digits_known(value, low, high) <= 4 + max(digits_known(middle, low, high) - 4, 0)


@given(st.floats(1e-9, 1e3), st.floats(0.01, 4.0))
def test_an_end_has_no_digit_more_than_its_value(low: float, doubt: float) -> None:
    """573.2 to 906 ends at 570 beside 710: an end is never told to the last digit for being an end."""
    high = low * (1.0 + doubt)
    for end in (low, high):
        assert 1 <= end_digits(end, low, high) <= 5  # one more where the end passes a power of ten
    assert end_digits(low, low, high) <= end_digits(high, low, high)


@given(intervals(), intervals())
def test_a_quotient_turns_round(over: tuple[float, float, float], under: tuple[float, float, float]) -> None:
    """Its interval holds it, is at least as wide as each of the two, and one over it is that of one over the other."""
    value, low, high = quotient(over, under)
    assert low is not None
    assert high is not None
    assert low <= value * (1 + 1e-12)
    assert value <= high * (1 + 1e-12)
    widest = max(math.log(one[2] / one[1]) for one in (over, under))
    assert math.log(high / low) >= widest * (1 - 1e-9) - 1e-9
    back = quotient(under, over)
    assert back == pytest.approx((1.0 / value, 1.0 / high, 1.0 / low))


@given(st.floats(-1e15, 1e15) | st.floats(1e-12, 1e-3))
def test_what_somebody_gave_is_told_as_it_was_given(value: float) -> None:
    """To ten digits, of whatever size, and with no zero that nobody typed."""
    text = exact(value)
    assert read(text) == pytest.approx(value, rel=1e-9)
    assert not text.partition(" ×")[0].partition(".")[2].endswith("0")


@given(st.floats(-1e6, 1e6))
def test_without_an_interval_four_digits(value: float) -> None:
    """Also where the interval is a point."""
    assume(abs(value) > 1e-3)
    assert estimate(value, None, None) == estimate(value, value, value) == number(value, 4)
    assert ends(None, value) == "–"


@pytest.mark.parametrize(
    ("value", "text"), [(0.91634, "0.916"), (4.3712, "4.37"), (61534.0, "61,500"), (2123.6, "2,120"), (0.0, "0")]
)
def test_three_digits(value: float, text: str) -> None:
    """Enough to compare, where nothing says how much is known."""
    assert number(value) == text


def test_values_by_hand() -> None:
    """One of each kind."""
    assert spread(2331.2, 1917.0, 2827.0, "MB/s") == "2,330 MB/s (1,920 to 2,830)"
    assert spread(2331.2, None, None, "MB/s") == "2,331 MB/s"
    assert estimate(12_345.0, 12_344.0, 12_346.0) == "12,345"
    assert estimate(16_262_297.0, 6_200_000.0, 36_400_000.0) == "16,000,000"
    assert ends(3.2, 4_000.0) == "3 to 4,000"
    assert ends(0.97, 1.03) == "0.970 to 1.030"
    assert ends(0.9996, 1.03) == "1.000 to 1.030"
    assert to_place(1234.5, 10_000.0, 12_000.0) == "1,200"
    assert to_place(3.2, 10_000.0, 12_000.0) == "3"
    assert exact(20_000.0) == "20,000"
    assert alike(1.5e-6, 1e-6, 2e-6)[1:] == ("1.0 × 10⁻⁶", "2.0 × 10⁻⁶")
    assert exact(1.23456e-5) == "1.23456 × 10⁻⁵"
    assert spread(999.7, 999.6, 1001.0) == "999.7 (999.6 to 1,001)"
    assert alike(0.9996, 0.97, 1.03) == ("1.000", "0.970", "1.030")
    assert estimate(100.123456, 101.0, 110.0) == "100.1"
    assert estimate(*quotient((5.2, 3.7, 7.2), (1.0, 1.0, 1.0))) == "5.2"
    assert quotient((5.2, None, None), (1.3, 1.0, 2.0)) == (4.0, None, None)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.0004, "under 0.1 %"), (0.0123, "1.2 %"), (0.42, "42 %"), (0.999, "over 99 %"), (1.0, "100 %")],
)
def test_shares_by_hand(share: float, text: str) -> None:
    """Whole above ten, one digit below."""
    assert percent(share) == text


@given(st.floats(0.0, 1.0))
@example(0.0995)
@example(0.995)
def test_shares_never_round_to_nothing_or_all(share: float) -> None:
    """A chance that exists does not read 0 %, one that is not certain does not read 100 %; others are read back."""
    text = percent(share)
    assert (text == "0 %") == (share == 0.0)
    assert (text == "100 %") == (share == 1.0)
    if not text.startswith(("under", "over")):
        assert 100.0 * share == pytest.approx(float(text.removesuffix(" %")), abs=0.5 if share >= 0.0995 else 0.05)


@given(st.integers(0, 10**12))
def test_one_has_no_plural(count: int) -> None:
    """Of one and only of one the noun stands alone, and the count reads back."""
    told, noun = counted(count, "core").split(" ")
    assert int(told.replace(",", "")) == count
    assert noun == ("core" if count == 1 else "cores")


@pytest.mark.parametrize(
    ("one", "several"),
    [("VM", "VMs"), ("process", "processes"), ("batch", "batches"), ("quantity", "quantities"), ("day", "days")],
)
def test_nouns_have_their_own_plurals(one: str, several: str) -> None:
    """Batches were batchs, had anybody counted them."""
    assert counted(1, one) == f"1 {one}"
    assert counted(2, one) == f"2 {several}"


@given(st.floats(0.0, 1e8))
def test_work_is_told_with_the_digits_of_a_count(work: float) -> None:
    """What a run did was "Measured over 43.1506 operations": three digits, and whole what is whole and small."""
    told, noun = amount(work, "operation").rsplit(" ", 1)
    assert noun == ("operation" if work == 1.0 else "operations")
    assert len(told.translate(PLAIN).strip("0.").replace(".", "").lstrip("0").partition(" ")[0]) <= 3
    assert read(told) == pytest.approx(work, rel=0.005)
    if work == int(work) < 1000:
        assert told == str(int(work))


def test_no_count_stands_before_a_plural_by_hand() -> None:
    """ "1 CPUs idle" and "1 pairs of cores" were told of small hosts; the check sees what it looks for elsewhere."""
    files = [path for room in ROOMS for path in room.rglob("*.py")]
    assert {path.name for path in files if COUNT.search(path.read_text(encoding="utf-8"))} == SEVERAL


def test_a_plural_is_spelt_in_one_place() -> None:
    """Copies of `counted` were right for nothing, or for one, or wrote no thousands apart."""
    home = Path(digits.__file__)
    assert PLURAL.search(home.read_text(encoding="utf-8"))
    files = {path for room in ROOMS for path in room.rglob("*.py")} - {home}
    assert len(files) > 300
    assert {path.name for path in files if PLURAL.search(path.read_text(encoding="utf-8"))} == NO_COUNTS
