"""Arithmetic of the measurements, without a guest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.kvm import guest, probes
from cerberus_plan.calibration.kvm.result import MEANING


@given(st.integers(1, 600))
def test_widths_grow_to_the_last_cpu(n_cpus: int) -> None:
    """Numbers of vCPUs increase from 2 to what the host has, and never beyond what a guest has room for."""
    widths = probes.widths(n_cpus)
    assert widths == sorted(set(widths))
    assert (widths[0], widths[-1]) == (2, min(n_cpus, guest.MAX_VCPUS)) if n_cpus > 1 else widths == []


@given(st.integers(1, 8), st.integers(1, 50), st.floats(1e-7, 1e-3))
def test_equal_vcpus_have_the_time_of_one(vcpus: int, touches: int, step: float) -> None:
    """If all advance together the time per touch is their common step."""
    stamps = step * np.arange(touches + 1)
    assert probes.seconds_each([stamps] * vcpus) == pytest.approx(step)


def test_only_the_time_while_all_work_counts() -> None:
    """A slow vCPU's lonely tail, when the others are done, is left out."""
    fast, slow = np.arange(11) * 1.0, np.concatenate([np.arange(6) * 2.0, 10.0 + np.arange(1, 6) * 1.0])
    assert probes.seconds_each([fast, slow]) == pytest.approx(10.0 * 2 / 15)


def test_every_phase_yields_cases_that_the_result_knows() -> None:
    """No case is measured in vain, and none of the result is never measured."""
    cases = {case for _, names in probes.phases(1).values() for case in names}
    assert cases == set(MEANING)


def test_more_cpus_add_contention_phases() -> None:
    """Five CPUs try 2, 4 and 5 vCPUs at once."""
    added = set(probes.phases(5)) - set(probes.phases(1))
    assert added == {"kvm_fault_together_2", "kvm_fault_together_4", "kvm_fault_together_5"}
