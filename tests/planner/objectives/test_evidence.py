"""Laws of measured response times: they are believed where they were taken, and nothing else changes what they say."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.latency import MEASURED
from cerberus_plan.model.latency.measured import STATISTICS, MeasuredLatency
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.objectives.bent import Bent
from cerberus_plan.planner.objectives.discrepancy import Place, alike
from cerberus_plan.planner.objectives.reach import Answering, reaches
from cerberus_plan.planner.objectives.served import Served
from cerberus_plan.planner.plan import Candidate, Constraints, Plan
from cerberus_plan.planner.splits.choose import plan

_CORES = 4
_WORK = 1e-3
# A server whose requests take 1 ms of work, three times that, and varies as nobody said, beside 2 ms of nothing.
_TRUE = Workload(
    name="server",
    description="",
    unit="requests/s",
    units_per_cycle=1.0,
    operations={"compute": Quantity(value=_WORK, unit="s", provenance=Provenance.ASSUMED, source="")},
)


@cache
def base(work: float = _WORK) -> Plan:
    """A small plan without measured response times."""
    quantity = Quantity(value=work, unit="s", provenance=Provenance.ASSUMED, source="")
    workload = replace(_TRUE, operations={"compute": quantity})
    systems = [SYSTEMS["linux"], SYSTEMS["processes"]]
    return plan(catalog.machine("amd48"), workload, systems, Constraints(cores=_CORES))


def with_rows(found: Plan, latencies: tuple[MeasuredLatency, ...]) -> Plan:
    """The plan of the same workload with them; response times alone depend on them."""
    return replace(found, workload=replace(found.workload, latencies=latencies))


def given_these(found: Plan, latencies: tuple[MeasuredLatency, ...]) -> Answering:
    """Who answers for the plan with them."""
    return Answering(with_rows(found, latencies))


def answers(found: Answering, split: tuple[int, int]) -> Bent | Served:
    """Who answers for a split."""
    return found.reach(of_split(found.plan, split), Objective()).answers


def of_split(found: Plan, split: tuple[int, int]) -> Candidate:
    """The candidate of a split."""
    return next(c for c in found.candidates if (c.vms, c.cores_per_vm) == split)


_SPLITS = [(1, 1), (1, 2), (2, 1), (1, 4), (2, 2), (4, 1)]


@st.composite
def measured(draw: st.DrawFn, closed: bool = False) -> MeasuredLatency:
    """Response times up to thirty times what the model says, either way, at any load."""
    instances, cores = draw(st.sampled_from(_SPLITS))
    times = np.cumsum([draw(st.floats(0.01, 1.0)) for _ in STATISTICS[1:]]) * draw(st.floats(-1.5, 1.5).map(np.exp))
    told = dict(zip(STATISTICS[1:], (float(t) * 4.0 * _WORK for t in times), strict=True))
    told["mean"] = told["p50"]
    keep = draw(st.sets(st.sampled_from(STATISTICS), min_size=1))
    load: dict[str, float | int] = {"rate": draw(st.floats(0.05, 1.1)) * instances * cores / _WORK}
    if closed and draw(st.booleans()):
        load = {"concurrency": draw(st.integers(instances, 64))}
    return MeasuredLatency(
        instances=instances,
        cores_per_instance=cores,
        **load,  # type: ignore[arg-type]
        **{name: told[name] for name in keep},
    )


def interval(found: Answering, one: MeasuredLatency, name: str) -> tuple[float, float, float]:
    """Low end, middle and high end of a statistic where it was measured."""
    assert one.rate is not None
    latency = answers(found, one.split).latency(one.rate)
    at = STATISTICS.index(name)
    if not latency.stable:
        return 0.0, math.inf, math.inf
    assert latency.low is not None
    assert latency.high is not None
    low, middle, high = latency.low[at], latency.values[at], latency.high[at]
    assert low is not None and middle is not None and high is not None  # noqa: PT018
    return low, middle, high


@settings(max_examples=12, deadline=None)
@given(measured(), st.lists(measured(closed=True), max_size=3))
@pytest.mark.slow
def test_what_was_measured_is_within_its_own_interval(one: MeasuredLatency, others: list[MeasuredLatency]) -> None:
    """However wrong the model is, whatever else was measured of other splits."""
    rest = tuple(other for other in others if (other.split, other.rate) != (one.split, one.rate))
    found = given_these(base(), (one, *rest))
    for name, seconds in one.times.items():
        low, _, high = interval(found, one, name)
        assert low * (1 - 1e-9) <= seconds <= high * (1 + 1e-9)


@settings(max_examples=12, deadline=None)
@given(measured(), st.lists(measured(closed=True), max_size=2))
@pytest.mark.slow
def test_another_measurement_never_widens_the_interval_there(
    one: MeasuredLatency, others: list[MeasuredLatency]
) -> None:
    """Not against the plan alone, and not against the plan with others."""
    before, after = given_these(base(), tuple(others)), given_these(base(), (*others, one))
    for name in one.times:
        low, _, high = interval(before, one, name)
        new_low, _, new_high = interval(after, one, name)
        if low > 0.0:
            assert math.log(new_high / new_low) <= math.log(high / low) + 1e-9


@settings(max_examples=8, deadline=None)
@given(st.lists(measured(closed=True), min_size=2, max_size=3), st.randoms(use_true_random=False))
@pytest.mark.slow
def test_the_order_of_rows_does_not_matter(rows: list[MeasuredLatency], shuffle: object) -> None:
    """To the last digit."""
    other = list(rows)
    shuffle.shuffle(other)  # type: ignore[attr-defined]
    objective = Objective(rate=1000.0, slos=(Slo(name="p99", seconds=0.02),))
    one, two = (given_these(base(), tuple(each)) for each in (rows, other))
    assert one.reaches(objective) == two.reaches(objective)


@settings(max_examples=6, deadline=None)
@given(measured(), st.floats(0.2, 0.9))
@pytest.mark.slow
def test_a_thousand_times_slower_program_has_thousand_times_longer_answers(one: MeasuredLatency, load: float) -> None:
    """Nothing is counted in seconds by itself."""
    assert one.rate is not None
    slow = MeasuredLatency(
        instances=one.instances,
        cores_per_instance=one.cores_per_instance,
        rate=one.rate / 1000.0,
        **{name: value * 1000.0 for name, value in one.times.items()},
    )
    fast_plan, slow_plan = given_these(base(), (one,)), given_these(base(_WORK * 1000.0), (slow,))
    rate = load * 2.0 / _WORK
    fast, slower = (
        answers(found, (2, 1)).latency(each) for found, each in ((fast_plan, rate), (slow_plan, rate / 1000.0))
    )
    assert fast.stable == slower.stable
    if fast.stable:
        assert np.array(slower.values) == pytest.approx(1000.0 * np.array(fast.values), rel=2e-3)


@settings(max_examples=8, deadline=None)
@given(measured(), st.floats(-3.5, -0.5), st.floats(1.0, 5.0), st.sampled_from(["mean", "p50", "p95", "p99", "p99.9"]))
@pytest.mark.slow
def test_a_looser_limit_still_carries_no_less(one: MeasuredLatency, exponent: float, factor: float, name: str) -> None:
    """Low end, middle and high end, in this order; nor does another limit carry more."""
    found = given_these(base(), (one,))
    tight, loose = Slo(name=name, seconds=10.0**exponent), Slo(name=name, seconds=factor * 10.0**exponent)
    for strict, easy, both in zip(
        found.reaches(Objective(slos=(tight,))),
        found.reaches(Objective(slos=(loose,))),
        found.reaches(Objective(slos=(tight, Slo(name="p90", seconds=0.01)))),
        strict=True,
    ):
        ends = [(each.headroom_low, each.headroom, each.headroom_high) for each in (strict, easy, both)]
        assert all(low <= middle <= high for low, middle, high in ends)
        assert all(a <= b * (1 + 1e-9) for a, b in zip(ends[0], ends[1], strict=True))
        assert all(a >= b * (1 - 1e-9) for a, b in zip(ends[0], ends[2], strict=True))


def test_without_measured_response_times_nothing_changes() -> None:
    """Rows of throughput and none of latency answer as ever, by the formula itself."""
    for each in reaches(base(), Objective(rate=1000.0)):
        assert isinstance(each.answers, Served)
        alone = Served.of(base(), each.candidate).at(1000.0)
        assert each.latency == (alone if alone.stable else None)


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "varies", "scale"), [(2e-3, 1.0, 1.0), (0.0, 2.5, 1.0), (5e-4, 0.2, 1.2)])
def test_one_load_tells_the_others_where_the_mechanism_is_one_of_those(
    seconds: float, varies: float, scale: float
) -> None:
    """An offset, a variability and a slower server that nobody told are found from one load of one split."""
    truth = plan(
        catalog.machine("amd48"),
        replace(
            _TRUE,
            service_variability=varies,
            operations={"compute": replace(_TRUE.operations["compute"], value=_WORK * scale)},
        ),
        [SYSTEMS["linux"], SYSTEMS["processes"]],
        Constraints(cores=_CORES),
    )

    def true(split: tuple[int, int], rate: float) -> list[float]:
        return [v + seconds for v in Served.of(truth, of_split(truth, split)).at(rate).values if v is not None]

    rate = 0.5 * 2.0 / _WORK
    row = MeasuredLatency(
        instances=1, cores_per_instance=2, rate=rate, **dict(zip(STATISTICS, true((1, 2), rate), strict=True))
    )
    found = given_these(base(), (row,))
    for split, load in itertools.product([(1, 2), (2, 1)], [0.2, 0.4, 0.6]):
        asked = load * 2.0 / _WORK
        told = answers(found, split).latency(asked)
        for value, real, low, high in zip(
            told.values, true(split, asked), told.low or (), told.high or (), strict=True
        ):
            assert value is not None
            assert 1 / 1.5 < value / real < 1.5
            assert low is not None and high is not None and low <= real <= high  # noqa: PT018


@pytest.mark.slow
def test_doubt_grows_with_the_distance_from_what_was_measured() -> None:
    """In load, in size of the split, and from one system to another."""
    row = MeasuredLatency(instances=1, cores_per_instance=2, rate=600.0, p99=6e-3, p50=1.5e-3)
    found = given_these(base(), (row,))

    def wide(split: tuple[int, int], share: float) -> float:
        latency = answers(found, split).latency(share * split[0] * split[1] / _WORK)
        assert latency.low is not None
        assert latency.high is not None
        return math.log((latency.high[3] or math.inf) / (latency.low[3] or 0.0))

    widths = [wide((1, 2), share) for share in (0.3, 0.5, 0.7, 0.85)]
    assert widths == sorted(widths)
    assert wide((1, 2), 0.5) < wide((2, 1), 0.5) < wide((4, 1), 0.5)


@pytest.mark.slow
@given(st.lists(st.sampled_from(_SPLITS), min_size=1, max_size=8), st.data())
@settings(max_examples=50, deadline=None)
def test_errors_have_a_covariance(splits: list[tuple[int, int]], data: st.DataObject) -> None:
    """No combination of them has a negative variance, and each is like itself."""
    places = [
        Place(
            data.draw(st.sampled_from(["linux", "processes", "kvm"])),
            *split,
            data.draw(st.floats(0.0, 1.2)),
            data.draw(st.sampled_from([*STATISTICS, "p99.9"])),
        )
        for split in splits
    ]
    covariance = alike(places, places)
    assert np.diag(covariance) == pytest.approx(1.0)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


@pytest.mark.slow
def test_the_plan_says_that_they_disagree_and_whom_it_follows() -> None:
    """And is silent where they agree; JSON has both numbers."""
    wrong = MeasuredLatency(instances=1, cores_per_instance=2, rate=600.0, p99=60e-3)
    found = aimed(with_rows(base(), (wrong,)), Objective(rate=600.0, slos=(Slo(name="p99", seconds=0.1),)))
    (said,) = (text for text in found.warnings if "disagree" in text)
    assert "at 600 requests/s on 1 x 2 the p99 was 60 ms" in said
    assert "follows the measurements" in said
    evidence = found.to_json()["latency_evidence"]
    assert evidence["disagree"] is True
    assert evidence["checks"][0]["measured"] == pytest.approx(60e-3)
    assert 0.0 < evidence["checks"][0]["alone"] < 10e-3
    alone = Served.of(base(), of_split(base(), (1, 2))).at(600.0)
    right = replace(wrong, p99=alone.p99)
    agreeing = aimed(with_rows(base(), (right,)), Objective(rate=600.0))
    assert not [text for text in agreeing.warnings if "disagree" in text]
    assert agreeing.latency_evidence is not None
    assert not agreeing.latency_evidence.disagree


def test_a_measured_rate_counts_as_carried() -> None:
    """At the rate and within what was measured there, though the model alone would doubt it."""
    rate = 0.9 * 2.0 / _WORK
    row = MeasuredLatency(instances=1, cores_per_instance=2, rate=rate, p99=3e-3)
    slo = Slo(name="p99", seconds=5e-3)
    objective = Objective(rate=rate, slos=(slo,))
    split = (1, 2)
    before, after = (
        next(r for r in reaches(found, objective) if (r.candidate.vms, r.candidate.cores_per_vm) == split)
        for found in (base(), with_rows(base(), (row,)))
    )
    assert not before.meets
    assert after.meets
    assert after.latency is not None
    assert after.latency.p99 == pytest.approx(3e-3)
    assert after.latency.how != MEASURED  # the mean and other percentiles were not


def test_a_finite_job_has_no_response_times() -> None:
    """It is refused before anything is weighed."""
    row = MeasuredLatency(instances=1, cores_per_instance=1, rate=1.0, p99=1.0)
    job = replace(base(), workload=replace(base().workload, job_units=10.0, latencies=(row,)))
    with pytest.raises(InputError, match="finite job"):
        reaches(job, Objective(rate=1.0))


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1.0001e3 * 4 / 2, 1e5, 1e12])
def test_a_rate_beyond_the_models_capacity_is_told_as_such(rate: float) -> None:
    """Whoever measured it did carry it: the plan follows, and nothing overflows."""
    row = MeasuredLatency(instances=1, cores_per_instance=2, rate=rate, p99=5e-3)
    found = aimed(with_rows(base(), (row,)), Objective(rate=1000.0))
    assert found.latency_evidence is not None
    (check,) = found.latency_evidence.checks
    assert check.alone is None
    assert any("the queue would grow for ever" in said for said in found.warnings)
    told = answers(given_these(base(), (row,)), (1, 2)).latency(rate)
    assert told.p99 == pytest.approx(5e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "clients"), [(1e-9, 1), (1e3, 1), (5e-3, 1_000_000)])
def test_absurd_measurements_are_followed_without_a_mistake(seconds: float, clients: int) -> None:
    """A nanosecond, a quarter of an hour, a million clients: numbers, in order, and a sentence."""
    row = MeasuredLatency(instances=1, cores_per_instance=2, concurrency=clients, p50=seconds, p99=2.0 * seconds)
    found = aimed(with_rows(base(), (row,)), Objective(rate=500.0, slos=(Slo(name="p99", seconds=0.1),)))
    assert any("disagree" in said for said in found.warnings)
    for one in found.candidates:
        assert one.headroom_low is not None and one.headroom is not None and one.headroom_high is not None  # noqa: PT018
        assert 0.0 <= one.headroom_low <= one.headroom <= one.headroom_high < math.inf
