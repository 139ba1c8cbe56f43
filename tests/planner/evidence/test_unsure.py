"""Programs that look ideal on two cores: nobody knows what they do on 32, and the plan says so and what to run."""

from __future__ import annotations

import math
import random
import re
import shlex

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.cli import split_list
from cerberus_plan.cli.commands.tune import tune
from cerberus_plan.model.objective import COST, THROUGHPUT, Objective, Slo
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.splits.unsure import TOO_WIDE, too_wide
from tests.planner.evidence.test_condition import ONE_CORE, planned, program, serial

SPLITS = ((1, 1), (1, 2), (2, 1))
ROUNDS = 5


def seen(share: float, noise: float = 0.0, seed: int = 0) -> list[tuple[int, int, float]]:
    """Rounds of one core, two cores, and two processes, of a program of which two cores show this serial share."""
    chance = random.Random(seed)
    true = {(1, 1): ONE_CORE, (1, 2): serial(share, 2), (2, 1): 2.0 * ONE_CORE}
    return [(m, k, true[m, k] * math.exp(noise * chance.gauss(0.0, 1.0))) for _ in range(ROUNDS) for m, k in SPLITS]


def of_one_process(found: Plan) -> float:
    """The most that one process is promised, in times of one core."""
    return max(c.throughput for c in found.candidates if c.vms == 1) / ONE_CORE


def asked_of(verdict: str) -> list[tuple[int, int]]:
    """The splits of the command that a verdict names."""
    (named,) = re.findall(r"`cerberus-plan tune --splits (\S+) --record FILE -- COMMAND`", verdict)
    return [(int(m), int(k)) for m, k in (split.split("x") for split in named.split(","))]


@pytest.mark.slow
@given(
    true=st.sampled_from([0.05, 0.1, 0.2, 0.35, 0.5]),
    hidden=st.booleans(),
    noise=st.sampled_from([0.01, 0.02, 0.05]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=6, deadline=None)
def test_one_process_is_promised_what_a_lock_unseen_on_two_cores_allows(
    true: float, hidden: bool, noise: float, seed: int
) -> None:
    """A lock that two cores show, or hide behind hardware that makes up for it, bounds one process at 1 / share."""
    found = planned(program(*seen(0.0 if hidden else true, noise, seed)), 32)
    assert of_one_process(found) <= 1.5 / true or found.verdict.startswith("Cannot tell")


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_sixteen_times_beyond_the_runs_the_verdict_names_what_to_run(noise: float) -> None:
    """An ideal program on two cores may be anything on 32: the two runs that tell most come first."""
    verdict = planned(program(*seen(0.0, noise, seed=1)), 32).verdict
    assert verdict.startswith("Cannot tell how much: ")
    assert "; measure on 32 cores, first " in verdict
    assert " Until then: Run " in verdict
    assert len(asked_of(verdict)) == 2


@pytest.mark.slow
def test_what_the_verdict_says_to_type_is_a_command() -> None:
    """Its options are those of `tune`, its splits fit the cores; what was run is not asked for again."""
    verdict = planned(program(*seen(0.0, 0.05, seed=1)), 32).verdict
    splits = asked_of(verdict)
    assert all(m * k <= 32 and (m, k) not in {(1, 1), (1, 2), (2, 1)} for m, k in splits)
    typed = shlex.split(verdict.partition("`cerberus-plan tune ")[2].partition("`")[0])
    alone = typer.Typer()
    alone.command(context_settings=tune.context_settings)(tune)  # type: ignore[attr-defined]
    given = typer.main.get_command(alone).make_context("tune", typed).params
    assert list(given["command"]) == ["COMMAND"]
    assert given["record"] == "FILE"
    assert split_list.splits(given["splits"], 32) == sorted(splits)


@pytest.mark.parametrize("cores", [2, 4])
def test_near_the_runs_the_plan_promises(cores: int) -> None:
    """Where the runs reach, or half of it, the recommendation stands without a reservation."""
    found = planned(program(*seen(0.0, 0.02)), cores)
    assert found.verdict.startswith("Run ")
    assert "Cannot tell" not in found.verdict


def test_without_runs_the_verdict_is_as_it_was() -> None:
    """Demands alone have the model's own error, which is stated; nothing is extended."""
    assert "Cannot tell" not in planned(program(), 32).verdict


@pytest.mark.slow
def test_the_run_that_was_asked_for_makes_it_a_promise() -> None:
    """What the verdict asks for, run, ends the doubt."""
    runs = [*seen(0.0, 0.02), (16, 2, 31.0 * ONE_CORE), (2, 16, 29.0 * ONE_CORE)]
    found = planned(program(*runs), 32)
    assert found.verdict.startswith("Run ")


@pytest.mark.slow
def test_the_single_instance_compared_with_is_held_to_the_same() -> None:
    """Sixteen cores in pairs are known within a factor of two, one process on 16 is not: the verdict says which."""
    found = planned(program(*seen(0.0)), 16)
    single = found.best_single
    assert single is not None
    assert not too_wide(found.best)
    assert single.high > TOO_WIDE * single.low
    assert found.verdict.startswith("Run ")
    assert "Cannot tell how much one Linux on 16 cores does" in found.verdict


@pytest.mark.slow
def test_a_wish_without_a_rate_hides_no_doubt() -> None:
    """The largest rate within a limit is as unknown as the throughput; a rate is judged at the low end."""
    found = planned(program(*seen(0.0)), 32)
    limit = Slo(name="mean", seconds=1.0)
    assert found.unsure
    assert aimed(found, Objective(kind=THROUGHPUT, slos=(limit,))).verdict.startswith(found.unsure + "Run ")
    assert not aimed(found, Objective(kind=COST, rate=ONE_CORE, slos=(limit,))).verdict.startswith("Cannot tell")
