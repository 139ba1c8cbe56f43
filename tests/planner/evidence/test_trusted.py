"""Which split a plan with runs recommends: one that was never run must promise more, and fewer instances no less."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.splits.decide import TRUST
from cerberus_plan.calibration.splits.measured import NOISE_OF_ONE_RUN, Measured
from cerberus_plan.calibration.splits.posterior import weigh
from cerberus_plan.planner.evidence.condition import _spread
from cerberus_plan.planner.splits.choose import NEGLIGIBLE
from tests.calibration.splits.test_luck import linear, nothing_shared
from tests.planner.evidence.test_condition import ONE_CORE, planned, program

FULL = st.floats(2.0, 16.0)


@pytest.mark.slow
@given(most=FULL, halves=st.floats(0.7, 1.0), one=st.floats(0.3, 1.0))
@settings(max_examples=8, deadline=None)
def test_what_was_run_gives_way_only_to_what_promises_more(most: float, halves: float, one: float) -> None:
    """Whatever rule chose: fewer instances, fewer cores or the smallest loss."""
    rates = {(1, 1): 1.0, (16, 1): most, (8, 2): most * halves, (1, 16): most * one}
    found = planned(program(*((m, k, rate * ONE_CORE) for (m, k), rate in rates.items())), 16)
    run = [c for c in found.candidates if (c.vms, c.cores_per_vm) in rates and (c.system == "linux") == (c.vms == 1)]
    least = min(candidate.regret for candidate in run)
    if found.best in run:
        assert found.best.regret <= least + NEGLIGIBLE
    else:
        assert found.best.regret <= least - TRUST + NEGLIGIBLE


def test_the_rule_says_against_whom_nothing_is_lost() -> None:
    """Eight processes did what sixteen do; both may lose much against a split that nobody has run."""
    found = planned(program((1, 1, ONE_CORE), (8, 1, 4 * ONE_CORE), (16, 1, 4 * ONE_CORE)), 16)
    assert (found.best.vms, found.best.cores_per_vm) == (8, 1)
    assert "Chosen for fewer instances: against 16 processes of 1 core" in found.reason


@given(st.sampled_from([4, 16, 48]), st.floats(0.001, NOISE_OF_ONE_RUN))
def test_neighbours_of_a_run_stray_with_it(cores: int, noise: float) -> None:
    """Where programs are known to be linear all splits of a draw do alike, those that were run among them."""
    measured = Measured.of(linear(cores))
    posterior = weigh(measured, nothing_shared(noise))
    asked = [(m, k) for m in range(1, cores + 1) for k in (1, 2, cores) if m * k <= cores]
    found = _spread(posterior, measured, asked, posterior.paths(asked))
    a_core = found - np.log([m * k for m, k in asked])
    apart = a_core - a_core[:, [asked.index((cores, 1))]]
    assert apart.std(axis=0).max() < 0.4 * NOISE_OF_ONE_RUN
    assert a_core.std() > 0.9 * noise
