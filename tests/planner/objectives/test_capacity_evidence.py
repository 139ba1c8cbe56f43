"""Laws of measured response times where they tell a capacity: saturated loops, rates that are not carried, repeats."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.objective import Objective
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.choice import Wish, choose_for
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.objectives.bent import Within
from cerberus_plan.planner.objectives.curve import Bend, Curve, Load
from cerberus_plan.planner.objectives.reach import Answering, Reach, evidence_of, reaches
from cerberus_plan.planner.objectives.served import Served
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.choose import plan

sys.path.insert(0, str(Path(__file__).parent))
from test_evidence import _TRUE, _WORK, base, of_split, with_rows

_CAPACITY = 2.0 / _WORK  # of two workers
_PLAIN = Objective()


def reach_of(found: Plan, split: tuple[int, int], objective: Objective = _PLAIN, system: str = "") -> Reach:
    """What a split reaches."""
    return next(
        each
        for each in reaches(found, objective)
        if (each.candidate.vms, each.candidate.cores_per_vm) == split and system in ("", each.candidate.system)
    )


def closed(clients: int, mean: float, **others: float) -> MeasuredLatency:
    """One instance of two cores under clients that wait for answers."""
    return MeasuredLatency(instances=1, cores_per_instance=2, concurrency=clients, mean=mean, **others)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.integers(16, 400), st.floats(-1.4, 0.7).map(np.exp))
def test_a_saturated_closed_loop_tells_the_capacity(clients: int, share: float) -> None:
    """By Little's law: so many clients done in the mean time, whatever the model thinks, and within a run's scatter."""
    done = share * _CAPACITY
    row = closed(clients, clients / done)
    told = reach_of(with_rows(base(), (row,)), (1, 2))
    assert told.headroom == pytest.approx(done, rel=1e-9)
    assert 1.05 < told.headroom_high / told.headroom_low < 1.25
    assert not reach_of(with_rows(base(), (row,)), (1, 2), Objective(rate=1.15 * done)).meets


@pytest.mark.slow
def test_a_slower_saturated_server_is_slower_in_other_splits_too() -> None:
    """Half the capacity is half of it in two processes of one core, with more doubt."""
    row = closed(64, 64 / (0.5 * _CAPACITY))
    told, before = (reach_of(found, (2, 1)) for found in (with_rows(base(), (row,)), base()))
    assert told.headroom == pytest.approx(0.5 * before.headroom, rel=0.15)
    assert told.headroom_low < 0.5 * _CAPACITY < told.headroom_high


@given(st.floats(1.0, 200.0), st.floats(-1.5, 3.0), st.floats(-0.7, 0.7), st.sampled_from([(1, 2), (2, 1), (1, 4)]))
@settings(max_examples=50, deadline=None)
def test_no_closed_loop_does_more_than_the_capacity(
    clients: float, offset: float, scale: float, split: tuple[int, int]
) -> None:
    """However long a request is elsewhere; and what is done grows with the clients until it is."""
    found = base()
    curve = Curve(Served.of(found, of_split(found, split)), of_split(found, split).throughput)
    bend = Bend(scale=scale, offset=offset)

    def done(count: float) -> float:
        return count / math.exp(curve.log_time(None, Load(None, count), bend, _WORK))  # type: ignore[arg-type]

    assert done(clients + split[0]) <= curve.capacity * math.exp(-scale) * (1.0 + 1e-5)
    assert done(clients + split[0]) <= done(clients + split[0] + 1.0) * (1.0 + 1e-5)


def open_row(rate: float, seconds: float) -> MeasuredLatency:
    """One instance of two cores at a rate."""
    return MeasuredLatency(instances=1, cores_per_instance=2, rate=rate, mean=seconds / 2.0, p99=seconds)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.97, 1.3, 2.0])
def test_a_rate_that_was_not_carried_is_a_bound_and_no_measurement(share: float) -> None:
    """A queue grew for half a minute: the capacity is no more than that rate, and how much less nobody knows."""
    rate = share * _CAPACITY
    found = with_rows(base(), (open_row(rate, 20.0),))
    told, before = reach_of(found, (1, 2)), reach_of(base(), (1, 2))
    assert told.headroom_high <= rate
    assert not reach_of(found, (1, 2), Objective(rate=rate)).meets
    if share > 1.2:  # its time, known to the last digit, tells the speed no better than it was known
        assert told.headroom_low == pytest.approx(before.headroom_low, rel=0.1)
        assert told.headroom == pytest.approx(before.headroom, rel=0.1)
    assert any("a queue that grew meanwhile" in said for said in aimed(found, Objective(rate=500.0)).warnings)


@pytest.mark.slow
@pytest.mark.parametrize("share", [1.1, 1.5, 30.0, 1e9])
def test_a_rate_that_was_carried_is_a_bound_with_a_width(share: float) -> None:
    """More than the model's capacity, in a time that no growing queue has: at least that is carried, and some more."""
    rate = share * _CAPACITY
    told = reach_of(with_rows(base(), (open_row(rate, 4.0 * _WORK),)), (1, 2))
    assert rate <= told.headroom_low * (1.0 + 1e-12)
    assert told.headroom_low < told.headroom < told.headroom_high


