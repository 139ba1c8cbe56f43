"""The model's error widens intervals, but moves no more bytes than the machine's memory does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan

NAMES = ("linux", "processes", "kvm")


def test_splits_that_memory_bounds_alike_are_told_to_lose_little() -> None:
    """A stream on all cores: no split gains what memory does not move, so the risk is small and the answer is one."""
    operations = {
        "compute": Quantity(value=1e-4, unit="s", provenance=Provenance.MEASURED, source="here"),
        "memory_bytes": Quantity(value=1e6, unit="B", provenance=Provenance.MEASURED, source="here"),
    }
    stream = Workload(name="stream", description="", unit="units/s", units_per_cycle=1.0, operations=operations)
    found = plan(catalog.machine("epyc-7763-1s"), stream, [SYSTEMS[name] for name in NAMES], Constraints(cores=64))
    assert "memory bandwidth" in found.best.bottleneck
    assert not found.verdict.startswith("Cannot tell")


@pytest.mark.slow
@settings(max_examples=12)
@given(megabytes=st.floats(0.01, 100.0), compute=st.floats(1e-6, 1e-2), cores=st.integers(1, 96))
def test_no_interval_ends_beyond_what_memory_moves(megabytes: float, compute: float, cores: int) -> None:
    """Upper ends times bytes a unit stay within the capacity, for every system and split."""
    machine = catalog.machine("epyc-7763-1s")
    work = {"compute": ("s", compute), "memory_bytes": ("B", megabytes * 1e6)}
    operations = {
        name: Quantity(value=value, unit=unit, provenance=Provenance.MEASURED, source="here")
        for name, (unit, value) in work.items()
    }
    stream = Workload(name="stream", description="", unit="units/s", units_per_cycle=1.0, operations=operations)
    most = machine.quantities["memory_bandwidth"].value
    found = plan(machine, stream, [SYSTEMS[name] for name in NAMES], Constraints(cores=cores))
    for candidate in found.candidates:
        assert candidate.low <= candidate.throughput <= candidate.high
        assert candidate.high * megabytes * 1e6 <= most * (1.0 + 1e-9)
