"""Turns, switches and wake-ups on the real clock, within what any Linux does."""

from __future__ import annotations

import os

import pytest

from cerberus_plan.calibration.campaign.host_profile import Effort, measure_host


@pytest.mark.slow
@pytest.mark.hardware
def test_this_host_takes_turns_and_wakes() -> None:
    """A slice is many switches long, and ends long before a second; waking another core takes no slice."""
    found = measure_host(effort=Effort(processes=1, rounds=6, quick=True), only=("run_queue",)).quantities
    assert 0.3e-3 < found["time_slice"].value < 0.2  # from the shortest base slice to the longest round robin
    assert 0.1e-6 < found["thread_switch"].value < 1e-3
    assert found["thread_switch"].value < 0.1 * found["time_slice"].value
    if len(os.sched_getaffinity(0)) > 1:
        assert 0.2e-6 < found["wake_up"].value < found["time_slice"].value
    assert all(quantity.low < quantity.value < quantity.high for quantity in found.values())  # type: ignore[operator]
