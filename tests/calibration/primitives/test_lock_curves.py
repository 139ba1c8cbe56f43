"""Hand-over read from lock curves: synthetic locks are found again."""

from dataclasses import replace

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
    """A lock whose saturated time per acquisition is extra(n) + hold; alone, with nothing between, ``alone``."""
    found = {f"{lock}.free.1": batches(f"{lock}.free.1", alone)}
    for hold in HOLDS:
        found[f"{lock}.{hold}.1"] = batches(f"{lock}.{hold}.1", alone + (THINK + hold) * ITERATION)
        for n in threads:
            time = extra(n) + slope * hold * ITERATION
            found[f"{lock}.{hold}.{n}"] = batches(f"{lock}.{hold}.{n}", time)
    return Results(batches=found)


def test_the_uncontended_cost_is_that_of_a_thread_that_does_nothing_else():
    """Time without hold and think; it is never 0."""
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


def placed(found, distances, extra_of):
    """Two threads met these distances between their cores, so many batches of each hold at each."""
    for hold in HOLDS:
        case = f"ticket_lock.{hold}.2"
        found.batches[case] = [
            replace(b, probe_before_s=d, probe_after_s=d)
            for d, share in distances.items()
            for b in batches(case, extra_of(d) + hold * ITERATION)[:share]
        ]
    return found


def test_placements_are_kept_apart():
    """Near in most batches and far in the others: the near value, an interval that holds both, and both told."""
    found = placed(results(2e-8, lambda _n: 0.0), {1e-7: 12, 5e-7: 8}, lambda d: 2e-8 + d)
    quantity = polled_lock(found, "ticket_lock")["ticket_lock_handover"]
    assert quantity.value == pytest.approx(2e-7, rel=0.05)
    assert quantity.high >= 1e-6 * 0.95
    assert "200 ns where the cores are 100 ns apart" in quantity.source
    assert "1e+03 ns where the cores are 500 ns apart" in quantity.source


def test_two_runs_that_met_both_placements_agree():
    """Whichever was the commoner, the intervals overlap."""
    first, second = (
        polled_lock(placed(results(2e-8, lambda _n: 0.0), met, lambda d: 2e-8 + d), "ticket_lock")
        for met in ({1e-7: 12, 5e-7: 8}, {1e-7: 8, 5e-7: 12})
    )
    one, other = first["ticket_lock_handover"], second["ticket_lock_handover"]
    assert one.value < other.value / 3
    assert one.high >= other.value
    assert other.low <= one.value


def test_no_line_is_drawn_through_holds_of_two_placements():
    """Short holds near and long ones far: neither placement has a line, so there is no hand-over."""
    found = results(2e-8, lambda _n: 0.0)
    for hold in HOLDS:
        case, distance = f"ticket_lock.{hold}.2", 1e-7 if hold < 4096 / 2 else 5e-7
        found.batches[case] = [
            replace(b, probe_before_s=distance, probe_after_s=distance)
            for b in (batches(case, distance + hold * ITERATION) if hold in {512, 4096} else [])
        ]
    assert set(polled_lock(found, "ticket_lock")) == {"ticket_lock_uncontended"}
