"""Numbers written for people can be read back to the digits they show."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.reports.charts import theme
from cerberus_plan.reports.formats import (
    digits_known,
    ends,
    estimate,
    headline,
    number,
    prefixed,
    quantity,
    signed_percent,
    unparted,
)
from cerberus_plan.reports.pages import page

SCALES = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
SIZES = {"TiB": 2.0**40, "GiB": 2.0**30, "MiB": 2.0**20, "KiB": 2.0**10, "B": 1.0}
RATES = {"GB/s": 1e9, "MB/s": 1e6, "kB/s": 1e3, "B/s": 1.0}
PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", ",")


@given(st.floats(1e-12, 1e15), st.integers(1, 7))
def test_a_number_keeps_its_digits(value: float, digits: int) -> None:
    """Reading it back is within half a unit of the last digit shown."""
    text = number(value, digits).translate(PLAIN).replace(" × 10", "e")
    assert float(text) == pytest.approx(value, rel=0.5 * 10.0 ** (1 - digits) * 1.001)
    assert number(-value, digits) == "-" + number(value, digits)


@given(st.floats(1e-6, 1e12), st.floats(0.01, 4.0))
def test_digits_follow_the_interval(value: float, doubt: float) -> None:
    """At most the second digit of the interval's width is told, at most four in all, at least one."""
    low, high = value / (1.0 + doubt), value * (1.0 + doubt)
    digits = digits_known(value, low, high)
    assert 1 <= digits <= 4
    step = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    assert digits == 1 or step > (high - low) / 101.0
    told = float(estimate(value, low, high).translate(PLAIN).replace(" × 10", "e"))
    assert abs(told - value) <= max(0.06 * (high - low), 0.6 * step)


def test_a_wide_interval_leaves_no_false_digits() -> None:
    """What once read 16,262,297 between a sixth and twice of it; without an interval four digits."""
    assert estimate(16_262_297.0, 6_200_000.0, 36_400_000.0, "pages/s") == "16,000,000 pages/s"
    assert ends(6_200_000.0, 36_400_000.0) == "6,000,000 to 36,000,000"
    assert estimate(2331.2, 1917.0, 2827.0) == "2,330"
    assert estimate(2331.2, None, None) == "2,331"
    assert number(534_851.0, 2) == "530,000"


@given(st.floats(1e-9, 1e4))
def test_a_time_gets_the_prefix_that_keeps_it_short(seconds: float) -> None:
    """From 1 to below 1000 in its unit, and the same time when read back."""
    text, unit = quantity(seconds, "s").split(" ")
    shown = float(text.replace(",", ""))
    assert shown * SCALES[unit] == pytest.approx(seconds, rel=0.006)
    assert 0.99 <= shown < 1000 or unit == "s"


@settings(max_examples=500)
@given(
    st.sampled_from([("s", SCALES, 1e-9), ("B", SIZES, 1.0), ("B/s", RATES, 1.0)]),
    st.floats(1.0, 1e12),
    st.floats(-12.0, 3.0),
    st.floats(0.0, 1.0) | st.sampled_from([0.0, 1.0]),
)
@example(("s", SCALES, 1.0), 0.99955, -3.0, 0.5)
@example(("s", SCALES, 1.0), 0.995, 0.0, 0.0)  # once "995 ms" between 1,000 ms and 1.99 s
@example(("B", SIZES, 1.0), 1.2545 * 2.0**30, 0.0, 0.0)  # once 1.25 GiB between 1.3 GiB and 2.5 GiB
def test_a_quantity_lies_between_its_printed_ends(
    unit: tuple[str, dict[str, float], float], size: float, doubt: float, part: float
) -> None:
    """Each with a prefix of its own, across prefixes and powers of ten and of two too."""
    symbol, scales, least = unit
    low = size * least
    high = low * (1.0 + 10.0**doubt)
    value = min(low + part * (high - low), high)
    text, between = prefixed(value, low, high, symbol)
    told, first, last = (
        float(each.split(" ")[0].replace(",", "")) * scales[each.split(" ")[1]]
        for each in (text, *between.split(" to "))
    )
    assert first <= told * (1 + 1e-12)
    assert told <= last * (1 + 1e-12)


def test_signs_bytes_intervals_and_absent_numbers() -> None:
    """The other forms, one of each."""
    assert signed_percent(-0.0312) == "−3.1 %"
    assert signed_percent(88.563) == "+8,856 %"
    assert signed_percent(None) == prefixed(1.0, None, 1.0, "s")[1] == "–"
    assert quantity(3 * 2.0**30, "B") == "3.00 GiB"
    assert quantity(0.0, "s") == "0 s"
    assert prefixed(1.5e-6, 1e-6, 2e-6, "s") == ("1.5 µs", "1.0 µs to 2.0 µs")
    assert headline("First 5 % here. Then more. And more.") == ("First 5\u00a0% here.", "Then more. And more.")
    assert unparted("p99 800 us (400 us to 3 ms), 5 s, 3 sockets, 2 s/run") == (
        "p99 800\u00a0µs (400\u00a0µs to 3\u00a0ms), 5\u00a0s, 3 sockets, 2 s/run"
    )
    assert (
        unparted("1 x 16 + 2 x 8 of 3 xenons (-60,000) a -5")
        == "1\u00a0×\u00a016 + 2\u00a0×\u00a08 of 3 xenons (−60,000) a -5"
    )
    assert cpu_list([3, 0, 1, 2, 8]) == "0-3,8"


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True])
def test_text_on_every_colour_has_contrast(dark: bool) -> None:
    """At least 4.5 to 1 (WCAG 2.1, 1.4.3) for text on the page and on coloured patches, in light and dark."""
    style = page.asset("page.css")
    light, dark_rules = style.split("@media screen and (prefers-color-scheme: dark)", 1)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    if dark:
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark_rules.split("* {")[0]))
    pairs = [("ink", "paper"), ("muted", "paper"), ("muted", "surface"), ("accent", "paper"), ("accent", "surface")]
    pairs += [(f"on-{patch[6:-1]}", patch[6:-1]) for patch in theme.ON_COLOUR]
    for text, ground in pairs:
        bright, dim = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, ground)


def test_every_colour_of_the_charts_is_in_the_style_sheet() -> None:
    """A name that the style sheet lacks would be drawn black."""
    style = page.asset("page.css")
    folder = Path(theme.__file__).parent
    named = set(re.findall(r"var\(--([a-z-]+)\)", "".join(path.read_text() for path in folder.glob("*.py"))))
    named |= {colour[6:-1] for colour in (*theme.CATEGORIES, *theme.SYSTEMS.values(), *theme.ON_COLOUR.values())}
    assert all(f"--{name}:" in style for name in named)
