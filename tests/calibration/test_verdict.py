"""The verdict names what disturbs and what to try."""

from cerberus_plan.calibration.campaign.verdict import judge
from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.host.identity import Disturbance
from cerberus_plan.model.quantity import Provenance, Quantity

QUIET = Disturbance(load=0.1, steal_ticks=0, total_ticks=0)


def batches(clean, switched=0):
    plain = {"case": "a", "round": 0, "count": 1, "seconds": 1e-6, "wall_s": 2e-3, "operations": (1,)}
    return [Batch(**plain) for _ in range(clean)] + [Batch(**plain, switches=1) for _ in range(switched)]


def quantity(width):
    return {"a": Quantity(value=1.0, unit="s", low=1.0, high=1.0 + width, provenance=Provenance.MEASURED)}


def test_a_quiet_run_is_stable():
    """Few disturbed batches, no steal, narrow intervals."""
    verdict = judge(batches(95, 5), quantity(0.05), before=QUIET, after=QUIET)
    assert verdict.stable
    assert verdict.sentence == "stable: 5.0 % of 100 batches disturbed, median interval 5.0 % wide"


def test_steal_is_named_with_its_share():
    """Twelve per cent of stolen time is said, with advice."""
    after = Disturbance(load=0.1, steal_ticks=12, total_ticks=100)
    verdict = judge(batches(100), quantity(0.0), before=QUIET, after=after)
    assert not verdict.stable
    assert verdict.sentence.startswith("unstable: 12 % of the time was stolen by the hypervisor")


def test_other_jobs_are_named():
    """Many switched batches ask for the other jobs to be stopped."""
    verdict = judge(batches(50, 50), quantity(0.0), before=QUIET, after=QUIET)
    assert "50 % of the batches were disturbed, mostly switched: stop other jobs" in verdict.sentence


def test_wide_intervals_ask_for_more_rounds():
    """Noise that no counter explains is met with more rounds."""
    verdict = judge(batches(100), quantity(0.5), before=QUIET, after=QUIET)
    assert "use --rounds with a larger number" in verdict.sentence


def test_a_busy_host_is_named_unless_real_time_scheduling_shields_from_it():
    """Nine runnable tasks on two cores before the start make any result doubtful."""
    busy = Disturbance(load=9.0, steal_ticks=0, total_ticks=0)
    verdict = judge(batches(100), quantity(0.05), before=busy, after=QUIET, cpus=2)
    assert "other jobs kept 4.5 tasks running on each core: stop them, or use --fifo" in verdict.sentence
    assert judge(batches(100), quantity(0.05), before=busy, after=QUIET, cpus=2, fifo=True).stable
