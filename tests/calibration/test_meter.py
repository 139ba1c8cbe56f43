"""How the work of a run is read from what it printed."""

import pytest

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
    ],
)
def test_columns_are_no_thousands(pattern: str, output: str, value: float) -> None:
    """Only what can be one number is refused."""
    assert Meter.of(rate=pattern).throughput(finished(output)) == value


def test_bad_patterns() -> None:
    """Broken expressions, expressions without a group, and two at once are refused."""
    with pytest.raises(InputError, match="is no regular expression: "):
        Meter.of(rate="([")
    with pytest.raises(InputError, match="has no brackets around the number"):
        Meter.of(seconds="time")
    with pytest.raises(InputError, match="not both"):
        Meter.of(rate="(a)", seconds="(b)")
