"""More threads than cores in plans that pass through runs: laws of the run queue's term, and programs of known law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.evidence.crowded import crowding
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.choose import plan

CORES = 4
ONE_CORE = 1e5
DEPLOYABLE = [SYSTEMS["linux"], SYSTEMS["processes"]]
logs = st.floats(-3.0, 3.0)


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8), logs, logs), min_size=1, max_size=6), st.booleans())
def test_work_is_conserved(rows: list[tuple[int, int, float, float]], own: bool) -> None:
    """A core for each thread: nothing is added. Else at most all is lost that the run queue takes, and never gained."""
    splits = [(m, k) for m, k, _, _ in rows]
    draws = 40
    beyond = np.tile([b for *_, b, _ in rows], (draws, 1))
    most = np.log(np.maximum([m * k / CORES for m, k in splits], 1.0))
    slowed = np.minimum(np.abs([s for *_, s in rows]), most)
    free = np.zeros((draws, len(rows)))
    found = crowding(beyond, free, free - slowed, own=[own] * len(rows), splits=splits, cores=CORES)
    assert np.all(found[:, most == 0.0] == 0.0)
    if own:
        assert np.all(found <= 1e-12)
        assert np.all(found >= -slowed - 1e-12)
        assert np.all(found[:, beyond[0] <= 0.0] == -slowed[beyond[0] <= 0.0])
    else:  # the ratio of another system has the queue in it: asleep gives back at most that
        assert np.all((found >= 0.0) & (found <= most + 1e-12))


def planned(overcommit: float, *runs: tuple[int, int, float]) -> Plan:
    """A program that only computes, by its demands; runs say what it really did."""
    compute = Quantity(value=1.0 / ONE_CORE, unit="s", provenance=Provenance.MEASURED)
    program = Workload(
        name="program", description="", unit="operations/s", units_per_cycle=1.0, operations={"compute": compute},
        measured=tuple(Measurement(instances=m, cores_per_instance=k, value=v) for m, k, v in runs),
    )  # fmt: skip
    return plan(catalog.machine("intel16"), program, DEPLOYABLE, Constraints(cores=CORES, overcommit=overcommit))


def test_computing_gains_nothing_from_more_threads() -> None:
    """Runs that scale: no split is promised more than its cores do, and the plan keeps a core for each thread."""
    found = planned(4.0, (1, 1, ONE_CORE), (1, 2, 2 * ONE_CORE), (1, 4, 4 * ONE_CORE), (4, 1, 4 * ONE_CORE))
    crowded = [candidate for candidate in found.candidates if candidate.overcommit > 1.0]
    assert crowded
    assert max(candidate.throughput for candidate in crowded) < 4 * ONE_CORE * 1.05
    assert found.best.overcommit == 1.0


def test_a_run_stays_what_it_was() -> None:
    """More candidates do not move a split that was run."""
    runs = ((1, 1, ONE_CORE), (1, 4, 1.9 * ONE_CORE), (2, 2, 3.0 * ONE_CORE))
    for vms, cores, value in runs[1:]:
        found = next(c for c in planned(2.0, *runs).candidates if c.split == (cores,) * vms)
        assert found.throughput == pytest.approx(value, rel=0.02)
        assert found.low <= value <= found.high


@pytest.mark.slow
@given(st.floats(0.3, 0.95))
@settings(max_examples=8, deadline=None)
def test_a_lock_that_runs_showed_is_bracketed(share: float) -> None:
    """Asleep more threads do what the cores' own do, on a core they do less: the interval holds both."""
    rates = {n: ONE_CORE / (share + (1.0 - share) / n) for n in (1, 2, 4, 8)}
    found = planned(2.0, *((1, n, rates[n]) for n in (1, 2, 4)), (2, 2, 2 * rates[2]))
    eight = next(c for c in found.candidates if c.split == (8,))
    whole = next(c for c in found.candidates if c.split == (4,))
    assert eight.low < rates[4] < eight.high * 1.1
    assert eight.throughput < whole.high
