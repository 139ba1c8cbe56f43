"""Fits of serial parts: known locks are found again, and what two workers cannot show is said to be assumed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.campaign.fit_machine import (
    SerialPart,
    fit_serial_part,
    quantities_of,
    split_from_many,
    split_from_one,
    time_per_operation,
)
from cerberus_plan.calibration.harness.statistics import Estimate, Mode
from cerberus_plan.model.network import QueueLock, TicketLock
from cerberus_plan.model.quantity import Provenance

NAMES = ("serial", "handover", "parallel")


def estimate(value, noise=0.0, seed=0):
    draws = value * np.exp(noise * np.random.default_rng(seed).normal(size=400))
    low, high = np.quantile(draws, [0.05, 0.95])
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        replicates=draws,
        kept=10,
        total=10,
        modes=(Mode(value=value, share=1.0),),
    )


@given(st.floats(0.0, 1.0))
def test_one_worker_takes_the_whole_time(share):
    """T(1) is the parallel part and the serial part, whatever the split."""
    split = SerialPart(parallel=1.0 - share, serial=share, handover=0.3)
    assert time_per_operation(split, workers=1) == pytest.approx(1.0)


@pytest.mark.slow
@given(st.floats(0.02, 0.98), st.floats(1.0, 1.5))
def test_a_lock_without_handover_is_found_from_two_workers(share, slowdown):
    """The serial share that made T(2) is recovered."""
    true = SerialPart(parallel=1.0 - share, serial=share, handover=0.0)
    time = time_per_operation(true, workers=2, slowdown=slowdown)
    found = split_from_one(1.0, workers=2, time=time, slowdown=slowdown)
    assert found.serial == pytest.approx(share, abs=1e-6)
    assert found.handover == 0.0


@pytest.mark.slow
@given(st.floats(0.1, 20.0))
def test_a_collapse_beyond_full_serialisation_is_handover(handover):
    """If two workers are slower than one after the other, the whole operation is serial and passing it on costs."""
    true = SerialPart(parallel=0.0, serial=1.0, handover=handover)
    found = split_from_one(1.0, workers=2, time=time_per_operation(true, workers=2))
    assert found.serial == pytest.approx(1.0)
    assert found.handover == pytest.approx(handover, rel=1e-6)


def test_perfect_scaling_has_no_serial_part():
    """Two workers twice as fast: nothing is serial; faster than that is not taken as negative."""
    assert split_from_one(1.0, workers=2, time=0.5).serial == pytest.approx(0.0, abs=1e-9)
    assert split_from_one(1.0, workers=2, time=0.4).serial == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 0.6), st.floats(0.0, 2.0))
def test_both_unknowns_are_found_from_many_counts(share, ratio):
    """Serial part and hand-over of a collapsing lock are recovered from 2, 4, 8, 16 workers."""
    true = SerialPart(parallel=1.0 - share, serial=share, handover=ratio * share)
    times = {n: time_per_operation(true, workers=n) for n in (2, 4, 8, 16)}
    found = split_from_many(1.0, times, dict.fromkeys(times, 1.0))
    assert found.serial == pytest.approx(share, rel=0.02, abs=1e-3)
    assert found.handover == pytest.approx(ratio * share, rel=0.05, abs=5e-3)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 0.6), st.floats(0.0, 3.0))
def test_a_queue_lock_is_found_from_many_counts(share, ratio):
    """Serial part and the constant cost of passing it on are recovered from 2, 4, 8, 16 workers."""
    true = SerialPart(parallel=1.0 - share, serial=share, handover=ratio * share, lock=QueueLock)
    times = {n: time_per_operation(true, workers=n) for n in (2, 4, 8, 16)}
    found = split_from_many(1.0, times, dict.fromkeys(times, 1.0), lock=QueueLock)
    assert found.serial == pytest.approx(share, rel=0.05, abs=5e-3)
    assert found.handover == pytest.approx(ratio * share, rel=0.05, abs=5e-3)


@pytest.mark.parametrize(
    ("times", "slowdowns"),
    [
        ((2.161, 4.520, 5.498, 5.988, 6.803), (2.482, 1.146, 0.564, 0.270, 0.145)),
        ((3.349, 5.247, 6.583, 7.036, 7.379), (2.851, 1.403, 0.663, 0.330, 0.176)),
    ],
)
def test_the_mmap_lock_of_a_kernel_of_today_is_a_queue_lock(times, slowdowns):
    """mmap and munmap by 1, 2, 4, 8, 16 threads [us], and by processes, in two calibrations of docs/sixteen-cores.md.

    Waiters beyond the first add little: a constant passing fits every count within 15 %; a growing one misses by 30 %.
    """
    counts = (2, 4, 8, 16)
    crowd = dict(zip(counts, times[1:], strict=True))
    alone = slowdowns[0]
    slow = {n: max(n * time / alone, 1.0) for n, time in zip(counts, slowdowns[1:], strict=True)}

    def worst(lock):
        found = split_from_many(times[0], crowd, slow, lock=lock)
        return max(abs(np.log(time_per_operation(found, workers=n, slowdown=slow[n]) / crowd[n])) for n in counts)

    assert worst(QueueLock) < np.log(1.15)
    assert worst(TicketLock) > np.log(1.30)


@pytest.mark.slow
def test_two_workers_leave_the_handover_assumed():
    """The serial part is derived with an interval that holds the truth; the hand-over is marked assumed."""
    true = SerialPart(parallel=0.7, serial=0.3, handover=0.0)
    two = estimate(time_per_operation(true, workers=2), 0.02, seed=2)
    best, draws = fit_serial_part(estimate(1.0, 0.02, seed=1), {2: two})
    found = quantities_of(best, draws, NAMES, what="test", counts=[2])
    assert found["serial"].provenance == Provenance.DERIVED
    assert found["serial"].low < 0.3 < found["serial"].high
    assert found["handover"].provenance == Provenance.ASSUMED
    assert "more cores are needed" in found["handover"].source
    assert found["parallel"].value == pytest.approx(0.7, abs=1e-6)


@pytest.mark.slow
def test_many_workers_show_the_handover():
    """With several counts the hand-over is derived, not assumed."""
    true = SerialPart(parallel=0.7, serial=0.3, handover=0.3)
    crowd = {n: estimate(time_per_operation(true, workers=n), 0.01, seed=n) for n in (2, 4, 8)}
    best, draws = fit_serial_part(estimate(1.0, 0.01), crowd)
    found = quantities_of(best, draws[:10], NAMES, what="test", counts=[2, 4, 8])
    assert found["handover"].provenance == Provenance.DERIVED
    assert found["handover"].value == pytest.approx(0.3, rel=0.05)


def test_an_unseen_serial_part_is_not_zero():
    """Perfect scaling of two workers leaves a serial part of the size of the noise, with a wide interval."""
    best, draws = fit_serial_part(estimate(1.0, 0.02, seed=1), {2: estimate(0.49, 0.02, seed=2)})
    serial = quantities_of(best, draws, NAMES, what="test", counts=[2])["serial"]
    assert 0.0 < serial.low < serial.value < 0.1
    assert "too small to be told from 0" in serial.source


def test_the_control_takes_the_blame_for_what_is_not_the_lock():
    """Processes that slow each other by 1.4 without a lock: threads that do the same have no serial part."""
    best, _ = fit_serial_part(estimate(1.0), {2: estimate(0.7)}, estimate(1.0), {2: estimate(0.7)})
    assert best.serial == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
def test_every_positive_part_has_an_interval_that_can_be_drawn_from():
    """A serial part whose draws reach 0 keeps a positive bound: the planner draws logarithms."""
    best, draws = fit_serial_part(estimate(1.0, 0.05, seed=1), {2: estimate(0.54, 0.05, seed=2)})
    found = quantities_of(best, draws, NAMES, what="test", counts=[2])
    assert found["serial"].sigma > 0.3
    assert all(quantity.low > 0.0 for quantity in found.values() if quantity.value > 0.0)
