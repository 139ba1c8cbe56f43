"""Scaled series, and several shared stations on them, against plain series, the general solver, and as laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from cerberus_plan.model.exact import series
from cerberus_plan.model.exact.chains_kernel import log_dot
from cerberus_plan.model.exact.scaled_kernel import BLOCK, MOST_SPAN, UNSEEN, multiply
from cerberus_plan.model.exact.scaled_series import ScaledSeries, log_product
from cerberus_plan.model.exact.shared_weights import Weights, longer_factors
from cerberus_plan.model.exact.splits import occupancy, simplified, solution, throughput
from cerberus_plan.model.exact.tables import Splits, factor_logs
from cerberus_plan.model.exact.wide_shared import WideSharedStations
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.queue_lock import QueueLock
from cerberus_plan.model.laws.servers import Servers
from cerberus_plan.model.laws.shared_bandwidth import SharedBandwidth
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.structure import Structure
from tests.random_networks import anything


# Slopes of factorials and of collapses, with some noise: what constants of networks look like.
def _logs(count: int, factorial: float, slope: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(-1.0, 1.0, count)
    return np.asarray(factorial * series.log_factorial(count) + slope * np.arange(count) + noise)


logs = st.builds(_logs, st.integers(1, 120), st.floats(-2.0, 2.0), st.floats(-3.0, 3.0), st.integers(0, 2**32 - 1))
stations = st.lists(anything, min_size=1, max_size=3)


def _splits(*pairs: tuple[int, int]) -> Splits:
    columns = np.array(pairs, dtype=np.float64).T
    return Splits(vms=columns[0], threads=columns[1])


def _named(found: list[Station], kind: str) -> tuple[Station, ...]:
    return tuple(
        type(s)(**{n: getattr(s, n) for n in s.parameter_names}, name=f"{kind} {i}") for i, s in enumerate(found)
    )


# Of the logarithms of doubles: a product of two series that each span less keeps all its terms.
_HALF_THE_RANGE = 300.0


@pytest.mark.slow
@given(one=logs, other=logs, tilt=st.floats(-1.0, 1.0))
# Steep, with one coefficient in the last block: what another block seemed to add beside it were zeros.
@example(one=_logs(33, -2.0, 0.0, 0), other=_logs(49, 0.0, 0.0, 0), tilt=0.0)
def test_products_and_dot_products_are_those_of_logarithms(one: np.ndarray, other: np.ndarray, tilt: float) -> None:
    """Whatever the tilt, coefficient by coefficient; what spans too much under it is all not a number."""
    left, right = (ScaledSeries.of_logs(row[None], np.array([tilt])) for row in (one, other))
    found = left.times(right, one.size + other.size - 1).logs(one.size + other.size - 1, np.array([tilt]))[0]
    if np.isnan(found).any():
        assert np.isnan(found).all()
        assert max(np.ptp(row + tilt * np.arange(row.size)) for row in (one, other)) > _HALF_THE_RANGE
        return
    assert found == pytest.approx(series.convolve(one, other), rel=1e-12, abs=1e-11)
    length = min(one.size, other.size)
    against = ScaledSeries.of_logs(other[None], np.array([-tilt]))
    dot = log_dot(
        left.numbers[0], left.powers[0], against.numbers[0], against.powers[0], UNSEEN + int(left.span + against.span)
    )
    assert dot == pytest.approx(series.log_dot(one[:length], other[:length]), rel=1e-12, abs=1e-11)


@pytest.mark.slow
@given(row=logs, longer=st.integers(0, 60), seed=st.integers(0, 2**32 - 1))
def test_correlations_are_those_of_logarithms(row: np.ndarray, longer: int, seed: int) -> None:
    """T_i of the solver's own sums, after the numbers that mean nothing."""
    weights = np.random.default_rng(seed).uniform(-1.0, 1.0, row.size + longer).cumsum()
    one, other = ScaledSeries.of_logs(row[None], np.zeros(1)), ScaledSeries.of_logs(weights[None], np.zeros(1))
    assume(one.span + other.span < MOST_SPAN)  # whoever asks for such sums asks no further
    before, left, right = BLOCK - 1, one.powers.size, other.powers.size
    blocks = -(-(before + longer + 1) // BLOCK)
    sums = ScaledSeries(np.empty((1, blocks * BLOCK)), np.empty((1, blocks), dtype=np.int64), 0.0)
    multiply(
        np.ascontiguousarray(one.numbers[0, ::-1]), np.ascontiguousarray(one.powers[0, ::-1]), left * BLOCK,
        other.numbers[0], other.powers[0], left - 1, UNSEEN + int(one.span + other.span),
        sums.numbers[0], sums.powers[0], np.empty(2 * (right + 1) * BLOCK), np.empty(right + 1, dtype=np.int64),
    )  # fmt: skip
    found = sums.logs(before + longer + 1, np.zeros(1))[0, before:]
    assert found == pytest.approx(series.correlate(weights, row), rel=1e-11, abs=1e-10)


def test_what_spans_too_much_is_not_a_number() -> None:
    """Numbers that would vanish are never left out in silence."""
    steep = ScaledSeries.of_logs(np.arange(64.0)[None] * 20.0, np.zeros(1))
    assert np.isnan(steep.times(steep, 127).numbers).all()


def test_a_product_without_delays_is_the_station_s_own() -> None:
    """The series 1 of no delays changes nothing."""
    one = np.array([[0.0, -np.inf, -np.inf]])
    other = np.array([[0.0, 1.0, 3.0]])
    assert log_product([one, other])[0] == pytest.approx(other[0])


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(local=stations, shared=stations, vms=st.integers(1, 12), threads=st.integers(1, 30))
def test_it_equals_the_general_solver(local: list[Station], shared: list[Station], vms: int, threads: int) -> None:
    """Throughput and mean customers of random stations of every law, or it says that it cannot."""
    structure = Structure(local=_named(local, "local"), shared=_named(shared, "shared"))
    splits = _splits((1, threads), (vms, threads), (vms, 1))
    wide = WideSharedStations(structure.local, structure.shared, splits)
    lengths = wide.occupancy(structure.local, structure.shared)
    event("beyond the range" if lengths is None else "in range")
    for at, rate in enumerate(wide.throughput()[:, 0]):
        exact = solution(structure, splits, at)
        assert rate == pytest.approx(exact.throughput, rel=1e-9) or (np.isnan(rate) and lengths is None)
        for name in lengths or ():
            expected = sum(s.queue_length for s in exact.stations if s.name == name)
            assert lengths is not None
            assert lengths[name][at] == pytest.approx(expected, rel=1e-7, abs=1e-8)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(local=stations, shared=stations, vms=st.integers(1, 8), threads=st.integers(1, 12))
def test_a_simpler_network_is_the_same(local: list[Station], shared: list[Station], vms: int, threads: int) -> None:
    """Shared delays are local ones, and instances of nothing but delays are one."""
    structure = Structure(local=_named(local, "local"), shared=_named(shared, "shared"))
    simple, together = simplified(structure, _splits((vms, threads)))
    assert not any(isinstance(station, Delay) for station in simple.shared)
    expected = solution(structure, _splits((vms, threads)), 0).throughput
    assert solution(simple, together, 0).throughput == pytest.approx(expected, rel=1e-9)
    assert throughput(structure, _splits((vms, threads)), 1)[0, 0] == pytest.approx(expected, rel=1e-9)


# What differs between splits: constant from a few customers on, from many, from none, and never.
DIFFERING = {
    "queue": lambda time, by_split: Queue(time * by_split, name="differs"),
    "memory": lambda time, by_split: SharedBandwidth(time * by_split, saturation=1.0 + 2.5 * by_split, name="differs"),
    "servers": lambda time, by_split: Servers(time * by_split, 30.0 * by_split // 1.0 + 1.0, name="differs"),
    "queue lock": lambda time, by_split: QueueLock(time * by_split, handover=0.3 * time, name="differs"),
    "ticket lock": lambda time, by_split: TicketLock(time * by_split, handover=0.01 * time, name="differs"),
    "delay": lambda time, by_split: Delay(time * by_split, name="differs"),
    "nothing": lambda time, by_split: Queue(0.0 * time * by_split, name="differs"),
}


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    local=stations,
    alike=st.lists(anything, max_size=2),
    kinds=st.lists(st.sampled_from(sorted(DIFFERING)), min_size=1, max_size=2),
    vms=st.integers(2, 9),
    threads=st.integers(2, 16),
    seed=st.integers(0, 2**32 - 1),
)
def test_stations_that_differ_by_split_equal_the_general_solver(  # noqa: PLR0917
    local: list[Station], alike: list[Station], kinds: list[str], vms: int, threads: int, seed: int
) -> None:
    """Each split has its own table of weights, each draw its own service times; queue lengths too."""
    splits = _splits((1, threads), (vms, threads), (vms, 1), (vms + 1, threads))
    by_split = 0.5 + splits.columns[0] / vms
    times = 0.3 * np.exp(np.random.default_rng(seed).standard_normal((len(kinds), 1, 2)))
    own = [DIFFERING[kind](time, by_split) for kind, time in zip(kinds, times, strict=True)]
    structure = Structure(local=_named(local, "local"), shared=_named([*own, *alike], "shared"))
    wide = WideSharedStations(structure.local, structure.shared, splits)
    lengths = wide.occupancy(structure.local, structure.shared)
    event("beyond the range" if lengths is None else "in range")
    for (split, draw), rate in np.ndenumerate(np.broadcast_to(wide.throughput(), (splits.vms.size, 2))):
        exact = solution(structure, splits, split, draw)
        assert rate == pytest.approx(exact.throughput, rel=1e-9) or np.isnan(rate)
        if draw == 0 and lengths is not None:
            expected = {name: sum(s.queue_length for s in exact.stations if s.name == name) for name in lengths}
            assert {name: row[split] for name, row in lengths.items()} == pytest.approx(expected, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("longer", [None, 0, 1])
@pytest.mark.parametrize("kind", sorted(DIFFERING.keys() - {"delay", "nothing"}))
def test_weights_are_products_of_stations(kind: str, longer: int | None) -> None:
    """Coefficient by coefficient, with few steps a coefficient where service times are constant from a few on."""
    splits = _splits((1, 30), (3, 100), (700, 1))
    own = DIFFERING[kind](np.array([[0.5, 2.0]]), np.array([[1.0], [1.5], [0.7]]))
    shared = (own, TicketLock(0.3, handover=0.002, name="lock"))
    weights = Weights.of(shared, splits, longer)
    made = weights.made(slice(0, 2), tilt=5.0)
    for table, total in enumerate(weights.totals.tolist()):
        for draw in (0, 1):
            one = DIFFERING[kind](np.array([[0.5, 2.0]])[:, draw], np.array([1.0, 1.5, 0.7])[table])
            factors = factor_logs((one, shared[1]), total)
            expected = log_product(factors if longer is None else longer_factors(factors, longer))[0]
            expected = expected + series.log_factorial(total + 1) - 5.0 * np.arange(total + 1)
            first, last = weights.starts[table : table + 2]
            with np.errstate(divide="ignore"):
                found = np.log(made.numbers[draw, first * BLOCK : last * BLOCK])
            found += np.repeat(made.powers[draw, first:last], BLOCK) * np.log(2.0)
            assert found[: total + 1] == pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_tables_are_shared_by_splits_that_are_alike() -> None:
    """Work that splits share is done once, up to the largest total."""
    splits = _splits((1, 30), (3, 100), (7, 1))
    weights = Weights.of((Queue(np.array([[1.0], [2.0], [1.0]])), LARGE.shared[0]), splits)
    assert weights.table_of.tolist() == [0, 1, 0]
    assert weights.totals.tolist() == [30, 300]


LARGE = Structure(
    local=(Delay(8.0), TicketLock(0.6, handover=0.3, name="lock"), Servers(0.5, 3, name="disk")),
    shared=(TicketLock(0.05, handover=0.02, name="kernel"), Queue(0.1, name="bus"), Delay(0.5, name="wire")),
)


def test_draws_in_blocks_are_draws_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by taking draws in turn; the answers do not change."""
    holds = np.array([[0.1, 0.2, 0.4, 0.05]])
    local = (Delay(8.0), TicketLock(holds, handover=0.3))
    splits = _splits((1, 40), (5, 8), (40, 1))
    whole = WideSharedStations(local, LARGE.shared, splits).throughput()
    monkeypatch.setattr("cerberus_plan.model.exact.wide_shared._MEMORY", 1.0)
    assert WideSharedStations(local, LARGE.shared, splits).throughput() == pytest.approx(whole, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("split", [(1, 512), (2, 256), (16, 32), (256, 1), (256, 2), (512, 1)])
def test_hundreds_of_threads_equal_the_general_solver(split: tuple[int, int]) -> None:
    """Where locks within and between instances collapse."""
    found = throughput(LARGE, _splits(split), 1)[0, 0]
    assert found == pytest.approx(solution(LARGE, _splits(split), 0).throughput, rel=1e-9)


def test_everybody_is_somewhere() -> None:
    """Mean customers sum to the threads."""
    splits = _splits((1, 1024), (2, 512), (64, 16), (1024, 1))
    assert sum(occupancy(LARGE, splits).values()) == pytest.approx(splits.vms * splits.threads, rel=1e-9)
