"""Laws of the last-level cache that threads share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.model.mechanisms.shared_cache import missing, share
from cerberus_plan.model.structure import Costs
from cerberus_plan.model.systems.hardware import crowded

MIB = 2**20
counts = st.integers(1, 200)
MACHINE = {
    "physical_cores": 16.0, "cores_per_l3": 8.0, "l3_bytes": 32.0 * MIB, "memory_miss": 4e-8,
    "memory_bandwidth": 1e11,
}  # fmt: skip


def beside(threads: int, working_set: float, **operations: float) -> dict[str, float]:
    """Operations of a program beside its like on two caches of eight cores."""
    given_operations = {"compute": 1e-4, "cache_bytes": 64e3, "working_set_bytes": working_set, **operations}
    return dict(crowded(Costs("m", MACHINE), Costs("w", given_operations), threads).values)


@given(counts, st.sampled_from([(16, 8), (64, 8), (6, 6), (96, 8)]), st.floats(1e6, 1e9))
def test_shares_add_up_to_the_caches_in_use(threads: int, shape: tuple[int, int], capacity: float) -> None:
    """All threads together have what the groups they fill hold, and nobody more than one cache."""
    cores, each = shape
    groups = min(-(-threads // each), cores // each)
    held = float(share(np, threads, cores, each, capacity))
    assert held <= capacity
    assert held * threads == pytest.approx(groups * capacity)


@given(counts, st.floats(1e4, 1e10))
def test_a_cycle_never_moves_less_beside_others(threads: int, working_set: float) -> None:
    """More bytes and more time than alone, at most all that goes to the cache."""
    alone, found = beside(1, working_set), beside(threads, working_set)
    assert 0.0 <= alone["memory_bytes"] <= found["memory_bytes"] <= 64e3
    assert found["compute"] == pytest.approx(1e-4 + found["memory_bytes"] / 64 * 4e-8)


def test_alone_nothing_is_added() -> None:
    """What a program was measured with holds its own misses."""
    assert beside(1, 1e9, memory_bytes=5e3)["memory_bytes"] == 5e3


def test_what_fits_in_an_eighth_is_not_disturbed() -> None:
    """Eight threads of 4 MiB at a cache of 32 MiB keep what they use; of 8 MiB they lose half."""
    assert beside(8, 4.0 * MIB)["memory_bytes"] == 0.0
    assert beside(8, 8.0 * MIB)["memory_bytes"] == pytest.approx(32e3)
    assert beside(16, 8.0 * MIB)["memory_bytes"] == pytest.approx(32e3)  # eight at each of two caches


@given(st.floats(0.0, 1e9), st.floats(0.0, 1e9))
def test_the_part_that_is_missed_is_a_part(working_set: float, held: float) -> None:
    """Between nothing and all, and nothing where all is held."""
    assert 0.0 <= missing(np, working_set, held) <= 1.0
    assert missing(np, working_set, working_set) == 0.0


def test_without_a_size_nothing_changes() -> None:
    """A machine whose caches nobody measured leaves the operations as they are."""
    operations = Costs("w", {"cache_bytes": 1e3, "working_set_bytes": 1e6})
    assert crowded(Costs("m", {"physical_cores": 4.0}), operations, 4) is operations
