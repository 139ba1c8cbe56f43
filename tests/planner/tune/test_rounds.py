"""Repeats are spent on close rivals only, in turns, and never beyond what is allowed."""

import random

import pytest

from cerberus_plan.calibration.splits.fit import splits_of
from cerberus_plan.calibration.splits.search import Search
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.planner.tune.rounds import close_rivals, tune
from cerberus_plan.planner.tune.run_split import SplitRun, divides


def world(rates: dict[tuple[int, int], float], noise: float, seed: int = 0):
    """Runs splits of a machine that is made up, with multiplicative noise."""
    dice = random.Random(seed)

    def run(split: tuple[int, int]) -> SplitRun:
        rate = rates[split] * (1 + noise * dice.uniform(-1, 1))
        return SplitRun(split=split, throughput=rate, seconds=1.0, others=0.0, stolen=0.0)

    return run


def counted(rates: dict[tuple[int, int], float], noise: float, repeats: int) -> tuple[list[tuple[int, int]], Search]:
    search = Search(candidates=list(rates), budget=4, target=0.0)
    return [run.split for run in tune(search, world(rates, noise), repeats=repeats)], search


def test_clear_differences_are_not_repeated() -> None:
    runs, search = counted({(1, 8): 1.0, (2, 4): 2.0, (4, 2): 4.0, (8, 1): 8.0}, 0.01, 5)
    assert len(runs) == len(set(runs)) <= 4
    assert close_rivals(search) == ()


@pytest.mark.parametrize("repeats", [1, 2, 5])
def test_rivals_within_the_noise_are_run_in_turns(repeats: int) -> None:
    runs, search = counted({(1, 8): 1.0, (2, 4): 2.0, (4, 2): 8.0, (8, 1): 8.1}, 0.03, repeats)
    assert max(runs.count(split) for split in set(runs)) <= repeats
    if repeats > 1:
        assert runs.count((4, 2)) > 1
        assert runs.count((8, 1)) > 1
        assert runs.count((1, 8)) == 1
    assert {(4, 2), (8, 1)} <= search.different


def test_equal_and_quiet_ends_when_it_is_clear() -> None:
    """Without noise a gap of 5 % is clear after one repeat of each."""
    runs, _ = counted({(1, 8): 1.0, (2, 4): 2.0, (4, 2): 8.0, (8, 1): 8.4}, 0.0, 9)
    assert len(runs) <= 8


def test_which_commands_divide_themselves() -> None:
    assert divides(("mpirun", "-n", "{instances}", "app"))
    assert not divides(("app", "--threads", "{cores}"))
    assert not divides(("app", "{instance}", "{instances}"))
    assert splits_of(2) == [(2, 1), (1, 2)]


def test_of_many_that_are_alike_the_chosen_one_is_run_again() -> None:
    """Nothing gains by splitting: the repeats go to the split that is recommended, and to one other."""
    runs, search = counted({(1, 8): 8.0, (2, 4): 8.0, (4, 2): 8.0, (8, 1): 8.0}, 0.0, 3)
    assert search.best == (1, 8)
    assert runs.count((1, 8)) == 3
    assert sum(runs.count(split) > 1 for split in set(runs)) == 2


def test_a_gap_within_the_scatter_of_runs_is_no_clear_one() -> None:
    """Runs of one split three times apart: half as much again is not told by one run of the other."""
    search = Search(candidates=[(1, 8), (8, 1)], budget=2, target=0.0)
    for split, rate in (((1, 8), 1.0), ((1, 8), 3.0), ((8, 1), 2.6)):
        search.add(Measurement(instances=split[0], cores_per_instance=split[1], value=rate))
    assert set(close_rivals(search)) == {(1, 8), (8, 1)}
