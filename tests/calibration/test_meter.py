"""How the work of a run is read from what it printed."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.observe.meter import Kind, Meter
from cerberus_plan.model.errors import InputError
from tests.example_observation import finished


def test_the_last_match_is_the_result() -> None:
    """Progress lines before the result do not count; work is rate times time."""
    meter = Meter.of(rate=r"^ops/s: ([0-9.]+)", unit="request")
    run = finished("ops/s: 1\nops/s: 250.5\n")
    assert (meter.throughput(run), meter.work(run), meter.unit) == (250.5, 501.0, "request")


def test_a_named_group_is_taken() -> None:
    """With several groups, the one called value is the number."""
    assert Meter.of(rate=r"(tps|qps)=(?P<value>\d+)").throughput(finished("qps=7")) == 7.0


def test_times_are_inverted() -> None:
    """A printed time and the clock both give runs per second."""
    assert Meter.of(seconds=r"took (\S+) s").throughput(finished("took 4 s")) == 0.25
    assert Meter().throughput(finished(elapsed_s=0.5)) == 2.0
    assert Meter(kind=Kind.CLOCK).work(finished()) == 1.0


@pytest.mark.parametrize(
    ("pattern", "output", "message"),
    [
        ("tps (.*)", "nothing", "nothing in the output matches 'tps .*it ends with\n    nothing"),
        ("tps (.*)", "tps fast", "finds 'fast', which is no positive number"),
        ("tps (.*)", "tps 0", "finds '0'"),
        ("tps (.*)", "tps inf", "finds 'inf'"),
        ("tps (.*)", "tps 1,234", "finds '1,234'.*without separators"),
        ("tps|(x)", "tps", "finds ''"),
        ("tps: ([0-9.]+)", "tps: 1,234", "finds '1' of '1,234': thousands"),
        ("tps: ([0-9.eE+-]+)", "tps: 12,345,678.9 a second", "finds '12' of '12,345,678': thousands"),
        ("tps: ([0-9]+)", "tps: 12'345", "finds '12' of .*: thousands"),
        ("tps: ([0-9]+)", "tps: 12\u202f345", "finds '12' of .*: thousands"),
        ("tps: ([0-9,]+)", "tps: 1,5", "finds '1,5', which is no .*env LC_ALL=C"),
        ("tps: ([0-9.]+)", "tps: 1.5e+03", "finds '1.5' of '1.5e\\+03': take its exponent"),
        ("tps: ([0-9.]+)", "tps: 15E3", "finds '15' of '15E3': take its exponent"),
        ("tps: ([0-9.]+)", "tps: 1.5k", "finds '1.5' of '1.5k': thousands or millions"),
        ("tps: ([0-9.]+)", "tps: 1.5M/s", "finds '1.5' of '1.5M': thousands or millions"),
        ("tps (.*)", "tps 1e-320", "finds '1e-320', which no program does: 1e-100 to 1e[+]100"),
        ("tps (.*)", "tps 1e101", "which no program does"),
    ],
)
def test_outputs_without_the_number(pattern: str, output: str, message: str) -> None:
    """Missing and impossible numbers are refused with what was found."""
    with pytest.raises(InputError, match=message):
        Meter.of(rate=pattern).throughput(finished(output))


@pytest.mark.parametrize(
    ("pattern", "output", "value"),
    [
        ("tps: ([0-9.]+)", "tps: 1,23", 1.0),  # no group of three: another column
        ("tps: ([0-9.]+)", "tps: 1234,567", 1234.0),
        ("tps: ([0-9.]+)", "tps: 1.5,234", 1.5),
        ("tps: ([0-9.]+),", "tps: 1,234", 1.0),  # the pattern says that the comma ends it
        ("tps: ([0-9.]+)", "tps: 1, 234", 1.0),
        ("tps: ([0-9.]+)", "tps: 12 345", 12.0),  # a space parts columns
        ("tps: ([0-9.]+)", "tps: 5 each", 5.0),
        ("tps: ([0-9.]+)", "tps: 5each", 5.0),
        ("tps: ([0-9.]+)", "tps: 5 e3", 5.0),
        ("tps: ([0-9.]+)MB/s", "tps: 5MB/s", 5.0),
        ("tps: ([0-9.]+)", "tps: 5MB/s", 5.0),
        ("tps: ([0-9.]+)k", "tps: 5k", 5.0),
        ("tps: ([0-9.]+) ", "tps: 5 k", 5.0),
        ("tps: (\\S+)", "tps: 1.5e+03", 1500.0),
    ],
)
def test_columns_are_no_thousands(pattern: str, output: str, value: float) -> None:
    """Only what can be one number is refused."""
    assert Meter.of(rate=pattern).throughput(finished(output)) == value


@pytest.mark.parametrize("text", ["12ms", "12 ms", "12us", "3 min", "0m1.5s", "12 µs", "1h"])
def test_other_units_of_time_are_no_seconds(text: str) -> None:
    """Milliseconds taken for seconds are wrong by a thousand, minutes by sixty."""
    with pytest.raises(InputError, match=r"finds '\d+' of .*: seconds are read here"):
        Meter.of(seconds="took ([0-9.]+)").throughput(finished(f"took {text}\n"))


@pytest.mark.parametrize("text", ["2", "2 s", "2s", "2 seconds", "2 more", "2, ms 5", "2.0"])
def test_seconds_are_seconds(text: str) -> None:
    """What follows them is not in the way."""
    assert Meter.of(seconds="took ([0-9.]+)").throughput(finished(f"took {text}\n")) == 0.5


@given(st.floats(1e-100, 1e100), st.sampled_from(["e", "f", "g", "r"]))
def test_what_is_printed_whole_is_read_whole(value: float, form: str) -> None:
    """In any notation of C and Python, the number that is read is the one that was printed."""
    text = repr(value) if form == "r" else f"{value:.17{form}}"
    assume(float(text) >= 1e-100)
    assert Meter.of(rate=r"tps: (\S+)").throughput(finished(f"tps: {text}\n")) == float(text)


def test_bad_patterns() -> None:
    """Broken expressions, expressions without a group, and two at once are refused."""
    with pytest.raises(InputError, match="is no regular expression: "):
        Meter.of(rate="([")
    with pytest.raises(InputError, match="has no brackets around the number"):
        Meter.of(seconds="time")
    with pytest.raises(InputError, match="not both"):
        Meter.of(rate="(a)", seconds="(b)")
