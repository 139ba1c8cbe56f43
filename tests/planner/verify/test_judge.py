"""What a verification may conclude: laws of the judgement, and what is kept of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.programs.observe.observation import NOISE
from cerberus_plan.planner.verify.judge import AGREE, CANNOT_TELL, DISAGREE, doubts, judge, pressure
from cerberus_plan.planner.verify.repeats import measurement
from cerberus_plan.planner.verify.rounds import MOST_OTHERS, Ratio, Sample

QUIET = [Sample(round=n, split=s, seconds=2.0, rate=1.0) for n in range(8) for s in (0, 1)]
ratios = st.tuples(st.floats(0.2, 5.0), st.floats(1.0, 2.0), st.floats(1.0, 2.0)).map(
    lambda x: Ratio(value=x[0], low=x[0] / x[1], high=x[0] * x[2])
)


def verdict(measured: Ratio | None, predicted: Ratio, samples: list[Sample] = QUIET) -> str:
    """The word alone."""
    found = judge(measured, predicted, samples)
    assert found is not None
    return found.verdict


@pytest.mark.parametrize(("others", "told"), [(0.5, "took 50 % of"), (6.0, "took 100 % of")])
def test_others_take_no_more_than_there_is(others: float, told: str) -> None:
    """Of a run shorter than the kernel's ticks of 10 ms the counters say several times its CPUs."""
    assert told in next(doubts([Sample(round=1, split=0, seconds=2.0, rate=1.0, others=others)]))


@pytest.mark.slow
@given(ratios, ratios)
def test_disagreement_is_intervals_that_do_not_meet(measured: Ratio, predicted: Ratio) -> None:
    """And agreement needs a measurement that could have missed: one at least as narrow as what was predicted."""
    assert measured.low
    assert measured.high
    assert predicted.low
    assert predicted.high
    meet = measured.low <= predicted.high and predicted.low <= measured.high
    found = verdict(measured, predicted)
    assert (found == DISAGREE) is not meet
    if found == AGREE:
        assert measured.high / measured.low <= max(predicted.high / predicted.low, 1.1) * (1 + 1e-12)


@pytest.mark.slow
@given(ratios, ratios, st.floats(0.06, 1.0))
def test_a_busy_host_settles_nothing(measured: Ratio, predicted: Ratio, others: float) -> None:
    """Whatever the numbers; and so do runs that are mostly the start of the program, or a single round."""
    busy = [Sample(round=1, split=s, seconds=2.0, rate=1.0, others=others) for s in (0, 1)]
    short = [Sample(round=1, split=s, seconds=0.1, rate=1.0) for s in (0, 1)]
    assert verdict(measured, predicted, busy) == verdict(measured, predicted, short) == CANNOT_TELL
    assert verdict(Ratio(value=measured.value, low=None, high=None), predicted) == CANNOT_TELL


def test_a_wide_measurement_does_not_agree() -> None:
    """0.67 to 1.15 was once said to agree with 1.00 (0.89 to 1.12); the rounds that would settle it are named."""
    found = judge(Ratio(value=0.88, low=0.67, high=1.15), Ratio(value=1.0, low=0.89, high=1.12), QUIET)
    assert found is not None
    assert found.verdict == CANNOT_TELL
    assert found.next == "verify with --rounds 39, about 3 min"
    assert "faster" not in found.trust


def test_what_cannot_be_told_says_what_would_decide_it() -> None:
    """More rounds that can be made; a larger piece of work; a quiet host. And what the runs show anyhow."""
    predicted = Ratio(value=1.3, low=1.29, high=1.31)
    wide = judge(Ratio(value=1.4, low=1.1, high=1.8), predicted, QUIET)
    hopeless = judge(Ratio(value=1.4, low=0.1, high=18.0), predicted, QUIET)
    short = judge(predicted, predicted, [replace(sample, seconds=0.1) for sample in QUIET])
    busy = judge(predicted, predicted, [replace(sample, others=0.5) for sample in QUIET])
    assert wide is not None
    assert hopeless is not None
    assert short is not None
    assert busy is not None
    assert wide.trust.endswith("; the runs do show that the split is faster than one big instance")
    assert re.fullmatch(r"verify with --rounds [0-9]+, about [0-9]+ min", wide.next)
    assert "more than may be asked for: give each run more work" in hopeless.next
    assert short.next == "verify with 20 times the work a run"
    assert busy.next.startswith("end them and verify again")
    assert "--rounds" not in hopeless.next + short.next + busy.next


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("some avg10=42.00 avg60=1.00 avg300=0.00 total=1\n", "waited for a CPU 42 %"),
        ("some avg10=3.00 avg60=99.00 avg300=0.00 total=1\n", None),
        ("", None),
        ("some nonsense\n", None),
    ],
)
def test_pressure_is_told_where_the_kernel_says(tmp_path: Path, text: str, expected: str | None) -> None:
    """Only what is high now; an unknown format says nothing."""
    file = tmp_path / "cpu"
    file.write_text(text)
    found = pressure(file)
    assert (found is None) if expected is None else (found is not None and expected in found)
    assert pressure(tmp_path / "missing") is None


@pytest.mark.slow
@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=9))
def test_rows_of_repeats_hold_the_median_inside_their_interval(rates: list[float]) -> None:
    """One row, in the same units."""
    row = measurement(2, 4, rates, host="", date="")
    assert (row.instances, row.cores_per_instance) == (2, 4)
    assert min(rates) <= row.value <= max(rates)
    assert row.low is not None
    assert row.high is not None
    assert row.low <= row.value <= row.high
    assert measurement(2, 4, rates[:1], host="", date="").low is None


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(0.5, 2.0), st.floats(0.0, 1.0)), min_size=1, max_size=9))
def test_a_row_of_a_busy_host_reaches_what_a_quiet_one_may_have_done(runs: list[tuple[float, float]]) -> None:
    """The value and the low end stay what was run."""
    rates, shares = [rate for rate, _ in runs], [share for _, share in runs]
    plain, busy = (measurement(2, 4, rates, others=others, host="", date="") for others in ((), shares))
    assert busy.value == plain.value
    if max(shares) <= NOISE:
        assert busy == plain
        return
    assert busy.low is not None
    assert busy.high is not None
    alone = sorted(rate / (1.0 - min(share, MOST_OTHERS)) for rate, share in runs)
    assert busy.high * (1 + 1e-12) >= alone[(len(alone) - 1) // 2]
    assert busy.low == (plain.value if plain.low is None else plain.low)
    assert busy.high >= (plain.value if plain.high is None else plain.high)


def test_a_loop_on_half_a_core_may_do_twice_as_much() -> None:
    """One run that got half its core's time."""
    row = measurement(1, 1, [10.0], others=[0.5], host="", date="")
    assert (row.low, row.value, row.high) == (10.0, 10.0, pytest.approx(20.0))
    twice = measurement(1, 1, [10.0, 10.0], others=[0.2, 0.6], host="", date="")
    assert (twice.low, twice.high) == (pytest.approx(10.0), pytest.approx((12.5 + 25.0) / 2))
