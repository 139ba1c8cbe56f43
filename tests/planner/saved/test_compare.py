"""Two answers compared: parts multiply to the whole, both ways round, and only what differs has a part."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from example_plan import a_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.saved.answer import SavedAnswer
from cerberus_plan.planner.saved.compare import Comparison, compare, compare_plans
from cerberus_plan.planner.saved.differences import differences
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.reports.compare_words import factor, part, values
from cerberus_plan.reports.text.compare_text import text_of

MACHINE, WORKLOAD = catalog.machine("intel16"), catalog.workload("apache")


def scaled(given: Quantity, factor: float) -> Quantity:
    return replace(
        given,
        value=given.value * factor,
        low=None if given.low is None else given.low * factor,
        high=None if given.high is None else given.high * factor,
    )


@cache
def planned(
    *, slower: float = 1.0, compute: float = 1.0, cores: int = 8, systems: tuple[str, ...] = ("linux", "kvm")
) -> Plan:
    """The plan on a machine whose costs, and of a program whose work, are so many times the shipped ones."""
    machine = replace(
        MACHINE,
        quantities={name: scaled(one, slower) if one.unit == "s" else one for name, one in MACHINE.quantities.items()},
    )
    operations = {**WORKLOAD.operations, "compute": scaled(WORKLOAD.operations["compute"], compute)}
    workload = replace(WORKLOAD, operations=operations)
    return plan(machine, workload, [SYSTEMS[name] for name in systems], Constraints(cores=cores))


def product(found: Comparison) -> float:
    return math.prod(cause.factor for cause in found.causes)


factors = st.sampled_from([0.5, 1.0, 1.7])


@settings(max_examples=12, deadline=None)
@given(slower=factors, compute=factors, cores=st.sampled_from([4, 8]))
def test_parts_multiply_to_the_whole_and_turn_round(slower: float, compute: float, cores: int) -> None:
    """The causes' factors make up the change; compared the other way each is one over it; no other group has one."""
    before, after = planned(), planned(slower=slower, compute=compute, cores=cores)
    there, back = compare_plans(before, after), compare_plans(after, before)
    assert there.factor is not None
    assert product(there) == pytest.approx(there.factor, rel=1e-9)
    parts = {cause.group: cause.factor for cause in back.causes}
    for cause in there.causes:
        assert parts[cause.group] == pytest.approx(1.0 / cause.factor, rel=1e-9)
    differ = {"machine": slower != 1.0, "program": compute != 1.0, "request": cores != 8}
    assert set(parts) == {group for group, changed in differ.items() if changed}


def test_a_plan_compared_with_itself_says_nothing() -> None:
    """No input, no cause, no split moved."""
    found = compare_plans(planned(), planned())
    assert (found.differences, found.causes, found.moved) == ((), (), ())
    assert found.same_split
    assert found.lost_by_keeping == 0.0
    assert "No input differs." in list(text_of(found, 100))


def test_one_group_alone_is_the_whole() -> None:
    """A slower machine alone explains everything that it does."""
    found = compare_plans(planned(), planned(slower=2.0))
    (cause,) = found.causes
    assert cause.group == "machine"
    assert cause.factor == pytest.approx(found.factor)
    assert {one.group for one in found.differences} == {"machine"}
    assert all(one.unit == "s" for one in found.differences)


@pytest.mark.slow
def test_measurements_are_a_group_of_their_own() -> None:
    """Runs that were added are told row by row, and what they did to the answer is their part."""
    rows = tuple(Measurement(instances=1, cores_per_instance=n, value=15_000.0 * n**0.3) for n in (1, 2, 4, 8))
    systems = [SYSTEMS[name] for name in ("linux", "processes")]
    before = plan(MACHINE, WORKLOAD, systems, Constraints(cores=8))
    after = plan(MACHINE, replace(WORKLOAD, measured=rows), systems, Constraints(cores=8))
    found = compare_plans(before, after)
    assert [(one.group, one.before, one.name) for one in found.differences] == [
        ("measurements", None, f"1 x {n}") for n in (1, 2, 4, 8)
    ]
    (cause,) = found.causes
    assert cause.group == "measurements"
    assert cause.factor == pytest.approx(found.factor)


