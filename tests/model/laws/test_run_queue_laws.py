"""The run queue and the preempted holder as laws: their limits, their order, and one source for numpy and sympy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.laws import preempted_holder, run_queue
from cerberus_plan.model.laws.symbolic import SYMBOLIC

counts = st.integers(1, 512)
times = st.floats(1e-7, 1e-2)


@given(counts, counts)
def test_with_a_core_for_each_nothing_costs_anything(threads: int, more: int) -> None:
    """Threads up to the cores: no stretch, no price, no turn, exactly."""
    cores = threads + more - 1
    assert run_queue.stretch(np, threads, cores) == 1.0
    assert run_queue.mean_stretch(threads, 0.0, cores) == 1.0
    assert preempted_holder.spinning(np, 1e-5, threads, cores) == 0.0
    assert preempted_holder.turn(np, 4e-3, threads, cores) == 0.0
    assert preempted_holder.spinning_rate(np, 1e4, 0.0, 0.0) == pytest.approx(1e4, rel=1e-15)


@given(counts, counts, times)
def test_a_thread_more_never_makes_it_cheaper(threads: int, cores: int, hold: float) -> None:
    """Stretch, price and turn grow with the threads."""
    assert run_queue.stretch(np, threads + 1, cores) >= run_queue.stretch(np, threads, cores)
    for law in (preempted_holder.spinning, preempted_holder.turn):
        assert law(np, hold, threads + 1, cores) >= law(np, hold, threads, cores)


@given(counts, counts, times, times)
def test_a_core_more_never_makes_it_dearer(threads: int, cores: int, hold: float, slice_s: float) -> None:
    """And falls with the cores."""
    assert run_queue.stretch(np, threads, cores + 1) <= run_queue.stretch(np, threads, cores)
    assert preempted_holder.spinning(np, hold, threads, cores + 1) <= preempted_holder.spinning(
        np, hold, threads, cores
    )
    assert preempted_holder.turn(np, slice_s, threads, cores + 1) <= preempted_holder.turn(np, slice_s, threads, cores)


@given(st.floats(0.1, 500.0), st.floats(0.0, 200.0), st.integers(1, 256))
def test_the_mean_stretch_lies_above_that_of_the_mean(mean: float, variance: float, cores: int) -> None:
    """Jensen: the factor is convex, so variation costs; and never more than half a deviation of threads."""
    found = float(run_queue.mean_stretch(mean, variance, cores))
    least = float(run_queue.stretch(np, mean, cores))
    assert least - 1e-12 <= found <= least + math.sqrt(variance) / cores / 2 + 1e-12


def test_the_mean_stretch_at_the_knee() -> None:
    """As many as cores in the mean: the mean of half a normal, sqrt(variance / (2 pi)) threads too many."""
    assert float(run_queue.mean_stretch(8.0, 4.0, 8)) == pytest.approx(1 + 2.0 / math.sqrt(2 * math.pi) / 8)


def test_the_slice_cancels_from_the_price() -> None:
    """How often a holder is preempted, times how long it is away."""
    hold, slice_s, threads, cores = sympy.symbols("hold slice n c", positive=True)
    away = (threads / cores - 1) * slice_s
    price = preempted_holder.spinning(SYMBOLIC, hold, threads, cores)
    over = price.subs(sympy.Max(0, threads / cores - 1), threads / cores - 1)
    assert sympy.simplify(over - hold / slice_s * away) == 0


@pytest.mark.parametrize(("threads", "turns"), [(2, 0.0), (3, 0.5), (4, 0.75), (8, 1.75), (32, 7.75)])
def test_half_of_the_threads_without_a_core_go_first(threads: int, turns: float) -> None:
    """On two cores of 4 ms slices: (n - 1) / 2 slices, two of which pass at a time."""
    assert preempted_holder.turn(np, 4e-3, threads, 2) == pytest.approx(4e-3 * turns)


@given(st.floats(1.0, 1e6), times, times)
def test_a_spinning_rate_is_within_both_its_bounds(rate: float, price: float, turn: float) -> None:
    """Neither faster than without the price nor than one cycle a turn."""
    found = preempted_holder.spinning_rate(np, rate, price, turn)
    assert found <= min(rate, 1 / turn) * (1 + 1e-12)
    assert found == pytest.approx(1 / max(1 / rate + price, turn))


def test_a_sleeping_waiter_costs_its_switches() -> None:
    """Two waits of 3 us."""
    assert preempted_holder.sleeping(np, 2.0, 3e-6) == pytest.approx(6e-6)
