"""What must hold for every set of measured splits, and the owner of contention whose law is known."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.splits.fit import SplitFit, fit_splits, splits_of
from cerberus_plan.calibration.splits.measured import HALF_WIDTH, Measured, Split
from cerberus_plan.calibration.splits.owner import OWNERS
from cerberus_plan.calibration.splits.posterior import weigh
from cerberus_plan.calibration.splits.prior import shipped
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.measurement import Measurement

FEW = settings(max_examples=12)
SPLITS = st.tuples(st.integers(1, 64), st.integers(1, 64))


@st.composite
def sets(draw: st.DrawFn, least: int = 1) -> list[Measurement]:
    """Any splits with any throughput within three decades, some repeated."""
    rows = draw(st.lists(st.tuples(SPLITS, st.floats(1.0, 1000.0)), min_size=least, max_size=12))
    return [Measurement(instances=m, cores_per_instance=k, value=value) for (m, k), value in rows]


def width(fit: SplitFit, split: Split) -> float:
    row = next(x for x in fit.splits if (x.instances, x.cores_per_instance) == split)
    return row.high / row.low


@pytest.mark.slow
@FEW
@given(rows=sets())
def test_a_measured_split_is_its_median_inside_its_own_interval(rows: list[Measurement]) -> None:
    measured = Measured.of(rows)
    fit = fit_splits(rows, measured.splits)
    by_split = {(x.instances, x.cores_per_instance): x for x in fit.splits}
    for split, log_value in zip(measured.splits, measured.log_value, strict=True):
        row = by_split[split]
        runs = [x.value for x in rows if (x.instances, x.cores_per_instance) == split]
        assert row.measured
        assert row.value == pytest.approx(math.exp(log_value), rel=1e-12)
        assert min(runs) * (1 - 1e-12) <= row.value <= max(runs) * (1 + 1e-12)
        assert row.low <= row.value <= row.high


@pytest.mark.slow
@FEW
@given(rows=sets(), split=SPLITS, value=st.floats(1.0, 1000.0))
def test_measuring_a_split_never_widens_its_interval(rows: list[Measurement], split: Split, value: float) -> None:
    """The noise of one run is what the other repeats say, before and after."""
    others = [x for x in rows if (x.instances, x.cores_per_instance) != split]
    if not others:
        return
    more = [*others, Measurement(instances=split[0], cores_per_instance=split[1], value=value)]
    assert width(fit_splits(more, [split]), split) <= width(fit_splits(others, [split]), split) * (1 + 1e-12)


@pytest.mark.slow
@FEW
@given(rows=sets(), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Measurement], order: object) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fit_splits(rows).splits == fit_splits(shuffled).splits


@pytest.mark.slow
@FEW
@given(rows=sets(), factor=st.sampled_from([1e-9, 0.37, 1000.0, 1e12]))
def test_the_unit_of_throughput_does_not_matter(rows: list[Measurement], factor: float) -> None:
    scaled = [
        Measurement(instances=x.instances, cores_per_instance=x.cores_per_instance, value=x.value * factor)
        for x in rows
    ]
    for one, other in zip(fit_splits(rows).splits, fit_splits(scaled).splits, strict=True):
        assert other.value == pytest.approx(one.value * factor, rel=1e-6)
        assert other.low == pytest.approx(one.low * factor, rel=1e-6)
        assert other.high == pytest.approx(one.high * factor, rel=1e-6)
        assert other.regret == pytest.approx(one.regret, abs=0.01)


@pytest.mark.slow
@FEW
@given(rows=sets())
def test_probabilities_are_probabilities(rows: list[Measurement]) -> None:
    fit = fit_splits(rows)
    assert sum(x.probability_best for x in fit.splits) == pytest.approx(1.0)
    assert all(0.0 <= x.regret < 1.0 for x in fit.splits)
    assert all(0.0 < x.low <= x.value <= x.high < math.inf for x in fit.splits)
    assert tuple(fit.owner) == OWNERS
    assert sum(fit.owner.values()) == pytest.approx(1.0)
    assert fit.best in fit.splits
    assert fit.next is None or not fit.next.measured


def run(law: Callable[[int, int], float], splits: Sequence[Split]) -> list[Measurement]:
    return [Measurement(instances=m, cores_per_instance=k, value=law(m, k)) for m, k in splits]


def process_lock(m: int, k: int) -> float:
    """An interpreter lock: one instance does 1.3 times one core, however many it has."""
    return m * 1.3 * k / (k + 0.3)


def machine_ceiling(m: int, k: int) -> float:
    """Memory bandwidth for four cores, whoever uses it."""
    n = m * k
    return float((n**-4 + 4.0**-4) ** -0.25)


def test_two_instances_tell_whose_lock_it_is() -> None:
    """The same curve of one instance, and one run of two halves that either gains or does not."""
    curve = [(1, 1), (1, 2), (1, 4), (1, 8), (1, 16)]
    mine = fit_splits(run(process_lock, [*curve, (2, 8), (4, 4)]), splits_of(16))
    shared = fit_splits(run(machine_ceiling, [*curve, (2, 8), (4, 4)]), splits_of(16))
    assert mine.owner["inside"] > 0.8
    assert shared.owner["machine"] > 0.6
    assert shared.owner["inside"] < 0.25


def test_a_curve_alone_does_not_decide_and_asks_for_instances() -> None:
    """One instance cannot tell a lock of its own from a limit of the machine."""
    fit = fit_splits(run(process_lock, [(1, 1), (1, 2), (1, 4), (1, 8)]), splits_of(8))
    assert max(fit.owner.values()) < 0.97
    assert fit.next is not None
    assert fit.next.instances > 1


@pytest.mark.slow
@pytest.mark.parametrize("law", [process_lock, machine_ceiling, lambda m, k: float(m * k)])
def test_known_laws_are_carried_to_the_full_machine(law: Callable[[int, int], float]) -> None:
    """From at most half of 32 cores to all: the truth is inside the interval, the error below 20 %."""
    small = [(m, k) for m in (1, 2, 4, 8, 16) for k in (1, 2, 4, 8, 16) if m * k <= 16]
    fit = fit_splits(run(law, small), splits_of(32))
    truth = np.array([law(x.instances, x.cores_per_instance) for x in fit.splits])
    assert all(x.low <= true <= x.high for x, true in zip(fit.splits, truth, strict=True))
    assert np.median([abs(x.value / true - 1) for x, true in zip(fit.splits, truth, strict=True)]) < 0.2
    best = law(fit.best.instances, fit.best.cores_per_instance)
    assert best > 0.9 * truth.max()


def test_all_splits_measured_leaves_nothing_to_ask() -> None:
    fit = fit_splits(run(process_lock, splits_of(16)), splits_of(16))
    assert fit.next is None
    assert (fit.best.instances, fit.best.cores_per_instance) == (16, 1)


def test_a_physical_model_as_the_base_is_believed_up_to_its_residual() -> None:
    """With the true law as the base and no measurement of it elsewhere, forecasts follow the base, not M K."""
    measured = Measured.of(run(process_lock, [(1, 16), (4, 4)]))

    def base(splits: Sequence[Split], draws: np.ndarray, loss: np.ndarray) -> np.ndarray:
        return np.log([[process_lock(m, k) for m, k in splits]]) + loss

    targets = [(16, 1), (8, 2)]
    truth = np.log([process_lock(m, k) for m, k in targets])
    informed = weigh(measured, shipped(), base).predict(targets).quantiles([0.5])[0]
    ignorant = weigh(measured, shipped()).predict(targets).quantiles([0.5])[0]
    assert np.abs(informed - truth).max() < 0.25
    assert np.abs(informed - truth).sum() < np.abs(ignorant - truth).sum() + 0.05


def test_repeats_tell_the_noise_and_so_do_intervals() -> None:
    quiet = [Measurement(instances=1, cores_per_instance=2, value=v) for v in (100.0, 100.5, 99.5, 100.2)]
    loud = [Measurement(instances=1, cores_per_instance=2, value=v) for v in (100.0, 130.0, 75.0, 110.0)]
    said = [Measurement(instances=1, cores_per_instance=2, value=100.0, low=80.0, high=120.0)]
    assert Measured.of(quiet).noise < 0.02 < Measured.of(loud).noise
    assert Measured.of(said).noise == pytest.approx(math.log(1.5) / (2 * 1.6448536), rel=1e-6)


@given(st.floats(1.2, 20.0), st.integers(2, 6))
def test_runs_that_others_slowed_alike_keep_the_doubt_they_bring(times: float, repeats: int) -> None:
    """Repeats agree to the last digit, yet each says that a quiet host may do so many times as much."""
    rows = [
        Measurement(instances=m, cores_per_instance=2 // m, value=10.0, low=10.0, high=10.0 * times)
        for m in (1, 2)
        for _ in range(repeats)
    ]
    plain = [replace(row, low=None, high=None) for row in rows]
    brought, alone = Measured.of(rows).noise, Measured.of(plain).noise
    assert brought == pytest.approx(math.log(times) / (2 * HALF_WIDTH))
    assert alone < brought
    one_of_many = Measured.of([*plain, rows[0]]).noise
    assert one_of_many <= brought * (1 + 1e-12)


@given(
    st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=5),
    st.floats(0.1, 4.0),
    st.floats(0.0, 1.0),
    st.sampled_from([None, 1.0, 1.1, 1.5, 4.0]),
)
@example([0.1, -0.1], 1.0, 0.5, 1.5)
def test_repeats_that_are_farther_apart_are_no_less_noisy(
    logs: list[float], times: float, share: float, interval: float | None
) -> None:
    """Whatever intervals the rows bring, and however few they are."""

    def noise(scale: float) -> float:
        values = [10.0 * math.exp(scale * log) for log in logs]
        ends = [{} if interval is None else {"low": v / interval, "high": v * interval} for v in values]
        rows = [
            Measurement(instances=1, cores_per_instance=2, value=v, **end) for v, end in zip(values, ends, strict=True)
        ]
        return Measured.of(rows).noise

    assert noise(share * times) <= noise(times) * (1 + 1e-9)


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(InputError, match="no split"):
        fit_splits([])


@pytest.mark.parametrize(("cores", "least"), [(1, 1), (7, 2), (12, 6), (31, 3), (64, 7)])
def test_default_splits_fill_the_machine(cores: int, least: int) -> None:
    found = splits_of(cores)
    assert len(found) >= least
    assert {(1, cores), (cores, 1)} <= set(found)
    assert all(0.9 * cores <= m * k <= cores for m, k in found)


def rows_of(values: dict[Split, Sequence[float]]) -> list[Measurement]:
    return [Measurement(instances=m, cores_per_instance=k, value=v) for (m, k), runs in values.items() for v in runs]


@given(value=st.floats(1e-6, 1e6))
@settings(max_examples=5)
def test_of_runs_that_are_alike_fewest_instances_are_recommended(value: float) -> None:
    fit = fit_splits(rows_of({(1, 16): [value], (4, 4): [value], (16, 1): [value]}))
    assert (fit.best.instances, fit.best.cores_per_instance) == (1, 16)
    clear = fit_splits(rows_of({(1, 16): [value], (4, 4): [1.2 * value], (16, 1): [value]}))
    assert clear.best.instances == 4


@given(
    runs=st.lists(st.floats(1.0, 10.0), min_size=2, max_size=5), factor=st.floats(1e-3, 1e3), other=st.floats(1.0, 10.0)
)
def test_the_runs_farthest_apart_are_the_contradiction(runs: list[float], factor: float, other: float) -> None:
    """In any unit; a split that was run once contradicts nothing."""
    ratio = max(runs) / min(runs)
    found = Measured.of(rows_of({(2, 4): [factor * x for x in runs], (1, 8): [factor * other]})).contradiction
    if ratio > 1.15:
        assert found is not None
        assert found[0] == (2, 4)
        assert found[1] == pytest.approx(ratio)
    elif ratio < 1.1:
        assert found is None


@given(cores=st.integers(9, 128), value=st.floats(1e-3, 1e6))
@settings(max_examples=10, deadline=None)
def test_one_core_fewer_than_was_run_is_expected_beside_it(cores: int, value: float) -> None:
    """Whatever other splits may do: linear from the run lies in the interval, and the expectation is near it."""
    fit = fit_splits(rows_of({(1, cores): [value]}), [(1, cores - 1), (1, cores), (cores, 1)])
    beside = next(x for x in fit.splits if (x.instances, x.cores_per_instance) == (1, cores - 1))
    linear = value * (cores - 1) / cores
    assert beside.low <= linear <= beside.high
    assert beside.value > 0.8 * linear
