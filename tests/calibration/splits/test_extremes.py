"""What must hold for any splits that can be written down: the largest, the smallest, contradictions, a single row."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.splits.document import document
from cerberus_plan.calibration.splits.fit import fit_splits, splits_of
from cerberus_plan.calibration.splits.measured import Measured
from cerberus_plan.model.measurement import LARGEST_VALUE, SMALLEST_VALUE, Measurement

FEW = settings(max_examples=12)
COUNTS = st.sampled_from([1, 2, 3, 13, 64, 97, 1021, 4096])  # primes among them
EDGES = math.log(SMALLEST_VALUE) + 1e-9, math.log(LARGEST_VALUE) - 1e-9


@st.composite
def rows(draw: st.DrawFn) -> list[Measurement]:
    """From one row to eight, of one value or of six hundred decades."""
    centre, wide = draw(st.floats(*EDGES)), draw(st.sampled_from([0.0, 0.01, 1.0, 1400.0]))
    found = []
    for _ in range(draw(st.integers(1, 8))):
        log = min(max(centre + wide * draw(st.floats(-1, 1)), EDGES[0]), EDGES[1])
        found.append(Measurement(instances=draw(COUNTS), cores_per_instance=draw(COUNTS), value=math.exp(log)))
    return found


@pytest.mark.slow
@FEW
@given(rows=rows(), cores=st.sampled_from([1, 2, 13, 96, 1021]), inverted=st.booleans())
def test_any_splits_give_finite_intervals_around_their_value(
    rows: list[Measurement], cores: int, inverted: bool
) -> None:
    """As throughputs and as times, for what was run and for what was not."""
    asked = sorted({(x.instances, x.cores_per_instance) for x in rows} | set(splits_of(cores)))
    fit = fit_splits(rows, asked)
    for split in document(fit, inverted=inverted)["splits"]:
        assert 0 < split["low"] <= split["value"] <= split["high"] < math.inf
        assert 0 <= split["regret"] <= 1
    assert sum(x.probability_best for x in fit.splits) == pytest.approx(1.0)


@pytest.mark.slow
@FEW
@given(rows=rows())
def test_a_split_that_was_run_once_lies_in_its_own_interval(rows: list[Measurement]) -> None:
    once = [x for x in rows if sum(y.cores == x.cores and y.instances == x.instances for y in rows) == 1]
    fit = fit_splits(rows, [(x.instances, x.cores_per_instance) for x in rows])
    by_split = {(x.instances, x.cores_per_instance): x for x in fit.splits}
    for one in once:
        found = by_split[one.instances, one.cores_per_instance]
        assert found.low < one.value < found.high
        assert found.value == pytest.approx(one.value, rel=1e-9)


@given(apart=st.floats(0.2, 20.0), value=st.floats(-600.0, 600.0))
def test_two_runs_that_contradict_each_other_both_lie_in_the_interval(apart: float, value: float) -> None:
    """Noise of three per cent cannot make two runs differ by a fifth: the interval must not pretend it."""
    runs = [Measurement(instances=2, cores_per_instance=4, value=math.exp(value + d)) for d in (0.0, apart)]
    measured = Measured.of(runs)
    assert measured.noise * 1.645 >= apart / 2
    assert measured.log_value[0] == pytest.approx(value + apart / 2)


def test_two_runs_that_agree_do_not_narrow_what_is_usual() -> None:
    """One agreement may be luck."""
    alone = Measured.of([Measurement(instances=2, cores_per_instance=4, value=10.0)])
    twice = Measured.of([Measurement(instances=2, cores_per_instance=4, value=v) for v in (10.0, 10.1)])
    assert twice.noise == alone.noise