@given(st.floats(-3.0, 3.0), st.floats(0.01, 2.0), st.floats(-50.0, 50.0), st.floats(0.01, 90.0), st.floats(0.01, 0.99))
def test_a_normal_distribution_cut_off(
    middle: float, deviation: float, least: float, width: float, share: float
) -> None:
    """Its quantiles lie within, in order; shares below them are those of the whole one, counted from the lower end."""
    low, high = middle + least * deviation, middle + (least + width) * deviation
    within = Within(middle, deviation, low, high)
    found = within.quantile(share)
    assert low <= found <= high
    assert found <= within.quantile(min(share + 0.005, 0.999))
    normal = NormalDist(middle, deviation)
    if -6.0 < least < 4.0:
        mass = normal.cdf(high) - normal.cdf(low)
        assert normal.cdf(found) - normal.cdf(low) == pytest.approx(share * mass, rel=1e-3, abs=1e-9)
    assert Within(middle, deviation, -math.inf, math.inf).quantile(share) == pytest.approx(normal.inv_cdf(share))


@pytest.mark.slow
@pytest.mark.parametrize("apart", [1.1, 2.0, 10.0])
def test_repeats_that_contradict_each_other_stay_within_the_interval(apart: float) -> None:
    """All of them; those that agree leave it as it was."""
    times = (4e-3, 4e-3 * apart, 4e-3 / apart)
    found = with_rows(base(), tuple(open_row(600.0, seconds) for seconds in times))
    latency = reach_of(found, (1, 2), Objective(rate=600.0)).answers.latency(600.0)
    assert latency.low is not None
    assert latency.high is not None
    for at, part in ((0, 0.5), (3, 1.0)):
        low, high = latency.low[at], latency.high[at]
        assert low is not None
        assert high is not None
        assert all(low * (1 - 1e-9) <= part * seconds <= high * (1 + 1e-9) for seconds in times)


def test_only_what_has_requests_and_was_measured_is_learned_from() -> None:
    """The same for a plan and a fleet: nothing of a finite job, which has no response time."""
    machine, row = catalog.machine("amd48"), open_row(600.0, 8e-3)
    assert evidence_of(machine, _TRUE) is None
    assert evidence_of(machine, replace(_TRUE, latencies=(row,), job_units=1.0)) is None
    learned = evidence_of(machine, replace(_TRUE, latencies=(row,)))
    assert learned is not None
    assert learned.every


