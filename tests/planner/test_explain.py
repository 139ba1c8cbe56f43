"""Explanations agree with the solver and with the source's crossovers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.network import Instance
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.planner.splits.explain import Explanation, explain, gains, limit_of
from tests.planner.evidence.test_condition import ONE_CORE, of, planned, program, serial

DEMAND = st.floats(0.1, 10)


@settings(max_examples=25)
@given(times=st.tuples(DEMAND, DEMAND, DEMAND, DEMAND), vms=st.integers(1, 4), threads=st.integers(1, 4))
def test_gains_are_derivatives(times: tuple[float, float, float, float], vms: int, threads: int) -> None:
    """A station's gain is the relative loss of throughput when all its times grow; gains sum to 1."""
    think, hold, handover, common = times
    step = 1e-6

    def rate(factors: tuple[float, float, float]) -> float:
        local = [Delay(think * factors[0]), TicketLock(hold * factors[1], handover=handover * factors[1])]
        instances = [Instance(threads=threads, stations=local)] * vms
        return solve(instances=instances, shared=[Queue(common * factors[2])]).throughput

    local: tuple[Station, ...] = (Delay(think), TicketLock(hold, handover=handover))
    found = gains(local, (Queue(common),), vms, threads)
    assert sum(found.values()) == pytest.approx(1, rel=1e-9)
    for column, name in enumerate(("think", "ticket lock", "queue")):
        up, down = ([1.0, 1.0, 1.0] for _ in range(2))
        up[column], down[column] = 1 + step, 1 - step
        slope = (rate(tuple(up)) - rate(tuple(down))) / (2 * step) / rate((1, 1, 1))
        assert -slope == pytest.approx(found[name], abs=1e-4)


def explained(machine: str, workload: str, cores: int) -> Explanation:
    """The best split over all cores, explained."""
    systems = [SYSTEMS[name] for name in ("linux", "xen-linux", "cerberus")]
    found = plan(catalog.machine(machine), catalog.workload(workload), systems, Constraints(cores=cores, max_vms=24))
    assert found.best_all_cores is not None
    return explain(found, found.best_all_cores)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("machine", "workload", "cores", "low", "high"),
    [("amd48", "histogram", 48, 2, 24), ("amd48", "dbench", 48, 5, 12), ("intel16", "apache", 16, 2, 8)],
)
def test_crossings_with_linux(machine: str, workload: str, cores: int, low: float, high: float) -> None:
    """Section 7.3: Cerberus overtakes Linux below 24 cores, above 6 (dbench), and between 2 and 8 (Apache)."""
    found = explained(machine, workload, cores)
    (crossing,) = [f for f in found.findings if f.name == "crossing" and "faster than linux" in f.says]
    assert low <= crossing.value <= high


def test_the_shadow_lock_allows_small_vms_only() -> None:
    """Table 7: 4 cores a VM still work, 8 have collapsed."""
    found = explained("amd48", "histogram", 48)
    (collapse,) = [f for f in found.findings if f.name == "collapse of the shadow lock"]
    assert 3 < collapse.value < 8
    assert sum(line.share for line in found.stations) == pytest.approx(1)
    assert found.to_json()["stations"][0]["mathml"].startswith("<m")


def test_unequal_splits_are_refused() -> None:
    """There is one formula for equal instances only."""
    found = plan(catalog.machine("amd48"), catalog.workload("dbench"), [SYSTEMS["cerberus"]], Constraints(cores=4))
    with pytest.raises(CannotAnswerError, match="even split"):
        explain(found, replace(found.best, split=(1, 3)))


@pytest.mark.slow
@given(think=st.floats(0.0, 20.0), hold=st.floats(0.01, 5.0))
def test_a_ticket_lock_without_handover_saturates_like_any_lock(think: float, hold: float) -> None:
    """Its ceiling is one hold a cycle: n = (think + hold) / hold, and not 0."""
    found = limit_of(TicketLock(hold, handover=0.0, name="lock"), think, "OS")
    assert found.value == pytest.approx((think + hold) / hold)
    crowd = solve(instances=[Instance(threads=400, stations=[Delay(think), TicketLock(hold, handover=0.0)])])
    if found.value < 100:
        assert crowd.throughput == pytest.approx(1.0 / hold, rel=1e-6)


@pytest.mark.slow
def test_stations_and_what_runs_show_beyond_them_make_up_the_core_time() -> None:
    """The shares are those of the plan's ledger: an explanation that left the contention out said 99 % compute."""
    found = planned(program((1, 1, ONE_CORE), (1, 2, serial(0.4, 2)), (2, 1, 1.9 * ONE_CORE)))
    one = of(found, 1, 2)
    told = explain(found, one)
    beyond = next(each for each in told.findings if each.name == "contention beyond the demands")
    assert 0.1 < beyond.value == one.ledger["contention beyond the demands"]
    assert sum(line.share for line in told.stations) + beyond.value == pytest.approx(1.0, abs=1e-6)
    assert next(line.share for line in told.stations if line.name == "compute") == pytest.approx(one.ledger["compute"])
