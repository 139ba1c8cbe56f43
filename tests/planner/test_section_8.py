"""Section 8 of the source: programs that clustering does not help get that verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Constraints, Plan
from cerberus_plan.planner.splits.choose import plan


def planned(**operations: float) -> Plan:
    """Histogram on 48 cores with more of some operations in each cycle."""
    histogram = catalog.workload("histogram")
    more = {name: Quantity(value=value, unit="1") for name, value in operations.items()}
    changed = replace(histogram, operations={**histogram.operations, **more})
    systems = [SYSTEMS[name] for name in ("linux", "cerberus")]
    return plan(catalog.machine("amd48"), changed, systems, Constraints(cores=48, max_vms=24))


def test_histogram_itself_is_helped() -> None:
    """Few messages and mappings: clustering wins."""
    assert planned().best.system == "cerberus"


@pytest.mark.parametrize("operations", [{"messages": 10.0}, {"address_space_calls": 1.0}])
def test_communication_makes_one_linux_best(operations: dict[str, float]) -> None:
    """Many messages or mappings a page: one Linux, and the verdict says so."""
    found = planned(**operations)
    assert found.best.system == "linux"
    assert "Clustering does not help" in found.verdict


@pytest.mark.slow
def test_mappings_favour_fewer_vms() -> None:
    """Broadcasts grow with the VMs: the best cluster has fewer of them."""

    def best_vms(found: Plan) -> int:
        return max((c for c in found.candidates if c.system == "cerberus"), key=lambda c: c.throughput).vms

    assert best_vms(planned(address_space_calls=0.5)) < best_vms(planned())


def mapping_program() -> Workload:
    """100 us of computing and ten mmap calls a cycle."""
    operations = {
        "compute": Quantity(value=100e-6, unit="s"),
        "address_space_calls": Quantity(value=10.0, unit="1"),
    }
    return replace(
        catalog.workload("histogram"),
        name="mapper",
        unit="ops/s",
        units_per_cycle=1.0,
        job_units=None,
        operations=operations,
    )


def test_ten_mappings_in_100_us_limit_one_linux_by_its_address_space_lock() -> None:
    """One Linux on 48 cores does what its lock lets through, says that it is the lock, and 48 cores lose to fewer."""
    machine = catalog.machine("amd48")
    held = 10.0 * machine.quantities["address_space_call"].value
    found = plan(machine, mapping_program(), [SYSTEMS["linux"]], Constraints(cores=48))
    whole = found.best_all_cores
    assert whole is not None
    assert whole.bottleneck == "address-space lock"
    assert whole.throughput == pytest.approx(1.0 / held, rel=0.15)
    assert whole.throughput < 0.5 * 48 / 100e-6
    assert whole.ledger["address-space lock"] > 0.5


def test_the_verdict_on_mappings_uses_the_lock_of_one_linux() -> None:
    """Processes split the lock and Cerberus tells all its VMs: the verdict follows from what both pay for a mapping."""
    machine, mapper = catalog.machine("amd48"), mapping_program()
    split = plan(machine, mapper, [SYSTEMS["linux"], SYSTEMS["processes"]], Constraints(cores=48))
    assert split.best.system == "processes"
    told = plan(machine, mapper, [SYSTEMS["linux"], SYSTEMS["cerberus"]], Constraints(cores=48))
    one = max(c.throughput for c in told.candidates if c.system == "linux")
    clustered = max(c.throughput for c in told.candidates if c.system == "cerberus" and c.vms > 1)
    assert (told.best.vms == 1) == (one >= clustered * 0.999)
    assert ("Clustering does not help" in told.verdict) == (told.best.vms == 1)
