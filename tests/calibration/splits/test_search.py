"""The search keeps its budget, stops when all is known, and what is worth measuring obeys the laws of information."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.splits.decide import Outlook, shares
from cerberus_plan.calibration.splits.design import next_split, worth
from cerberus_plan.calibration.splits.fit import splits_of
from cerberus_plan.calibration.splits.search import Search
from cerberus_plan.model.measurement import Measurement

FEW = settings(max_examples=8)


def searched(truth: dict[tuple[int, int], float], budget: int, target: float = 0.0) -> Search:
    search = Search(candidates=list(truth), budget=budget, target=target)
    while (split := search.wanted()) is not None:
        search.add(Measurement(instances=split[0], cores_per_instance=split[1], value=truth[split]))
        assert len(search.runs) <= budget
    return search


@pytest.mark.slow
@FEW
@given(data=st.data(), cores=st.sampled_from([4, 12, 16]), budget=st.integers(1, 6))
def test_the_budget_is_kept_and_no_split_is_run_twice(data: st.DataObject, cores: int, budget: int) -> None:
    truth = {split: data.draw(st.floats(1.0, 100.0)) for split in splits_of(cores)}
    search = searched(truth, budget)
    assert len(search.different) == len(search.runs) <= min(budget, len(truth))
    assert search.best in truth
    if len(search.runs) == len(truth):
        assert truth[search.best] >= max(truth.values()) / 1.1  # as far as one noisy run of each can tell


@pytest.mark.slow
def test_a_clear_case_is_left_early() -> None:
    """A program whose instances are one hundred times better alone needs no third run of six."""
    truth = {(m, k): float(m * k) / k**1.5 for m, k in splits_of(32)}
    search = searched(truth, budget=6, target=0.02)
    assert search.best == (32, 1)
    assert len(search.runs) <= 4


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), candidates=st.integers(2, 6))
def test_seeing_more_is_worth_at_least_as_much(seed: int, candidates: int) -> None:
    """Nothing seen: the best guess. All seen: nearly all. One seen: in between, up to the error of 300 draws."""
    paths = np.random.default_rng(seed).normal(0, 0.5, (300, candidates))
    share = shares(paths)
    nothing, one = worth(paths[:, []], share), worth(paths[:, [0]], share)
    everything = worth(paths[:, :2], share) if candidates == 2 else 1.0
    assert nothing - 0.03 <= one <= 1.0
    assert one <= everything + 0.03
    assert nothing == pytest.approx(share.mean(axis=0).max())


def test_the_split_whose_value_decides_is_asked_for() -> None:
    """Two are known alike; one open split may double or halve, another is known to be bad."""
    random = np.random.default_rng(0)
    paths = np.stack([np.zeros(400), np.zeros(400), random.normal(0, 0.7, 400), random.normal(-3, 0.01, 400)], axis=1)
    outlook = Outlook(paths=paths, measured=np.array([True, True, False, False]))
    assert next_split(outlook, left=1) == 2
    assert next_split(outlook, left=2) == 2
    assert next_split(Outlook(paths=paths, measured=np.ones(4, dtype=bool)), left=2) is None
    assert next_split(outlook, left=0) is None


def test_many_candidates_are_thinned_not_refused() -> None:
    search = Search(candidates=[(m, 1) for m in range(1, 41)], budget=3, target=0.0)
    first = search.wanted()
    assert first in search.candidates
