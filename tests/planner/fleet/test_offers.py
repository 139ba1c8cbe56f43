"""What a machine offers a workload: the plan of the pair, what can be counted on, and the risk of missing a rate."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.fleet.carried import at, carried
from cerberus_plan.planner.fleet.fleet import Demand, Fleet, MachineType
from cerberus_plan.planner.fleet.offers import Answer, Question, ask, counted_on, distinct, offers, risk_of_missing
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.objectives.reach import reach
from cerberus_plan.planner.plan import Candidate, Constraints
from cerberus_plan.planner.splits.choose import NEGLIGIBLE, plan

_SYSTEMS = ("linux", "cerberus")


def a_candidate(throughput: float = 100.0, down: float = 0.6, up: float = 1.4) -> Candidate:
    return Candidate(
        system="kvm", split=(2, 2), throughput=throughput, low=throughput * down, high=throughput * up,
        probability_best=1.0, regret=0.0, bottleneck="compute", ledger={"compute": 1.0},
    )  # fmt: skip


candidates = st.builds(a_candidate, st.floats(1e-3, 1e9), st.floats(0.2, 0.999), st.floats(1.001, 4.0))


@cache
def an_answer(parts: int = 1, *, risk: float = 0.05, cores: int = 12) -> Answer:
    return ask(
        Question(
            machine=catalog.machine("amd48"), workload=catalog.workload("dbench"), systems=_SYSTEMS,
            constraints=Constraints(cores=cores), risk=risk, utilisation=0.8, parts=parts,
        )
    )  # fmt: skip


@given(candidates)
def test_what_is_counted_on_passes_through_the_plans_interval(candidate: Candidate) -> None:
    """At risks of 5, 50 and 95 % it is the plan's lower end, its centre and its upper end."""
    for risk, expected in ((0.05, candidate.low), (0.5, candidate.throughput), (0.95, candidate.high)):
        assert counted_on(candidate, risk) == pytest.approx(expected, rel=1e-9)


@given(candidates, st.floats(1e-6, 0.5), st.floats(1e-6, 0.5))
def test_less_risk_counts_on_less(candidate: Candidate, one: float, other: float) -> None:
    """The quantile function rises."""
    assert counted_on(candidate, min(one, other)) <= counted_on(candidate, max(one, other)) * (1.0 + 1e-12)


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(1, 9), candidates), min_size=1, max_size=4), st.floats(0.001, 0.999))
def test_the_risk_of_missing_a_rate_is_the_quantiles_inverse(used: list[tuple[int, Candidate]], risk: float) -> None:
    """The sum of what machines that err alike reach with a risk is missed with that risk."""
    rate = math.fsum(n * counted_on(candidate, risk) for n, candidate in used)
    assert risk_of_missing(rate, used) == pytest.approx(risk, rel=1e-6, abs=1e-9)


def test_the_risk_is_that_of_samples() -> None:
    """Three machines whose errors are one: half a million draws of two halves of a log-normal distribution."""
    candidate = a_candidate(100.0, 0.5, 1.3)
    z = np.random.default_rng(7).standard_normal(500_000) / 1.6448536269514722
    drawn = 3 * 100.0 * np.exp(np.where(z < 0, -z * math.log(0.5), z * math.log(1.3)))
    for rate in (120.0, 180.0, 290.0, 330.0):
        assert risk_of_missing(rate, [(3, candidate)]) == pytest.approx((drawn < rate).mean(), abs=2e-3)


def test_extreme_rates_are_missed_never_or_always() -> None:
    """The search ends at both ends; no machine does nothing."""
    assert risk_of_missing(1e-6, [(1, a_candidate())]) == 0.0
    assert risk_of_missing(1e9, [(1, a_candidate())]) == 1.0
    assert risk_of_missing(1.0, [(0, a_candidate())]) == 1.0


rates = st.just(0.0) | st.floats(1e-9, 1e9)


