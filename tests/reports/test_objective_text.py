"""The table of a plan with an objective: digits follow the interval there as in the verdict."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from example_plan import a_plan

from cerberus_plan.model.latency.latency import Latency
from cerberus_plan.model.objective import Objective, Prices, Slo
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.objectives.reach import reaches
from cerberus_plan.planner.objectives.say import cost, known_time
from cerberus_plan.planner.plan import Plan
from cerberus_plan.reports.text.objective_text import rows
from cerberus_plan.reports.text.plan_text import text_of

OBJECTIVE = Objective(rate=9_000.0, slos=(Slo(name="p99", seconds=0.05),))


def test_one_core_and_one_number_are_no_plurals() -> None:
    """They were told as "1 cores" and "1 numbers"; a unit of one's own stays as it was given."""
    (found, *_) = reaches(a_plan("apache", cores=8), Objective())
    one = replace(found, cost=1.0)
    assert cost(one, Objective()) == "1 core"
    assert cost(replace(found, cost=2.0), Objective()) == "2 cores"
    assert cost(one, Objective(prices=Prices(per_core=1.0, unit="francs"))) == "1 francs"
    plan = a_plan("apache", cores=8)
    name, quantity = next(iter(plan.inputs.items()))
    lines = [text for text, _ in text_of([replace(plan, inputs={name: quantity})], 400)]
    assert any(line.startswith("Rests on 1 number: 1 ") for line in lines)


@cache
def a_wish() -> Plan:
    return aimed(a_plan("apache", cores=8), OBJECTIVE)


def p99_of(low: float | None, high: float | None, *, value: float = 2.3456e-3) -> str:
    """The last cell of the chosen split, with this interval."""
    given = Latency(
        mean=1e-3,
        p99=value,
        low=None if low is None else (None, None, None, low),
        high=None if low is None else (None, None, None, high),
    )
    plan = a_wish()
    best = replace(plan.best, latency=given)
    candidates = tuple(best if one is plan.best else one for one in plan.candidates)
    told = rows(replace(plan, best=best, candidates=candidates), OBJECTIVE)
    return next(cells[-1] for cells in told if cells[0] == "best")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1e-3, 9e-3, "2.3 ms"),
        (2.34e-3, 2.35e-3, "2.346 ms"),
        (2.3e-3, 2.4e-3, "2.346 ms"),
        (1e-4, 0.4, "2 ms"),
        (2e-3, None, "2.3 ms"),
        (None, None, "2.35 ms"),
    ],
)
def test_a_percentile_has_the_digits_of_its_interval(low: float | None, high: float | None, text: str) -> None:
    """Few where it is wide, and two where the high end is unknown: not three always."""
    assert p99_of(low, high) == text


def test_the_table_and_the_verdict_tell_one_percentile() -> None:
    """The chosen split's, in the same digits."""
    plan = a_wish()
    assert plan.best.latency is not None
    assert plan.best.latency.p99 is not None
    low, high = (None if ends is None else ends[-1] for ends in (plan.best.latency.low, plan.best.latency.high))
    told = known_time(plan.best.latency.p99, low, high)
    assert f"percentile of {told}" in plan.verdict
    assert told in next(cells[-1] for cells in rows(plan, OBJECTIVE) if cells[0] == "best")
