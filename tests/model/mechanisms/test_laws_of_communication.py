"""Laws of messages, spawning and paging."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.mechanisms import messages, paging, spawn

VMS = st.integers(1, 512)
SECONDS = st.floats(0, 1e-2)


@given(vms=VMS, round_trip=SECONDS)
def test_one_vm_needs_no_messages(vms: int, round_trip: float) -> None:
    """Nothing is remote with one VM; with more, broadcasts grow with the others."""
    assert messages.remote_share(np, 1) == 0
    assert messages.broadcast_time(np, 1, round_trip) == 0
    assert messages.broadcast_time(np, vms, round_trip) == pytest.approx((vms - 1) * round_trip)
    assert 0 <= messages.remote_share(np, vms) < 1


@given(cores=st.integers(1, 4096), per_chip=st.integers(1, 64), extra=st.floats(0, 3))
def test_distance_grows_from_one_chip_to_all_remote(cores: int, per_chip: int, extra: float) -> None:
    """On one chip no transfer is dearer; with many nearly all are."""
    factor = messages.distance_factor(np, cores, per_chip, extra)
    assert 1 <= factor <= 1 + extra + 1e-12
    assert factor <= messages.distance_factor(np, cores + per_chip, per_chip, extra) + 1e-12
    assert messages.distance_factor(np, per_chip, per_chip, extra) == 1


@given(vms=VMS, fixed=SECONDS, each=SECONDS)
def test_spawning_is_a_line_in_the_vms(vms: int, fixed: float, each: float) -> None:
    """One VM spawns locally for free; each further VM costs the slope."""
    assert spawn.spawn_time(np, 1, fixed, each) == 0
    further = spawn.spawn_time(np, vms + 2, fixed, each) - spawn.spawn_time(np, vms + 1, fixed, each)
    assert further == pytest.approx(each, abs=1e-9)


def test_spawn_line_meets_table_4() -> None:
    """Table 4: remote clone 3.21 ms for one thread and 30.79 ms for 24."""
    fixed, each = spawn.line_through(3.21, 30.79, 24)
    assert fixed + each == pytest.approx(3.21)
    assert spawn.spawn_time(np, 24, fixed, each) == pytest.approx(30.79)


@given(threads=st.integers(1, 64), per_core=st.floats(0, 1))
def test_flushes_grow_linearly_with_the_cores_of_a_vm(threads: int, per_core: float) -> None:
    """The first core flushes only itself."""
    time = paging.hypervisor_time(np, 1e-6, threads, per_core)
    assert time == pytest.approx(1e-6 * (1 + per_core * (threads - 1)))
