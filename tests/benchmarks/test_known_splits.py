"""Invented programs of known law through `fit`: what small runs show is carried on to four times the cores."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cerberus_plan import Delay, Instance, Queue, solve

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SHOWN = (
    "process lock, 20 % of the work",
    "machine lock, 15 %",
    "memory bandwidth of 6 cores",
    "start-up, 3 % an instance",
)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("known_splits")


@given(st.integers(1, 24), st.floats(0.01, 0.9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_lock_of_an_invented_program_is_the_exact_network(known: ModuleType, threads: int, share: float) -> None:
    """Without a hand-over: one station of computing and one lock, as the solver has it."""
    network = [Instance(threads=threads, stations=[Delay(1.0 - share), Queue(share)])]
    assert known.queue(threads, share) == pytest.approx(solve(instances=network).throughput, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_what_small_runs_show_is_carried_to_four_times_the_cores(known: ModuleType, name: str) -> None:
    """The truth of each split inside its interval, the owner known, and little lost by the choice."""
    program = next(program for program in known.PROGRAMS if program.name == name)
    found = [known.by_fit(program, seed) for seed in (0, 1)]
    assert np.mean([one.covered for one in found]) >= 0.9
    assert np.mean([one.owner for one in found]) > 0.5
    assert max(one.regret for one in found) <= 0.05