@given(rates, rates, rates, st.floats(-3.0, 3.0))
def test_a_quantity_that_is_nothing_in_the_middle_is_nothing_at_any_risk(
    a: float, b: float, c: float, z: float
) -> None:
    """Else it is between its middle and its end, or beyond that end where the risk is; the middle at even odds."""
    low, middle, high = sorted((a, b, c))
    found = at(low, middle, high, z)
    assert at(0.0, 0.0, high, abs(z)) == 0.0
    assert at(low, middle, high, 0.0) == pytest.approx(middle)
    assert found >= middle * (1.0 - 1e-9) if z >= 0.0 else found <= middle * (1.0 + 1e-9)


def test_an_offer_is_the_split_that_can_be_counted_on_for_most() -> None:
    """No candidate of the plan reaches more with the risk, beyond what nobody can measure."""
    machine, workload = catalog.machine("amd48"), catalog.workload("dbench")
    found = plan(machine, workload, [SYSTEMS[name] for name in _SYSTEMS], Constraints(cores=12))
    for risk in (0.01, 0.05, 0.3):
        offer = an_answer(risk=risk).whole
        assert offer is not None
        assert offer.candidate in found.candidates
        assert offer.counted_on >= (1.0 - NEGLIGIBLE) * max(counted_on(c, risk) for c in found.candidates)


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_parts_of_a_machine_are_equal_shares_of_one_of_its_splits(parts: int) -> None:
    """Together they are a split of the whole machine, and no more than it offers."""
    answer = an_answer(parts)
    assert answer.part is not None
    assert answer.whole is not None
    found = plan(
        catalog.machine("amd48"), catalog.workload("dbench"), [SYSTEMS[n] for n in _SYSTEMS], Constraints(cores=12)
    )
    whole = [c for c in found.candidates if c.split == answer.part.candidate.split * parts]
    assert any(c.throughput == pytest.approx(parts * answer.part.candidate.throughput) for c in whole)
    assert parts * answer.part.candidate.cores <= 12
    assert parts * answer.part.counted_on <= answer.whole.counted_on / (1.0 - NEGLIGIBLE)


def test_a_workloads_own_limits_bound_its_splits() -> None:
    """Where the machine has none of the kind; a machine's own comes first."""
    workload = replace(catalog.workload("dbench"), limits={"max_vms": 2})
    for constraints, most in ((Constraints(cores=12), 2), (Constraints(cores=12, max_vms=3), 3)):
        answer = ask(
            Question(
                machine=catalog.machine("amd48"), workload=workload, systems=("cerberus",), constraints=constraints,
                risk=0.05, utilisation=0.8,
            )
        )  # fmt: skip
        assert answer.whole is not None
        assert answer.whole.candidate.vms == most


def a_fleet() -> Fleet:
    """Two types that are the same machine at different prices, one that is not, and a workload listed twice."""
    machine, workload = catalog.machine("amd48"), catalog.workload("dbench")
    kind = MachineType(
        name="a", machine=machine, constraints=Constraints(cores=4), systems=_SYSTEMS, count=3, price=1.0
    )
    demand = Demand(name="x", workload=workload, rate=100.0)
    return Fleet(
        name="f",
        types=(kind, replace(kind, name="b", price=2.0), replace(kind, name="c", constraints=Constraints(cores=6))),
        demands=(demand, replace(demand, name="y", rate=5.0), replace(demand, name="z", on=("c",))),
    )


def test_equal_machines_and_workloads_are_asked_once() -> None:
    """Price, count, name and rate make no difference to what a machine does."""
    places, questions = distinct(a_fleet())
    assert len(questions) == 2
    assert len({places[i, w] for i in (0, 1) for w in (0, 1)}) == 1
    assert {w for i, w in places if i != 2} == {0, 1}
    assert places[2, 2] == places[2, 0] != places[0, 0]


