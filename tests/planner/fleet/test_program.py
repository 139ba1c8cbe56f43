"""Laws of the fleet's integer program, and every answer of small ones by trying all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.planner.fleet.choice import Allocation, Program, cost, levels
from cerberus_plan.planner.fleet.greedy import by_price, level_by_level, one_by_one
from cerberus_plan.planner.fleet.program import cheapest, roomiest

_SECONDS = 20.0
_ALIKE = 1e-6
loads = st.sampled_from([0.0, 0.15, 0.25, 0.3, 0.5, 0.55, 0.7, 1.0, 1.3])


@st.composite
def programs(
    draw: st.DrawFn,
    *,
    most_types: int = 2,
    most_workloads: int = 2,
    most_machines: int = 3,
    sharing: bool = True,
    bounded: bool = True,
) -> Program:
    """Small fleets: loads of round numbers, so that sums that just reach a rate occur."""
    types, workloads = draw(st.integers(1, most_types)), draw(st.integers(1, most_workloads))

    def several(values: st.SearchStrategy, count: int) -> tuple:
        return tuple(draw(st.lists(values, min_size=count, max_size=count)))

    whole = np.array([several(loads, workloads) for _ in range(types)])
    parts = draw(st.integers(1, 2)) if sharing else 1
    kept = np.array([several(st.booleans(), workloads) for _ in range(types)])
    return Program(
        counts=several(st.integers(0, most_machines), types),
        prices=several(st.integers(0, 9).map(float), types),
        whole=whole,
        part=np.where(kept, whole / parts, 0.0) if parts > 1 else np.zeros_like(whole),
        parts=parts,
        survive=several(st.integers(0, 2), workloads),
        least=several(st.integers(0, 2), workloads),
        groups=several(st.integers(0, 1), workloads) if draw(st.booleans()) else tuple(range(workloads)),
        budget=draw(st.none() | st.integers(0, 40).map(float)) if bounded else None,
    )


def layouts(program: Program) -> Iterator[tuple[tuple[int, ...], ...]]:
    """What one machine of a type may hold: nothing, a workload alone, or parts of different groups."""
    workloads = range(len(program.survive))
    for i in range(len(program.counts)):
        alone = [("whole", (w,)) for w in workloads if program.whole[i, w] > 0.0]
        mixed = [
            ("part", chosen)
            for size in range(1, program.parts + 1)
            for chosen in itertools.combinations([w for w in workloads if program.part[i, w] > 0.0], size)
            if len({program.groups[w] for w in chosen}) == size
        ]
        yield (("idle", ()), *alone, *(mixed if program.parts > 1 else []))


def everything(program: Program) -> Iterator[tuple[float, np.ndarray]]:
    """Cost and levels of every way to use the machines, machine by machine; those that are not spread left out."""
    kinds = [
        itertools.combinations_with_replacement(layout, count)
        for layout, count in zip(layouts(program), program.counts, strict=True)
    ]
    for way in itertools.product(*map(list, kinds)):
        each: list[list[float]] = [[] for _ in program.survive]
        spent = 0.0
        for i, machines in enumerate(way):
            for form, held in machines:
                spent += program.prices[i] * (form != "idle")
                for w in held:
                    each[w].append(float(getattr(program, form)[i, w]))
        spread = all(len(found) >= least for found, least in zip(each, program.least, strict=True))
        if spread and (program.budget is None or spent <= program.budget):
            kept = (sorted(found)[: max(len(found) - k, 0)] for found, k in zip(each, program.survive, strict=True))
            yield spent, np.array([sum(found) for found in kept])


def check(program: Program, found: Allocation) -> None:
    """No machine is used twice, and parts of a group never meet."""
    assert (found.whole >= 0).all()
    assert (found.part >= 0).all()
    assert (found.used <= np.array(program.counts)).all()
    assert (found.part.sum(axis=1) <= program.parts * found.shared).all()
    for label in set(program.groups):
        members = np.array(program.groups) == label
        assert (found.part[:, members].sum(axis=1) <= found.shared).all()
    assert ((found.whole == 0) | (program.whole > 0.0)).all()
    assert ((found.part == 0) | (program.part > 0.0)).all()
    assert ((found.whole + found.part).sum(axis=0) >= np.array(program.least)).all()


@pytest.mark.slow
@settings(max_examples=150)
@given(programs())
def test_the_least_cost_is_that_of_trying_everything(program: Program) -> None:
    """Survival, sharing, labels and spread included; among the cheapest none has more headroom."""
    possible = [(spent, left.min()) for spent, left in everything(program) if left.min() >= 1.0 - 1e-12]
    found = cheapest(program, seconds=_SECONDS)
    if not possible:
        assert found is None
        return
    assert found is not None
    check(program, found)
    assert found.proven
    least = min(spent for spent, _ in possible)
    assert cost(program, found) == pytest.approx(least)
    assert found.bound == pytest.approx(least)
    assert levels(program, found).min() == pytest.approx(max(t for spent, t in possible if spent == least), rel=_ALIKE)


@pytest.mark.slow
@settings(max_examples=100)
@given(programs())
def test_the_most_headroom_is_that_of_trying_everything(program: Program) -> None:
    """And of those that have it, the cheapest is chosen."""
    possible = [(left.min(), spent) for spent, left in everything(program)]
    found = roomiest(program, seconds=_SECONDS)
    if not possible:
        assert found is None
        return
    assert found is not None
    check(program, found)
    most = max(t for t, _ in possible)
    assert levels(program, found).min() == pytest.approx(most, rel=_ALIKE)
    assert cost(program, found) == pytest.approx(min(spent for t, spent in possible if t >= most * (1.0 - 1e-9)))


larger = programs(most_types=3, most_workloads=2, most_machines=5, bounded=False)


@pytest.mark.slow
@settings(max_examples=40)
@given(larger, st.integers(0, 2))
def test_a_machine_more_never_costs_more(program: Program, which: int) -> None:
    """Nobody has to use it."""
    assume((before := cheapest(program, seconds=_SECONDS)) is not None)
    i = which % len(program.counts)
    counts = tuple(count + (j == i) for j, count in enumerate(program.counts))
    more = replace(program, counts=counts)
    after = cheapest(more, seconds=_SECONDS)
    assert after is not None
    assert cost(more, after) <= cost(program, before) + 1e-9


@pytest.mark.slow
@settings(max_examples=40)
@given(larger, st.floats(1.0, 3.0), st.integers(0, 2))
def test_a_higher_rate_never_costs_less(program: Program, factor: float, which: int) -> None:
    """Loads are shares of the rate: a higher rate makes them smaller."""
    w = which % len(program.survive)
    scale = np.array([1.0 / factor if v == w else 1.0 for v in range(len(program.survive))])
    harder = replace(program, whole=program.whole * scale, part=program.part * scale)
    assume((after := cheapest(harder, seconds=_SECONDS)) is not None)
    before = cheapest(program, seconds=_SECONDS)
    assert before is not None
    assert cost(program, before) <= cost(harder, after) + 1e-9


@pytest.mark.slow
@settings(max_examples=40)
@given(larger, st.integers(0, 2))
def test_a_rule_more_never_costs_less(program: Program, which: int) -> None:
    """Surviving one machine more, one machine of spread more, or no sharing."""
    w = which % len(program.survive)
    before = cheapest(program, seconds=_SECONDS)

    def more(values: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(value + (v == w) for v, value in enumerate(values))

    for harder in (
        replace(program, survive=more(program.survive)),
        replace(program, least=more(program.least)),
        replace(program, part=np.zeros_like(program.part), parts=1),
        replace(program, groups=(0,) * len(program.groups)),
    ):
        after = cheapest(harder, seconds=_SECONDS)
        if after is not None:
            assert before is not None
            assert cost(program, before) <= cost(harder, after) + 1e-9


@pytest.mark.slow
@settings(max_examples=40)
@given(larger, st.randoms(use_true_random=False), st.sampled_from([1e-6, 1e-3, 1e3, 1e9]))
def test_neither_order_nor_currency_matters(program: Program, random: object, currency: float) -> None:
    """Permuted types and workloads, and prices in another currency, have the same least cost."""
    types, workloads = list(range(len(program.counts))), list(range(len(program.survive)))
    random.shuffle(types)  # type: ignore[attr-defined]
    random.shuffle(workloads)  # type: ignore[attr-defined]
    other = Program(
        counts=tuple(program.counts[i] for i in types),
        prices=tuple(program.prices[i] * currency for i in types),
        whole=program.whole[np.ix_(types, workloads)],
        part=program.part[np.ix_(types, workloads)],
        parts=program.parts,
        survive=tuple(program.survive[w] for w in workloads),
        least=tuple(program.least[w] for w in workloads),
        groups=tuple(program.groups[w] for w in workloads),
        budget=None if program.budget is None else program.budget * currency,
    )
    here, there = cheapest(program, seconds=_SECONDS), cheapest(other, seconds=_SECONDS)
    assert (here is None) == (there is None)
    if here is not None and there is not None:
        assert cost(other, there) == pytest.approx(cost(program, here) * currency, rel=1e-9)
        assert levels(other, there).min() == pytest.approx(levels(program, here).min(), rel=_ALIKE)


@pytest.mark.slow
@given(programs(sharing=False, bounded=False))
def test_machines_written_in_two_rows_are_one_kind(program: Program) -> None:
    """Splitting a type into rows of one machine each changes nothing."""
    rows = [i for i, count in enumerate(program.counts) for _ in range(count)]
    assume(rows)
    apart = replace(
        program,
        counts=(1,) * len(rows),
        prices=tuple(program.prices[i] for i in rows),
        whole=program.whole[rows],
        part=program.part[rows],
    )
    here, there = cheapest(program, seconds=_SECONDS), cheapest(apart, seconds=_SECONDS)
    assert (here is None) == (there is None)
    if here is not None and there is not None:
        assert cost(apart, there) == pytest.approx(cost(program, here))


def test_a_budget_bounds_the_headroom() -> None:
    """Three machines of 10 would carry 1.5 times the rate; 25 buy two of them."""
    program = Program(
        counts=(3,), prices=(10.0,), whole=np.array([[0.5]]), part=np.zeros((1, 1)), parts=1,
        survive=(0,), least=(1,), groups=(0,),
    )  # fmt: skip
    free, bound = roomiest(program, seconds=_SECONDS), roomiest(replace(program, budget=25.0), seconds=_SECONDS)
    assert free is not None
    assert bound is not None
    assert (levels(program, free).min(), levels(program, bound).min()) == (1.5, 1.0)


@pytest.mark.parametrize("count", [3, 7, 9, 11, 49, 97])
def test_sums_that_just_reach_a_rate_are_enough(count: int) -> None:
    """A rate of which each machine carries exactly one n-th needs n of them, not n + 1, whatever the rounding."""
    program = Program(
        counts=(count + 5,), prices=(1.0,), whole=np.array([[1.0 / count]]), part=np.zeros((1, 1)), parts=1,
        survive=(0,), least=(1,), groups=(0,),
    )  # fmt: skip
    found = cheapest(program, seconds=_SECONDS)
    assert found is not None
    assert cost(program, found) == count


@pytest.mark.slow
@settings(max_examples=60)
@given(programs(most_types=3, most_workloads=3, most_machines=4))
def test_answers_without_a_search_are_answers(program: Program) -> None:
    """They keep machines, rates, spread and the budget, and are no better than the best."""
    budget = program.budget
    quick = one_by_one(program, [0.0] * len(program.survive), seconds=_SECONDS)
    best = cheapest(program, seconds=_SECONDS)
    if quick is not None:
        check(program, quick)
        assert levels(program, quick).min() >= 1.0 - 1e-9
        assert best is not None
        assert cost(program, best) <= cost(program, quick) + 1e-9
        assert budget is None or cost(program, quick) <= budget * (1 + 1e-9)
    given = level_by_level(program)
    assert (given.used <= np.array(program.counts)).all()
    assert budget is None or cost(program, given) <= budget * (1 + 1e-9)
    most = roomiest(program, seconds=_SECONDS)
    if (given.whole.sum(axis=0) >= np.array(program.least)).all():
        assert most is not None
        assert levels(program, given).min() <= levels(program, most).min() * (1.0 + _ALIKE)


@pytest.mark.slow
@given(programs(most_workloads=1, most_types=3, most_machines=5, sharing=False, bounded=False))
def test_machines_by_price_keep_the_rate_and_none_is_idle(program: Program) -> None:
    """Where all machines are enough some are found; without any of them the rate or the spread is not kept."""
    found = by_price(program)
    everything_used = level_by_level(program)
    enough = levels(program, everything_used)[0] >= 1.0 and everything_used.whole.sum() >= program.least[0]
    assert (found is not None) == enough
    if found is None:
        return
    check(program, found)
    assert levels(program, found)[0] >= 1.0 - 1e-9
    for i in np.flatnonzero(found.whole[:, 0]):
        fewer = replace(found, whole=found.whole - (np.arange(len(program.counts)) == i)[:, None])
        assert levels(program, fewer)[0] < 1.0 - 1e-9 or fewer.whole.sum() < program.least[0]


def test_a_search_that_has_no_time_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates are kept all the same, and nothing is called proven; the bound is that of the workloads alone."""

    def never(*_: object, **__: object) -> None:
        raise CannotAnswerError("no time")

    program = Program(
        counts=(2, 3), prices=(10.0, 7.0), whole=np.array([[0.6, 0.8], [0.4, 0.5]]), part=np.zeros((2, 2)), parts=1,
        survive=(0, 0), least=(1, 1), groups=(0, 1),
    )  # fmt: skip
    best, most = cheapest(program, seconds=_SECONDS), roomiest(program, seconds=_SECONDS)
    assert best is not None
    assert most is not None
    monkeypatch.setattr("cerberus_plan.planner.fleet.program.solve", never)
    monkeypatch.setattr("cerberus_plan.planner.fleet.greedy.solve", never)
    quick, handed = cheapest(program, seconds=_SECONDS), roomiest(program, seconds=_SECONDS)
    assert quick is not None
    assert handed is not None
    assert levels(program, quick).min() >= 1.0
    assert not quick.proven
    assert not handed.proven
    assert quick.bound <= cost(program, best) <= cost(program, quick)
    assert levels(program, handed).min() <= levels(program, most).min() <= handed.bound