@pytest.mark.slow
def test_what_else_is_planned_changes_nothing_that_was_learned() -> None:
    """Systems, bounds and cores of the plan: the measured splits are what they are."""
    rows = (open_row(600.0, 8e-3), closed(64, 64 / (0.6 * _CAPACITY)))
    workload = replace(_TRUE, latencies=rows)
    machine = catalog.machine("amd48")
    known = [
        Answering(plan(machine, workload, [SYSTEMS[name] for name in names], bounds)).evidence
        for names, bounds in (
            (["linux", "processes"], Constraints(cores=4)),
            (["kvm"], Constraints(cores=4)),
            (["kvm", "linux", "processes", "cerberus"], Constraints(cores=12, max_vms=3, max_cores_per_vm=2)),
        )
    ]
    assert known[0] is not None
    for other in known[1:]:
        assert other is not None
        assert other.bend == known[0].bend
        assert np.array_equal(other.posterior.covariance, known[0].posterior.covariance)


@pytest.mark.slow
def test_an_export_tells_of_the_objective_what_the_plan_tells() -> None:
    """The same evidence under the format's system; a split that was asked for has its line too."""
    workload = replace(_TRUE, latencies=(closed(64, 64 / (0.5 * _CAPACITY)),))
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    objective = Objective(rate=0.2 * _CAPACITY)
    found = aimed(plan(catalog.machine("amd48"), workload, systems, Constraints(cores=4)), objective)
    choice = choose_for(FORMATS["systemd"], found, Wish(vms=1, cores_per_vm=2))
    asked = of_split(found, (1, 2))
    assert choice.candidate.headroom == pytest.approx(asked.headroom)
    assert choice.candidate.headroom_low == pytest.approx(asked.headroom_low, rel=0.02)
    assert any(line.startswith("Within the limits it carries") for line in choice.lines)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [100.0, 1000.0, 1800.0])
def test_no_mean_is_less_than_what_a_request_computes(rate: float) -> None:
    """Though a run elsewhere said so: what was measured stays, what is made of it has a floor."""
    found = with_rows(base(), (MeasuredLatency(instances=1, cores_per_instance=2, rate=600.0, mean=1e-5, p99=2e-5),))
    for split in ((2, 1), (1, 4)) if rate < 600.0 else ((1, 2), (2, 1), (1, 4)):
        told = reach_of(found, split, Objective(rate=rate)).answers.latency(rate)
        assert told.low is not None
        assert told.low[0] is not None
        assert told.low[0] >= _WORK * (1 - 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "mean"), [(0.0, 20e-3), (1e-3, 8e-3), (0.0, 3e-3)])
def test_a_pause_of_the_host_is_told_from_one_load(seconds: float, mean: float) -> None:
    """It moves the tail at every load alike, where a variability that explained it would grow with the load."""
    truth = base()

    def paused(split: tuple[int, int], rate: float) -> dict[str, float]:
        served = Served.of(truth, of_split(truth, split))
        curve = Curve(served, of_split(truth, split).throughput)
        bend = Bend(offset=math.asinh(2.0 * seconds / _WORK), pause=math.log1p(mean / _WORK))
        shares = {"mean": None, "p50": 0.5, "p95": 0.95, "p99": 0.99}
        return {n: math.exp(curve.log_time(q, Load(rate, None), bend, _WORK)) for n, q in shares.items()}

    rate = 0.3 * _CAPACITY
    row = MeasuredLatency(instances=1, cores_per_instance=2, rate=rate, **paused((1, 2), rate))
    found = with_rows(base(), (row,))
    for split, share in (((1, 2), 0.5), ((1, 2), 0.7), ((2, 1), 0.3), ((2, 1), 0.5)):
        told = reach_of(found, split).answers.latency(share * _CAPACITY)
        real = list(paused(split, share * _CAPACITY).values())
        for value, true, low, high in zip(told.values, real, told.low or (), told.high or (), strict=True):
            assert value is not None
            assert 1 / 1.5 < value / true < 1.5
            assert low is not None
            assert low <= true <= (high or math.inf)
    if mean > 5.0 * _WORK:  # shorter ones are lost among the waits, and hardly matter
        assert known_pause(found) == pytest.approx(mean, rel=0.4)


def known_pause(found: Plan) -> float:
    """Mean pause that the plan tells."""
    evidence = aimed(found, Objective(rate=500.0)).latency_evidence
    assert evidence is not None
    return evidence.latency_pause
