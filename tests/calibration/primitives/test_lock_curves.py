"""Hand-over read from lock curves: synthetic locks are found again."""

import pytest

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.primitives.base import Results
from cerberus_plan.calibration.primitives.lock_curves import HOLDS, THINK, polled_lock, queued_lock

ITERATION = 1e-9


def batches(name, seconds):
    return [
        Batch(
            case=name,
            round=i,
            process=i % 3,
            count=1,
            seconds=seconds * (1 + 0.001 * (i % 4)),
            wall_s=2e-3,
            operations=(1,),
        )
        for i in range(15)
    ]


def results(alone, extra, threads=(2,), slope=1.0, lock="ticket_lock"):
    """A lock whose saturated time per acquisition is extra(n) + hold, alone think + cost + hold."""
    found = {}
    for hold in HOLDS:
        found[f"{lock}.{hold}.1"] = batches(f"{lock}.{hold}.1", alone + (THINK + hold) * ITERATION)
        for n in threads:
            time = extra(n) + slope * hold * ITERATION
            found[f"{lock}.{hold}.{n}"] = batches(f"{lock}.{hold}.{n}", time)
    return Results(batches=found)


def test_the_uncontended_cost_is_what_is_left_at_no_hold():
    """Think time is subtracted at the measured speed of the spin."""
    found = polled_lock(results(2e-8, lambda _n: 1e-7), "ticket_lock")
    assert found["ticket_lock_uncontended"].value == pytest.approx(2e-8, rel=0.02)


def test_two_threads_give_a_handover_whose_growth_is_assumed():
    """extra(2) = service + handover / 2."""
    found = polled_lock(results(2e-8, lambda _n: 2e-8 + 3e-8), "ticket_lock")["ticket_lock_handover"]
    assert found.value == pytest.approx(6e-8, rel=0.05)
    assert "is assumed: more than 2 cores are needed" in found.source


def test_more_threads_show_the_growth():
    """The slope over waiters is fitted from 2, 4 and 8 threads."""
    found = polled_lock(results(2e-8, lambda n: 2e-8 + 6e-8 * (n - 1) / 2, (2, 4, 8)), "ticket_lock")
    assert found["ticket_lock_handover"].value == pytest.approx(6e-8, rel=0.05)
    assert "assumed" not in found["ticket_lock_handover"].source


def test_slower_spinning_on_a_shared_core_is_not_handover():
    """Siblings that slow each other's hold by 1.6 change the slope, not the intercept."""
    found = queued_lock(results(2e-8, lambda _n: 5e-8, slope=1.6, lock="queue_lock"), "queue_lock")
    assert found["queue_lock_handover"].value == pytest.approx(5e-8, rel=0.05)


def test_one_core_gives_the_uncontended_cost_only():
    """Without a second core there is nothing to hand over to."""
    assert set(polled_lock(results(2e-8, lambda _n: 0.0, ()), "ticket_lock")) == {"ticket_lock_uncontended"}


def test_no_batches_give_nothing():
    """A lock that was not run has no quantities."""
    assert polled_lock(Results(batches={}), "ticket_lock") == {}
