"""Tails of requests that are shorter than a host's pauses: not claimed before one was measured."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.planner.fleet.offers import Question, ask
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.objectives.served import SHORT
from cerberus_plan.planner.plan import Constraints

sys.path.insert(0, str(Path(__file__).parent))
from test_evidence import _WORK, base, of_split, with_rows

_TAIL = Objective(rate=0.2 / SHORT, slos=(Slo(name="p99", seconds=20.0 * SHORT),))


def told(work: float, objective: Objective = _TAIL, *rows: MeasuredLatency) -> str:
    """The verdict on a program of so much work a request."""
    return aimed(with_rows(base(work), rows), objective).verdict


@pytest.mark.parametrize("rate", [None, 0.2 / SHORT])
def test_a_tail_of_short_requests_cannot_be_told(rate: float | None) -> None:
    """The verdict begins so, names the limit and what to measure; a longer request's can."""
    objective = replace(_TAIL, rate=rate)
    said = told(0.9 * SHORT, objective)
    assert said.startswith("Cannot tell whether p99 20 ms is kept: a request of 900 µs is shorter than a host's pauses")
    assert "Measure p99 at one rate" in said
    assert "By the model, run" in said
    assert told(1.1 * SHORT, objective).startswith("Run ")


def test_a_mean_can_be_told() -> None:
    """Pauses are rare: they are the tail's."""
    assert told(0.1 * SHORT, replace(_TAIL, slos=(Slo(name="mean", seconds=SHORT),))).startswith("Run ")
    assert told(0.1 * SHORT, Objective(rate=100.0)).startswith("Run ")


@pytest.mark.slow
def test_a_measured_tail_can_be_told_and_a_measured_median_is_none() -> None:
    """One rate of one split is enough."""
    place = {"instances": 1, "cores_per_instance": 2, "rate": 300.0}
    assert told(0.5 * SHORT, _TAIL, MeasuredLatency(**place, p50=SHORT, p99=6.0 * SHORT)).startswith("Run ")
    assert told(0.5 * SHORT, _TAIL, MeasuredLatency(**place, p50=SHORT)).startswith("Cannot tell whether p99")


@pytest.mark.slow
def test_a_tail_among_many_rows_is_not_forgotten() -> None:
    """The inference is from some of the rows; whether a tail was measured is known of all."""
    rates = [10.0 * (1 + n) for n in range(60)]
    for tail in (5, 6):  # of neighbours one at most is left out by even thinning
        rows = tuple(
            MeasuredLatency(
                instances=1, cores_per_instance=2, rate=rate, p50=SHORT, p99=6.0 * SHORT if n == tail else None
            )
            for n, rate in enumerate(rates)
        )
        assert told(0.5 * SHORT, _TAIL, *rows).startswith("Run ")


@pytest.mark.slow
def test_a_tail_of_a_queue_that_grew_is_none() -> None:
    """At more than the capacity it is as long as the run: it says nothing of a host's pauses."""
    place = {"instances": 1, "cores_per_instance": 2}
    kept = MeasuredLatency(**place, rate=300.0, p50=SHORT)
    grew = MeasuredLatency(**place, rate=40.0 / SHORT, p50=2.0, p99=9.0)
    assert told(0.5 * SHORT, _TAIL, kept, grew).startswith("Cannot tell whether p99")


def test_json_says_so_of_each_latency() -> None:
    """In its validity."""
    plan = aimed(base(0.5 * _WORK), Objective(rate=100.0))
    assert plan.best.latency is not None
    assert "no tail is claimed of requests this short" in plan.best.latency.validity
    assert of_split(base(), (1, 2)).latency is None


def test_a_fleet_warns_of_such_a_limit() -> None:
    """As the plan of one machine does."""
    question = Question(
        machine=catalog.machine("amd48"), workload=catalog.workload("apache"), systems=("linux",),
        constraints=Constraints(cores=2), risk=0.05, utilisation=0.8, slos=(Slo(name="p99", seconds=5e-3),),
    )  # fmt: skip
    assert any(said.startswith("Cannot tell whether p99 5 ms is kept") for said in ask(question).warnings)
    assert not any("Cannot tell" in said for said in ask(replace(question, slos=())).warnings)
