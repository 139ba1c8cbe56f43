"""The compiled table for large instances against the general solver, the plain table, and as laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.model.exact.splits import _wide, occupancy, solution, throughput
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.structure import Structure

TIMES = st.floats(1e-3, 10.0)


def _structure(think: float, hold: float, handover: float, demand: float) -> Structure:
    return Structure(
        local=(
            Delay(np.array([[think]])),
            TicketLock(np.array([[hold]]), handover=np.array([[handover]]), name="lock"),
        ),
        shared=(Queue(np.array([[demand]]), name="bus"),),
    )


@pytest.mark.slow
@settings(max_examples=60)
@given(times=st.tuples(TIMES, TIMES, TIMES, TIMES), vms=st.integers(1, 12), threads=st.integers(1, 40))
def test_it_equals_the_general_solver(times: tuple[float, float, float, float], vms: int, threads: int) -> None:
    """Throughput and occupancy, collapsing locks included."""
    structure = _structure(*times)
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    wide = _wide(structure, splits)
    assert wide is not None
    exact = solution(structure, splits, 0)
    assert wide.throughput()[0, 0] == pytest.approx(exact.throughput, rel=1e-9)
    lengths: dict[str, float] = {}
    for station in exact.stations:
        lengths[station.name] = lengths.get(station.name, 0.0) + station.queue_length
    for name, length in wide.occupancy(structure.local, structure.shared).items():
        assert length[0] == pytest.approx(lengths[name], rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(("vms", "threads"), [(1, 900), (2, 512), (3, 341), (16, 64)])
@pytest.mark.parametrize("handover", [0.002, 0.3])
@pytest.mark.slow
def test_large_instances_equal_the_general_solver(vms: int, threads: int, handover: float) -> None:
    """Where plain tables end and the lock collapses, within rounding."""
    structure = _structure(40.0, 0.6, handover, 0.02)
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    assert throughput(structure, splits, 1)[0, 0] == pytest.approx(solution(structure, splits, 0).throughput, rel=1e-9)


@pytest.mark.slow
def test_everybody_is_somewhere_in_large_instances() -> None:
    """Mean customers sum to the threads."""
    splits = Splits(vms=np.array([1.0, 2.0, 4.0, 256.0]), threads=np.array([1024.0, 512.0, 256.0, 4.0]))
    found = occupancy(_structure(40.0, 0.6, 0.3, 0.02), splits)
    assert sum(found.values()) == pytest.approx(splits.vms * splits.threads, rel=1e-9)
    assert all((length >= -1e-9).all() for length in found.values())