def test_measured_response_times_are_told_row_by_row() -> None:
    """With their load and what was measured; one that both have is not told."""
    one = MeasuredLatency(instances=1, cores_per_instance=2, rate=900.0, p50=1e-3, p99=5e-3)
    two = MeasuredLatency(instances=2, cores_per_instance=1, concurrency=8, mean=2e-3)
    base = plan(MACHINE, WORKLOAD, [SYSTEMS["linux"]], Constraints(cores=2))
    before, after = (replace(base, workload=replace(WORKLOAD, latencies=rows)) for rows in ((one,), (one, two)))
    (told,) = differences(before, after)
    assert (told.group, told.before, told.after) == ("measurements", None, "mean 0.002 s")
    assert told.name == "2 x 1, response time at 8 clients"
    (gone,) = differences(after, before)
    assert (gone.before, gone.after) == (told.after, None)


def test_a_changed_answer_to_the_same_question_is_the_versions() -> None:
    """What planning the same inputs today does not give is put down to the version that saved it."""
    old = planned()
    candidates = tuple(replace(c, throughput=c.throughput / 2, low=c.low / 2, high=c.high / 2) for c in old.candidates)
    at = old.candidates.index(old.best)
    found = compare_plans(replace(old, candidates=candidates, best=candidates[at]), old)
    (cause,) = found.causes
    assert cause.group == "version"
    assert cause.factor == pytest.approx(2.0)


def test_what_cannot_be_taken_apart_says_why() -> None:
    """Units that differ, and a machine that lacks what the other program needs."""
    other = compare_plans(planned(), a_plan("dbench", cores=8))
    assert other.factor is None
    assert "cannot be compared" in other.why_no_causes
    assert any("cannot be compared" in line for line in text_of(other, 200))


def renamed(given: Plan, name: str, unit: str = WORKLOAD.unit) -> Plan:
    return replace(given, workload=replace(given.workload, name=name, unit=unit))


@settings(max_examples=6, deadline=None)
@given(compute=st.sampled_from([0.5, 1.0, 1.7]), turned=st.booleans())
def test_two_programs_are_said_to_be_two_and_nothing_explains_them(compute: float, turned: bool) -> None:
    """Said before all else; the ratio is of two programs, so it has no causes, and no split of either has moved."""
    plans = [planned(), renamed(planned(compute=compute), "shop")]
    found = compare_plans(*(reversed(plans) if turned else plans))
    assert not found.same_program
    assert found.factor is not None
    assert (found.causes, found.moved) == ((), ())
    text = " ".join(text_of(found, 10_000))
    first, second = found.before.workload.name, found.after.workload.name
    assert text.startswith(f"{first} and {second}: the answers are for different programs, {first} and {second}")
    assert f"{second} does" in text
    for word in ("what it was", "recommendation moves", "recommendation stays", "Keeping", "before ", "Why"):
        assert word not in text
    assert found.to_json()["same_program"] is False


def test_two_units_have_no_ratio() -> None:
    """Neither of two programs nor of one; both units are named."""
    for name in ("shop", WORKLOAD.name):
        found = compare_plans(planned(), renamed(planned(compute=1.7), name, "orders/s"))
        assert found.factor is None
        text = " ".join(text_of(found, 10_000))
        assert "The first counts requests/s, the second orders/s, so there is no ratio." in text
        assert " times " not in text


def test_a_name_alone_is_no_other_answer() -> None:
    """The same program under the same name stays one program."""
    assert compare_plans(planned(), planned(compute=1.7)).same_program


def test_what_was_typed_is_told_as_it_was_typed_and_what_was_measured_as_far_as_it_is_known() -> None:
    """12.345678 us is not rounded to four digits; a cost with an interval is, unless that hides the change."""
    known = WORKLOAD.operations["compute"].provenance
    typed = [Quantity(value=v, unit="s", provenance=known) for v in (12.345678e-6, 2.5e-4)]
    measured = [replace(typed[0], value=v, low=v * 0.9, high=v * 1.1) for v in (1.23456e-5, 1.5e-5, 1.23457e-5)]

    def told(old: Quantity, new: Quantity) -> str:
        plans = [
            replace(planned(), workload=replace(WORKLOAD, operations={**WORKLOAD.operations, "compute": one}))
            for one in (old, new)
        ]
        (one,) = differences(*plans)
        return " -> ".join(values(one))

    assert told(*typed) == "12.345678 µs -> 250 µs"
    assert told(*measured[:2]) == "12.3 µs -> 15.0 µs"
    assert told(measured[0], measured[2]) == "12.3456 µs -> 12.3457 µs"
    bytes_ = [replace(typed[0], value=v, unit="B") for v in (137438953472.0, 5e9)]
    assert told(*bytes_) == "128 GiB -> 5 GB"


