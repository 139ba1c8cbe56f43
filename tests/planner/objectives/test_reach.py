"""What candidates reach under an objective: laws that tie it to the plan and to itself."""

from __future__ import annotations

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.objective import Objective, Prices, Slo
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.objectives.losses import lost_instances
from cerberus_plan.planner.objectives.reach import reach, reaches
from cerberus_plan.planner.objectives.served import Served
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.choose import plan


@pytest.fixture(scope="module")
def small() -> Plan:
    """Apache on 8 cores of the paper's machine."""
    systems = [SYSTEMS[name] for name in ("linux", "cerberus", "kvm")]
    return plan(catalog.machine("amd48"), catalog.workload("apache"), systems, Constraints(cores=8))


def test_without_a_limit_the_headroom_is_the_throughput(small: Plan) -> None:
    """Of every candidate, with its interval: queues grow for ever from there on."""
    for found in reaches(small, Objective()):
        assert found.headroom == pytest.approx(found.candidate.throughput, rel=1e-9)
        assert found.headroom_low == pytest.approx(found.candidate.low, rel=1e-9)
        assert found.headroom_high == pytest.approx(found.candidate.high, rel=1e-9)
        assert found.binding == "capacity"
        assert found.cost == found.candidate.cores


@pytest.mark.slow
def test_a_limit_lowers_the_headroom_and_a_looser_one_less(small: Plan) -> None:
    """And the tightest of several binds."""
    tight, loose = Slo(name="p99", seconds=1e-3), Slo(name="p95", seconds=0.1)
    for candidate in small.candidates:
        one, other = (reach(small, candidate, Objective(slos=(slo,))) for slo in (tight, loose))
        both = reach(small, candidate, Objective(slos=(loose, tight)))
        assert one.headroom <= other.headroom <= candidate.throughput * (1 + 1e-9)
        assert both.headroom == min(one.headroom, other.headroom)
        assert both.binding == one.binding == "p99"
        assert one.headroom_low <= one.headroom <= one.headroom_high


@pytest.mark.slow
def test_at_the_headroom_the_percentile_is_the_limit(small: Plan) -> None:
    """The latency that is printed and the headroom that is printed are of one model."""
    slo = Slo(name="p99", seconds=1e-3)
    for candidate in small.candidates:
        found = reach(small, candidate, Objective(slos=(slo,)))
        latency = Served.of(small, candidate).latency(found.headroom)
        assert latency.p99 == pytest.approx(slo.seconds, rel=1e-3)
        assert latency.low is not None
        assert latency.low[3] <= slo.seconds


def test_a_loss_leaves_what_the_rest_carries(small: Plan) -> None:
    """One instance survives nothing; of m the rest carries less than all, but more than its share."""
    for candidate in small.candidates:
        before = reach(small, candidate, Objective())
        after = reach(small, candidate, Objective(survive="instance"))
        share = (candidate.vms - 1) / candidate.vms
        assert share * before.headroom * (1 - 1e-9) <= after.headroom < before.headroom
        assert "loss of one instance" in after.binding


def test_a_rate_is_met_at_the_low_end_of_the_interval(small: Plan) -> None:
    """No sooner and no later."""
    candidate = small.best
    found = reach(small, candidate, Objective(slos=(Slo(name="p99", seconds=1e-3),)))
    for factor, meets in ((0.999, True), (1.001, False)):
        objective = Objective(rate=found.headroom_low * factor, slos=(Slo(name="p99", seconds=1e-3),))
        assert reach(small, candidate, objective).meets is meets


def test_prices_count_instances_and_cores(small: Plan) -> None:
    """Cost is linear in both."""
    prices = Prices(per_instance=3.0, per_core=2.0)
    for found in reaches(small, Objective(prices=prices)):
        assert found.cost == 3.0 * found.candidate.vms + 2.0 * found.candidate.cores


def test_finite_jobs_have_no_rate() -> None:
    """A completion time is what they have."""
    finite = plan(catalog.machine("amd48"), catalog.workload("histogram"), [SYSTEMS["linux"]], Constraints(cores=4))
    with pytest.raises(InputError, match="finite job"):
        reaches(finite, Objective(rate=1.0))


@pytest.mark.parametrize(
    ("instances", "size", "lost"), [(8, 6, 1), (4, 12, 1), (16, 3, 2), (48, 1, 6), (1, 48, 1), (2, 24, 1), (5, 9, 2)]
)
def test_a_socket_takes_the_instances_on_it(instances: int, size: int, lost: int) -> None:
    """Counted by hand on eight sockets of six cores."""
    assert lost_instances(catalog.machine("amd48"), "socket", instances, size) == lost


def test_nothing_survives_the_only_socket(small: Plan) -> None:
    """A single socket cannot be lost."""
    epyc = next(m for n in catalog.shipped("machines") if len(set((m := catalog.machine(n)).topology.sockets)) == 1)
    with pytest.raises(InputError, match="one socket"):
        lost_instances(epyc, "socket", 2, 2)
