"""What a plan says against itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cerberus_plan.calibration.paper import misfits
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan

AMD = catalog.machine("amd48")


def test_the_stored_misfits_are_those_of_the_shipped_files() -> None:
    """misfits.csv is what the comparison finds."""
    assert misfits.FILE.read_text(encoding="utf-8") == "".join(one.to_line() + "\n" for one in misfits.found())


@pytest.mark.slow
def test_nothing_twice_off_a_published_run_goes_without_warning() -> None:
    """Every published run that the model misses by more than a factor of two is in the list that plans warn from."""
    from cerberus_plan.calibration.paper.compare import compare

    rows = {row.id: row for row in compare().rows}
    listed = {(one.workload, one.system, one.vms, one.threads) for one in misfits.misfits()}
    for name, run in misfits.RUNS.items():
        error = rows[name].error
        assert error is not None
        if not 0.5 < 1.0 + error < 2.0:
            assert run in listed


@pytest.mark.parametrize(("system", "number"), [("xen-linux-shadow", "3.4 MB/s"), ("xen-linux", "246.5 MB/s")])
def test_a_plan_with_a_known_misfit_names_it(system: str, number: str) -> None:
    """dbench in shadow mode is twenty times too fast: the plan says what was published."""
    found = plan(AMD, catalog.workload("dbench"), [SYSTEMS[system]], Constraints(cores=32))
    (warning,) = [w for w in found.warnings if w.startswith("known misfit")]
    assert number in warning
    other = plan(AMD, catalog.workload("dbench"), [SYSTEMS["linux"]], Constraints(cores=32))
    assert not [w for w in other.warnings if w.startswith("known misfit")]


def test_a_ceiling_that_nothing_explains_is_named() -> None:
    """It limits dbench's best split under shadow paging, and does not vanish when paging is nested."""
    for system in ("cerberus", "kvm"):
        found = plan(AMD, catalog.workload("dbench"), [SYSTEMS[system]], Constraints(cores=48))
        assert found.best.bottleneck == "unidentified ceiling"
        assert any("nothing explains" in warning for warning in found.warnings)
        assert found.best.throughput < 3000.0


@pytest.mark.parametrize(("core", "expected"), [(1e10, "memory would stop it at what 4 of 16 cores do"), (2e9, "")])
def test_a_program_whose_bytes_nobody_counted_is_doubted_where_memory_could_bind(core: float, expected: str) -> None:
    """Four streams use up the memory of sixteen cores; where twenty would be needed there is nothing to say."""
    costs = {"memory_bandwidth": 4e10, "memory_bandwidth_core": core}
    machine = replace(
        AMD,
        topology=Topology.regular(sockets=1, cores_per_l3=16),
        quantities={**AMD.quantities, **{name: Quantity(value=value, unit="B/s") for name, value in costs.items()}},
    )
    workload = replace(
        catalog.workload("histogram"), operations={"compute": Quantity(value=1e-3, unit="s")}, job_units=None
    )
    found = plan(machine, workload, [SYSTEMS["linux"]], Constraints(cores=16))
    told = [warning for warning in found.warnings if "is not known (memory_bytes)" in warning]
    assert len(told) == bool(expected)
    assert all(expected in warning for warning in told)