def test_where_a_workload_was_read_from_is_not_asked_about() -> None:
    """Two copies of one workload's file are one question."""
    fleet = a_fleet()
    copied = [replace(one, workload=replace(one.workload, origin=f"{one.name}.toml")) for one in fleet.demands]
    assert distinct(replace(fleet, demands=tuple(copied))) == distinct(fleet)


def test_where_the_plans_are_made_makes_no_difference() -> None:
    """In this process or in a pool's: the same offers, and every one is reported."""
    seen: list[tuple[int, int]] = []
    here = offers(a_fleet(), report=lambda done, wanted: seen.append((done, wanted)))
    with ThreadPoolExecutor(2) as pool:
        assert offers(a_fleet(), pool) == here
    assert seen == [(1, 2), (2, 2)]


def test_a_machine_that_cannot_run_a_workload_says_why() -> None:
    """No offer, and the planner's own reason."""
    question = Question(
        machine=catalog.machine("amd48"), workload=catalog.workload("dbench"), systems=("cerberus",),
        constraints=Constraints(cores=4, min_cores_per_vm=3, max_cores_per_vm=2), risk=0.05,
        utilisation=0.8, parts=2,
    )  # fmt: skip
    answer = ask(question)
    assert answer.whole is None
    assert answer.part is None
    assert "meets the constraints" in answer.reason


@pytest.mark.parametrize("variability", [1.0, 0.05])
def test_a_limit_of_the_response_time_is_kept_as_a_single_machine_keeps_it(variability: float) -> None:
    """Loaded without another bound, the carried rate is the headroom of `--slo`; steadier requests carry more."""
    machine, slos = catalog.machine("amd48"), (Slo(name="p99", seconds=1e-3),)
    workload = replace(catalog.workload("apache"), service_variability=variability)
    found = plan(machine, workload, [SYSTEMS["kvm"]], Constraints(cores=8))
    best = found.best
    rate, what = carried(machine, workload, best, counted_on=best.throughput, utilisation=1.0, slos=slos)
    alone = reach(found, best, Objective(slos=slos)).headroom
    assert (rate, what) == (pytest.approx(alone, rel=1e-9), "p99")
    usual = carried(machine, catalog.workload("apache"), best, counted_on=best.throughput, utilisation=1.0, slos=slos)
    assert (rate > usual[0]) == (variability < 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("limits", [(), (Slo(name="p99", seconds=5e-3),)])
def test_measured_response_times_bend_an_offer_as_they_bend_a_plan(limits: tuple[Slo, ...]) -> None:
    """A machine is counted on for the low end of the headroom that the main command tells; and it is said why."""
    rows = (
        MeasuredLatency(instances=1, cores_per_instance=2, concurrency=64, mean=64 / 5000.0),
        MeasuredLatency(instances=1, cores_per_instance=2, rate=2000.0, p99=2e-3),
    )
    workload = replace(catalog.workload("apache"), latencies=rows)
    machine, bounds, systems = catalog.machine("amd48"), Constraints(cores=2), ("linux", "processes")

    def asked(program: Workload) -> Answer:
        return ask(
            Question(
                machine=machine, workload=program, systems=systems, constraints=bounds, risk=0.05,
                utilisation=1.0, slos=limits,
            )
        )  # fmt: skip

    found, without = asked(workload), asked(catalog.workload("apache"))
    assert found.whole is not None
    assert without.whole is not None
    assert found.whole.carried < 0.8 * without.whole.carried
    told = aimed(plan(machine, workload, [SYSTEMS[name] for name in systems], bounds), Objective(slos=limits))
    mine = next(one for one in told.candidates if one.split == found.whole.candidate.split)
    assert found.whole.carried == pytest.approx(mine.headroom_low, rel=1e-3)
    assert found.whole.carried == pytest.approx(max(one.headroom_low or 0.0 for one in told.candidates), rel=1e-2)
    assert any("measured and predicted ones disagree" in said for said in found.warnings)
