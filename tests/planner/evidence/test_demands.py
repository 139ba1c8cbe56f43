"""How demands meet what they may miss: the narrower bottleneck sets the pace, nothing is counted twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.evidence.demands import Demands
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.choose import plan

MACHINE = catalog.machine("intel16")
SPLITS = [(1, 1), (1, 2), (2, 1), (1, 16), (4, 4), (16, 1)]
ONE_CORE = 1e5


def program(share: float, runs: list[tuple[int, int, float]] | None = None) -> Workload:
    """A program with this share of its work under one lock of the process, known from its demands."""
    parts = {"compute": (1.0 - share) / ONE_CORE, "process_lock": share / ONE_CORE}
    return Workload(
        name="program", description="", unit="operations/s", units_per_cycle=1.0,
        operations={
            name: Quantity(value=value, unit="s", provenance=Provenance.MEASURED)
            for name, value in parts.items() if value > 0.0
        },
        measured=tuple(Measurement(instances=m, cores_per_instance=k, value=v) for m, k, v in runs or []),
    )  # fmt: skip


def planned(share: float, runs: list[tuple[int, int, float]] | None = None) -> Plan:
    """For all cores."""
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    return plan(MACHINE, program(share, runs), systems, Constraints(cores=16))


losses = st.lists(st.floats(-8.0, 0.5), min_size=len(SPLITS), max_size=len(SPLITS))


@given(st.floats(0.0, 0.99), losses)
def test_no_more_than_either_allows_and_one_of_them_is_met(share: float, loss: list[float]) -> None:
    """A loss takes a split to the lower of what demands and mechanisms allow; a gain adds to the demands."""
    demands = Demands(MACHINE, program(share), SPLITS)
    draws, lost = np.arange(3), np.array([loss] * 3)
    alone = demands.rates(SPLITS, draws)
    ideal = demands.rates([(1, 1)], draws) + np.log([m * k for m, k in SPLITS])
    found = demands(SPLITS, draws, lost)
    assert np.allclose(found, np.where(lost > 0.0, alone + lost, np.minimum(alone, ideal + lost)))


@given(losses)
def test_where_demands_hold_no_contention_the_mechanisms_have_it_all(loss: list[float]) -> None:
    """As if nothing were known but the time on one core."""
    demands = Demands(MACHINE, program(0.0), SPLITS)
    found = demands(SPLITS, np.arange(1), np.array([loss]))[0]
    assert np.allclose(found - found[0] + loss[0], np.log([m * k for m, k in SPLITS]) + loss)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.98])
def test_runs_that_say_what_the_demands_say_change_little(share: float) -> None:
    """A lock known twice is one lock: the plan stays near the demands', far beyond the runs, and holds them."""
    alone = {c.split: c for c in planned(share).candidates}
    small = [(1, 1), (1, 2), (2, 1), (1, 4), (2, 2), (4, 1)]
    runs = [(m, k, alone[(k,) * m].throughput) for m, k in small]
    both = {c.split: c for c in planned(share, runs).candidates}
    for m, k in ((1, 16), (2, 8), (4, 4)):
        before, after = alone[(k,) * m], both[(k,) * m]
        assert after.throughput == pytest.approx(before.throughput, rel=0.25)
        assert after.low <= before.throughput <= after.high
