"""How much a run counts: a row that says of itself that it was disturbed, and one without repeats, pull less."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.splits.fit import fit_splits
from cerberus_plan.calibration.splits.measured import HALF_WIDTH, Measured, Split
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.planner.evidence.whose import whose


def run(split: Split, value: float, *, high: float = 1.0) -> Measurement:
    """One row; `high` is how many times its value a quiet host may do, 1 where the row does not say."""
    ends = {} if high == 1.0 else {"low": value, "high": high * value}
    return Measurement(instances=split[0], cores_per_instance=split[1], value=value, **ends)


@given(st.floats(1.1, 20.0), st.floats(1.0, 5.0), st.integers(1, 5))
def test_a_wider_row_is_trusted_less_and_the_others_no_less(high: float, more: float, repeats: int) -> None:
    """Its own standard error grows with its own ends; those that bring none are trusted as repeats tell."""
    others = [run((1, 1), value) for value in (1.0, 1.01, 0.99, 1.0)]

    def errors(times: float) -> tuple[float, ...]:
        rows = [*others, *(run((1, 2), 1.0, high=times) for _ in range(repeats))]
        return tuple(Measured.of(rows).standard_error)

    (alone, narrow), (beside, wide) = errors(high), errors(high * more)
    assert narrow == pytest.approx(math.log(high) / (2 * HALF_WIDTH))
    assert wide >= narrow * (1 - 1e-12)
    if repeats <= len(others):
        assert beside == pytest.approx(alone)


@given(st.lists(st.floats(0.7, 1.4), min_size=4, max_size=9))
def test_a_split_run_once_is_trusted_less_than_one_run_often(values: list[float]) -> None:
    """Repeats of one split tell the noise of all: the split without repeats has all of it."""
    rows = [run((1, 2), value) for value in values] + [run((2, 1), 1.0)]
    often, once = Measured.of(rows).standard_error
    assert once == pytest.approx(often * math.sqrt(len(values)))


@pytest.mark.slow
@settings(max_examples=8)
@given(st.floats(0.3, 0.7), st.floats(1.5, 4.0))
def test_a_disturbed_row_bends_the_forecast_less(share: float, high: float) -> None:
    """All runs are linear but one, of which others took a share of the time."""
    linear = [(1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (1, 4), (4, 2)]
    rows = [run((m, k), float(m * k)) for m, k in linear]

    def lost(times: float) -> float:
        found = fit_splits([*rows, run((2, 4), 8.0 * share, high=times)], [(4, 4)]).splits[0]
        return abs(math.log(found.value / 16.0))

    assert lost(high) <= lost(1.0) + 0.01


def test_who_owns_the_contention_is_less_sure_where_the_run_that_tells_was_disturbed() -> None:
    """Two cores of one process did what one does, but others took half of the host meanwhile."""
    plain = [run((1, 1), 1.0), run((1, 2), 1.02), run((2, 1), 1.96)]
    disturbed = [plain[0], replace(plain[1], low=plain[1].value, high=2.0 * plain[1].value), plain[2]]
    sure, doubtful = whose(plain, []), whose(disturbed, [])
    assert sure is not None
    assert doubtful is not None
    assert sure.probability["process"] > 0.8
    assert doubtful.probability["process"] < sure.probability["process"] - 0.1


@given(st.floats(1.05, 3.0))
@settings(max_examples=6, deadline=None)
def test_a_disturbed_row_has_an_interval_of_its_own(high: float) -> None:
    """No narrower than that of a quiet row, which stays what it was, and hardly wider than the forecast without it."""
    quiet = [run((1, 1), 1.0), run((2, 1), 2.0), run((1, 4), 4.0)] * 3
    ends = [(1, 2), (2, 1)]
    unseen, _ = fit_splits(quiet, ends).splits
    found, beside = fit_splits([*quiet, run((1, 2), 2.0, high=high)], ends).splits
    plain, _ = fit_splits([*quiet, run((1, 2), 2.0)], ends).splits
    width = math.log(found.high / found.low)
    assert width >= math.log(beside.high / beside.low) * (1 - 1e-9)
    assert width >= 0.8 * min(math.log(high), math.log(unseen.high / unseen.low))
    assert width <= 1.25 * math.log(unseen.high / unseen.low)
    assert plain.high / plain.low == pytest.approx(beside.high / beside.low)
