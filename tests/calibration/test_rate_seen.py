"""A rate that a program prints is found, and the expression that is advised reads just it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.observe.meter import Meter
from cerberus_plan.calibration.programs.observe.rate_seen import rate_seen
from cerberus_plan.model.errors import InputError
from tests.example_observation import finished


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        ("Requests/sec:   5120.31", 5120.31),
        ("tps = 812.447 (without initial connection time)", 812.447),
        ("processed 102000 rows in 2.0 s (50646 rows/s)", 50646.0),
        ("812 requests per second", 812.0),
        ("Throughput: 3.5e+03", 3500.0),
        ("1000 done, 52.5 items/sec", 52.5),
    ],
)
def test_the_rates_that_programs_print(line: str, rate: float) -> None:
    """What the advised expression reads is the rate of the line, whatever was printed before."""
    seen = rate_seen(f"starting, 3 rows/s\n{line}\ndone in 2 s\n")
    assert seen is not None
    assert seen.line == line
    assert Meter.of(rate=seen.regex).throughput(finished(f"x 3 rows/s\n{line}\ndone")) == rate


@pytest.mark.parametrize(
    "output",
    [
        "",
        "done in 3.2 s",
        "50,646 rows/s",
        "took 5 s/run",
        "error rate: 5%",
        "tps: 1,234",
        "rate: 5 to 7\x00",
        "rate: 1.5k",
    ],
)
def test_what_is_no_rate(output: str) -> None:
    """A part of a number, a percentage and a time are not advised."""
    assert rate_seen(output) is None


@given(
    st.floats(1e-3, 1e9),
    st.sampled_from(["rows", "ops", "k_1"]),
    st.sampled_from(["/s", " per second"]),
    st.text("ab 1.", max_size=9),
)
def test_what_is_advised_reads_what_was_seen(value: float, unit: str, per: str, before: str) -> None:
    """Law: on the line that it was made from, the expression finds the number itself."""
    line = f"{before} {value!r} {unit}{per}"
    seen = rate_seen(line)
    assert seen is not None
    assert Meter.of(rate=seen.regex).throughput(finished(line)) == value


def test_a_pattern_that_finds_nothing_is_answered_with_one_that_does() -> None:
    """The message holds what to type."""
    with pytest.raises(InputError, match=r"try --regex 'Requests/sec: \+\(\[0-9.eE\+-\]\+\)'"):
        Meter.of(rate="tps ([0-9]+)").throughput(finished("Requests/sec:   5120.31"))
    with pytest.raises(InputError, match="nothing in the output matches") as refused:
        Meter.of(rate="tps ([0-9]+)").throughput(finished("hello"))
    assert "try" not in str(refused.value)


@pytest.mark.parametrize("after", [" s", "s", " seconds", " ms", " sec", "min"])
def test_a_time_is_no_rate(after: str) -> None:
    """Taken for a rate it would recommend the slowest split; what the pattern itself says of the unit counts."""
    with pytest.raises(InputError, match=r"a time\? --time-regex of observe and tune"):
        Meter.of(rate="solution ([0-9.]+)").throughput(finished(f"time to solution 3.5{after}, error 4"))
    assert Meter.of(rate=f"solution ([0-9.]+){after}").throughput(finished(f"solution 3.5{after}")) == 3.5
    assert Meter.of(rate="did ([0-9.]+)").throughput(finished(f"did 3.5{after}/s")) == 3.5
