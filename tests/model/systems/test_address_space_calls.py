"""mmap and its kind hold the address-space lock in every system; listings ask every VM of a cluster."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.exact.splits import Splits, throughput
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan

AMD = catalog.machine("amd48")


def program(**operations: float) -> Workload:
    """A program of 100 us of compute and these operations a cycle."""
    counts = {name: Quantity(value=value, unit="1") for name, value in operations.items()}
    compute = Quantity(value=1e-4, unit="s")
    return Workload(
        name="mapper", description="", unit="ops/s", units_per_cycle=1.0, operations={"compute": compute, **counts}
    )


def rate(system: str, workload: Workload, vms: int, threads: int) -> float:
    splits = Splits(vms=np.array([float(vms)]), threads=np.array([float(threads)]))
    structure = SYSTEMS[system].law(AMD.costs(), workload.costs(), *splits.columns)
    return float(throughput(structure, splits, 1)[0, 0])


def test_one_linux_is_limited_by_its_mmap_lock() -> None:
    """Ten calls per 100 us on 48 cores: what the lock serves, not 48 times one core."""
    calls = program(address_space_calls=10.0)
    most = 1.0 / (10.0 * AMD.quantities["address_space_call"].value)
    assert rate("linux", calls, 1, 48) == pytest.approx(most, rel=1e-3)
    found = plan(AMD, calls, [SYSTEMS["linux"]], Constraints(cores=48))
    assert found.best.bottleneck == "address-space lock"


@pytest.mark.slow
@given(hold=st.floats(1e-7, 1e-5), passing=st.floats(0.0, 1e-4), calls=st.floats(5.0, 50.0))
def test_waiters_of_todays_lock_are_passed_it_one_by_one(hold: float, passing: float, calls: float) -> None:
    """A crowd is served at calls x (hold + passing) each, however many wait; one thread never pays for passing."""
    costs = {"address_space_call": hold, "address_space_passing": passing}
    measured = replace(AMD.costs(), values={**AMD.costs().values, **costs})
    work = program(address_space_calls=calls)

    def served(threads: int) -> float:
        splits = Splits(vms=np.array([1.0]), threads=np.array([float(threads)]))
        structure = SYSTEMS["linux"].law(measured, work.costs(), *splits.columns)
        return float(throughput(structure, splits, 1)[0, 0])

    assert served(1) == pytest.approx(1.0 / (1e-4 + calls * hold))
    most = 1.0 / (calls * (hold + passing))
    assert served(512) <= most * (1 + 1e-9)
    if calls * (hold + passing) > 1e-6:
        assert served(512) == pytest.approx(most, rel=1e-3)


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_every_system_pays_for_them(system: str) -> None:
    """A program that maps is slower than one that does not, on one thread and on many."""
    vms = 2 if system == "processes" else 1
    for threads in (1, 8):
        assert rate(system, program(address_space_calls=1.0), vms, threads) < rate(system, program(), vms, threads)


def test_processes_and_vms_split_the_lock_and_a_cluster_does_not() -> None:
    """Own address spaces scale; one address space over many VMs repeats each call in all of them."""
    calls = program(address_space_calls=10.0)
    for system in ("processes", "kvm"):
        assert rate(system, calls, 24, 2) > 5.0 * rate("linux", calls, 1, 48)
    assert rate("cerberus", calls, 24, 2) < rate("linux", calls, 1, 48)


def test_a_listing_asks_every_vm() -> None:
    """With 24 VMs a listing takes 23 messages, with one none."""
    listing, trip = program(directory_listings=1.0), AMD.quantities["message_round_trip"].value
    assert 1.0 / rate("cerberus", listing, 1, 1) == pytest.approx(1e-4)
    assert 24.0 / rate("cerberus", listing, 24, 1) == pytest.approx(1e-4 + 23 * trip)
