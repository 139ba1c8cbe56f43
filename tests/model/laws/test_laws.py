"""Every contention law: one source for numpy, numba and sympy, the published formula, and its limits.

The formulas on the right-hand side are those of the papers named in each law's module, written a second time in
plain arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws import interference
from cerberus_plan.model.laws.allocator_search import AllocatorSearch
from cerberus_plan.model.laws.symbolic import SYMBOLIC
from cerberus_plan.model.network import (
    Delay,
    Queue,
    QueueLock,
    ReaderWriterLock,
    Servers,
    SharedBandwidth,
    Station,
    TestAndSetLock,
    TicketLock,
)


def _reader_writer(k: int, hold: float, line: float, writes: float) -> float:
    """The run of readers between writers, and k readers p(k) who pass the line one at a time."""
    # p solves the mean value equation k p = hold + line (k - (k - 1) hold / (k p))
    half = (hold + line * k) / (2 * k)
    p = half + math.sqrt(half * half - line * hold * (k - 1) / k**2)
    run = math.log(1 / (writes + (1 - writes) / k)) + math.log(1 / (writes + (1 - writes) * p / (line + hold)))
    return writes * (line + hold) + (1 - writes) * p + writes * hold * run / 2


# station, its time per completion with k present in plain arithmetic
FORMULAS: list[tuple[Station, Callable[[int], float]]] = [
    (Delay(3.0), lambda k: 3.0 / k),
    (Queue(3.0), lambda _: 3.0),
    (Servers(3.0, 4), lambda k: 3.0 / min(k, 4)),
    (SharedBandwidth(3.0, saturation=2.5), lambda k: 3.0 / min(k, 2.5)),
    (TicketLock(3.0, handover=0.5), lambda k: 3.0 + 0.5 * (k - 1) / 2),
    (QueueLock(3.0, handover=0.5), lambda k: 3.0 if k == 1 else 3.5),
    (TestAndSetLock(3.0, handover=0.5), lambda k: 3.0 + 0.5 * (k - 1)),
    (ReaderWriterLock(3.0, line=0.5, writes=0.25), lambda k: _reader_writer(k, 3.0, 0.5, 0.25)),
    (
        AllocatorSearch(3.0, search=2.0, width=5.0),
        lambda k: 3.0 + 2.0 * (1 - math.exp(-((k - 1) ** 2) / 25.0)),
    ),
]
_ids = [type(station).__name__ for station, _ in FORMULAS]
_one_by_one = pytest.mark.parametrize(("station", "formula"), FORMULAS, ids=_ids)


@_one_by_one
def test_law_is_the_published_formula(station: Station, formula: Callable[[int], float]) -> None:
    """Beyond the cached range of populations too."""
    for most in (1, 2, 128, 300):
        times = station.service_times(most)
        assert times.shape == (most,)
        assert times == pytest.approx([formula(k) for k in range(1, most + 1)], rel=1e-14)


@pytest.mark.slow
@_one_by_one
def test_numba_and_sympy_see_the_same_law(station: Station, formula: Callable[[int], float]) -> None:
    """The undecorated function compiles, and its symbolic form evaluates to the same numbers."""
    import numba

    law = type(station).law
    inner = numba.njit(law)
    compiled = numba.njit(lambda customers, parameters: inner(np, customers, *parameters))
    customers = sympy.Symbol("k", positive=True)
    expression = sympy.sympify(law(SYMBOLIC, customers, *station.parameters))
    for k in (1, 2, 3, 17):
        assert compiled(float(k), tuple(float(p) for p in station.parameters)) == pytest.approx(formula(k), rel=1e-14)
        assert float(expression.subs(customers, k)) == pytest.approx(formula(k), rel=1e-12)


@_one_by_one
def test_batches_are_one_value_a_draw(station: Station, formula: Callable[[int], float]) -> None:
    """Arrays of parameters give an array of laws, one row a draw."""
    stretched = [np.array([p, 2.0 * p]) if place == 0 else p for place, p in enumerate(station.parameters)]
    batch = type(station)(**dict(zip(station.parameter_names, stretched, strict=True)))
    times = batch.service_times(7)
    assert times.shape == (2, 7)
    assert times[0] == pytest.approx([formula(k) for k in range(1, 8)])
    assert (times[1] > times[0]).all()


def _symbols(names: str) -> tuple[Any, ...]:
    return sympy.symbols(names, positive=True)


def _limit_of_rate(station: type[Station], *parameters: Any) -> Any:
    k = sympy.Symbol("k", positive=True, integer=True)
    time = station.law(SYMBOLIC, k, *parameters)
    return sympy.limit(1 / time.replace(sympy.Min, lambda *a: min(a, key=lambda x: x.has(k))), k, sympy.oo)


def test_collapsing_locks_lose_all_throughput_in_the_limit() -> None:
    """Ticket and test-and-set rates go to zero like 2 / (handover k) and 1 / (handover k)."""
    hold, handover, k = _symbols("hold handover k")
    for station, slope in ((TicketLock, handover / 2), (TestAndSetLock, handover)):
        time = station.law(SYMBOLIC, k, hold, handover)
        assert sympy.limit(1 / time, k, sympy.oo) == 0
        assert sympy.limit(time / k, k, sympy.oo) == slope
        assert sympy.simplify(time.subs(k, 1) - hold) == 0
        assert sympy.simplify(sympy.diff(time, k) - slope) == 0


def test_saturating_laws_keep_a_rate_in_the_limit() -> None:
    """A queue lock keeps 1 / (hold + handover), c servers c / demand, a reader-writer lock its runs of readers."""
    hold, handover, line, writes, k = _symbols("hold handover line writes k")
    large = sympy.Integer(10) ** 12
    assert QueueLock.law(SYMBOLIC, large, hold, handover) == hold + handover
    assert Servers.law(SYMBOLIC, large, hold, sympy.Integer(7)) == hold / 7
    assert Servers.law(SYMBOLIC, sympy.Integer(1), hold, sympy.Integer(7)) == hold
    limit = sympy.limit(ReaderWriterLock.law(SYMBOLIC, k, hold, sympy.Integer(0), writes), k, sympy.oo)
    assert sympy.simplify(sympy.expand_log(limit - hold * writes * (1 + sympy.log(1 / writes)))) == 0
    many = ReaderWriterLock.law(SYMBOLIC, k, hold, line, sympy.Integer(0))
    assert sympy.limit(many.subs({hold: 3, line: sympy.Rational(1, 2)}), k, sympy.oo) == sympy.Rational(1, 2)
    assert sympy.limit(1 / Delay.law(SYMBOLIC, k, hold), k, sympy.oo) == sympy.oo


def test_allocator_search_goes_from_base_to_full_search() -> None:
    """Alone it costs the base; among many, base plus search; the onset is quadratic."""
    base, search, width, k = _symbols("base search width k")
    time = AllocatorSearch.law(SYMBOLIC, k, base, search, width)
    assert time.subs(k, 1) == base
    assert sympy.limit(time, k, sympy.oo) == base + search
    assert sympy.diff(time, k).subs(k, 1) == 0
    assert sympy.simplify(sympy.diff(time, k, 2).subs(k, 1) - 2 * search / width**2) == 0


def test_interference_stretches_from_one_and_linearly() -> None:
    """One active core sees no interference; each further one adds gamma."""
    gamma, n = _symbols("gamma n")
    stretch = interference.stretch(SYMBOLIC, n, gamma)
    assert stretch.subs(n, 1) == 1
    assert sympy.diff(stretch, n) == gamma
    assert interference.stretch(np, np.array([1.0, 48.0]), 0.03) == pytest.approx([1.0, 2.41])


@pytest.mark.slow
def test_reader_writer_law_follows_the_simulated_lock() -> None:
    """Everybody always at the lock: within 8 % for shares of writers and lines over three decades."""
    from cerberus_plan.model.network import Instance
    from cerberus_plan.model.simulation import simulate

    for line in (0.0, 0.05, 0.3, 1.0):
        for writes in (0.01, 0.1, 0.5, 1.0):
            lock = ReaderWriterLock(1.0, line=line, writes=writes)
            for k in (1, 4, 16, 48):
                members = [Instance(threads=k, stations=[lock])]
                simulated = simulate(instances=members, completions=20_000, seed=1).throughput
                assert lock.service_times(k)[-1] == pytest.approx(1.0 / simulated, rel=0.1)


def test_reader_writer_lock_that_takes_no_time_takes_none() -> None:
    """No division by zero, alone or in a batch."""
    assert ReaderWriterLock(0.0, line=0.0, writes=0.5).service_times(3).tolist() == [0.0, 0.0, 0.0]
    assert ReaderWriterLock(0.0, line=0.0, writes=0.0).service_times(2).tolist() == [0.0, 0.0]
    batch = ReaderWriterLock(np.array([0.0, 1.0]), line=np.array([0.0, 0.0]), writes=0.0)
    assert batch.service_times(2).tolist() == [[0.0, 0.0], [1.0, 0.5]]


@given(st.sampled_from(FORMULAS), st.sampled_from([-1.0, -1e-300, math.inf, math.nan, "1", None, True]))
def test_impossible_parameters_are_refused_by_name(case: tuple[Station, Any], value: object) -> None:
    """The message names the station and the parameter."""
    station = type(case[0])
    for name in station.parameter_names:
        values = dict(zip(station.parameter_names, case[0].parameters, strict=True)) | {name: value}
        with pytest.raises(InputError, match=rf"{station.__name__}: {name} = .* must be a finite number"):
            station(**values)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Servers(1.0, 0), r"Servers: count = 0 must be a finite number at least 1"),
        (lambda: Servers(1.0, 0.999), r"count = 0.999 .* at least 1"),
        (lambda: ReaderWriterLock(1.0, line=0.1, writes=1.5), r"writes = 1.5 .* between 0 and 1"),
        (lambda: Queue(np.array([1.0, -2.0])), r"Queue: demand = .* at least 0"),
        (lambda: Queue(np.array([1.0, np.nan])), r"Queue: demand"),
        (lambda: Queue(np.array(["a"])), r"Queue: demand"),
        (lambda: ReaderWriterLock(1.0, line=0.1, writes=np.array([0.5, 1.5])), r"writes = .* between 0 and 1"),
        (lambda: Servers(1.0, np.array([0.5, 2.0])), r"count = .* at least 1"),
    ],
)
def test_bounds_of_a_parameter_are_told(build: Callable[[], Station], message: str) -> None:
    """A parameter outside its own range is refused with the range; arrays are checked in every element."""
    with pytest.raises(InputError, match=message):
        build()


@pytest.mark.parametrize("law", [TicketLock, QueueLock, TestAndSetLock, ReaderWriterLock, AllocatorSearch])
def test_times_that_could_be_swapped_are_given_by_name(law: type[Station]) -> None:
    """Only the first parameter may be given by position."""
    with pytest.raises(TypeError, match="takes at most 1 values without a name"):
        law(*[0.5] * len(law.parameter_names))


@_one_by_one
def test_stations_are_facts(station: Station, formula: object) -> None:
    """They cannot be changed."""
    with pytest.raises(AttributeError, match="name"):
        station.name = "other"  # type: ignore[misc]


def test_edges_of_the_bounds_are_allowed() -> None:
    """Zero, one and whole arrays at the edge are fine."""
    assert Servers(0.0, 1).count == 1
    assert ReaderWriterLock(0, line=0, writes=1).writes == 1
    assert ReaderWriterLock(1.0, line=0.0).writes == 0.0
    assert Queue(np.array([0, 3])).service_times(2).tolist() == [[0.0, 0.0], [3.0, 3.0]]
