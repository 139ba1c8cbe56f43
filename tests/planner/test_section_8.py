"""Section 8 of the source: programs that clustering does not help get that verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
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


def test_mappings_favour_fewer_vms() -> None:
    """Broadcasts grow with the VMs: the best cluster has fewer of them."""

    def best_vms(found: Plan) -> int:
        return max((c for c in found.candidates if c.system == "cerberus"), key=lambda c: c.throughput).vms

    assert best_vms(planned(address_space_calls=0.5)) < best_vms(planned())