def test_a_factor_is_told_one_way() -> None:
    """The only cause has the digits of the change that it makes, in the table, the sentence and the chart."""
    found = compare_plans(planned(), planned(slower=1.7))
    (cause,) = found.causes
    assert part(cause.factor, found) == factor(found)
    text = " ".join(text_of(found, 10_000))
    assert f"is {factor(found)} times what it was" in text
    assert f"{factor(found)} x by the machine" in text


def test_an_absent_limit_is_no_difference_and_a_prefix_is_told_once() -> None:
    """No "limits none -> none"; "objective:" once before all that belongs to it."""
    bare = compare_plans(planned(), aimed(planned(), Objective(kind="cost", rate=9_000.0)))
    rows = {one.name: (one.before, one.after) for one in bare.differences}
    assert "objective: limits" not in rows
    assert all(old != new for old, new in rows.values())
    text = " ".join(text_of(bare, 10_000))
    assert "none -> none" not in text
    assert "objective: " not in text.partition("The objective, which one of the answers does not have: ")[2]
    aims = (Objective(kind=kind, rate=rate) for kind, rate in (("cost", 8_000.0), ("throughput", 9_000.0)))
    both = " ".join(text_of(compare_plans(*(aimed(planned(), aim) for aim in aims)), 10_000))
    assert "What was asked for: objective: kind cost -> throughput; rate 8,000 -> 9,000" in both


def test_a_lost_split_is_priced(tmp_path: Path) -> None:
    """Keeping the first answer's split loses what the second answer says it does."""
    before, after = planned(systems=("kvm",)), planned(compute=8.0, systems=("kvm",))
    found = compare_plans(before, after)
    assert found.keeping is not None
    same = [c for c in after.candidates if (c.system, c.split) == (before.best.system, before.best.split)]
    assert [found.keeping] == same
    assert found.lost_by_keeping == pytest.approx(1.0 - same[0].throughput / after.best.throughput)
    assert found.to_json()["keeping"]["lost"] == found.lost_by_keeping


@pytest.mark.slow
def test_answers_with_an_objective_are_compared_by_the_rate_they_carry() -> None:
    """A looser limit is told as the request's part, and the parts multiply to the ratio of the rates."""
    limits = (Objective(kind="throughput", slos=(Slo(name="p99", seconds=seconds),)) for seconds in (0.001, 0.01))
    tight, loose = (aimed(planned(), objective) for objective in limits)
    found = compare_plans(tight, loose)
    assert found.by == "headroom"
    assert found.factor is not None
    assert found.factor >= 1.0
    assert product(found) == pytest.approx(found.factor, rel=1e-9)
    assert {(one.group, one.name) for one in found.differences} == {("request", "objective: limits")}
    assert any("rate that it carries" in line for line in text_of(found, 400))


@pytest.mark.slow
@pytest.mark.parametrize("slower", [1.0, 1.7])
def test_an_objective_of_one_answer_is_a_part_of_its_own(slower: float) -> None:
    """What choosing for it does to throughput; parts multiply to the whole, and turn round with the answers."""
    cheap = Objective(kind="cost", rate=10_000.0, slos=(Slo(name="p99", seconds=0.01),))
    free, bound = planned(), aimed(planned(slower=slower), cheap)
    there, back = compare_plans(free, bound), compare_plans(bound, free)
    assert there.by == "throughput"
    assert there.factor is not None
    assert product(there) == pytest.approx(there.factor, rel=1e-9)
    parts = {cause.group: cause.factor for cause in there.causes}
    assert set(parts) == {"objective"} | ({"machine"} if slower != 1.0 else set())
    assert parts["objective"] < 1.0
    assert {cause.group: cause.factor for cause in back.causes} == pytest.approx(
        {group: 1.0 / factor for group, factor in parts.items()}
    )
    assert {one.group for one in there.differences} == set(parts)
    assert any("by the objective, which one of the answers does not have" in line for line in text_of(there, 400))
    assert any("costs more than the objective needs" in line for line in text_of(there, 400))


def answer(*plans: Plan) -> SavedAnswer:
    return SavedAnswer(path=Path("a.json"), document={}, plans=plans, mix=None, changes=(), made_with="0", command=())


def test_workloads_are_paired_by_name() -> None:
    """Among several, those that both have; a single pair whatever it is called; none in common is refused."""
    apache, dbench, histogram = (a_plan(name, cores=8) for name in ("apache", "dbench", "histogram"))
    found = compare(answer(apache, dbench), answer(dbench, histogram))
    assert [one.after.workload.name for one in found] == ["dbench"]
    assert len(compare(answer(apache), answer(histogram))) == 1
    with pytest.raises(InputError, match="no workload in common"):
        compare(answer(apache, dbench), answer(histogram))
