"""What a plan says against itself."""

from __future__ import annotations

import pytest

from cerberus_plan.calibration.paper import misfits
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan

AMD = catalog.machine("amd48")


def test_the_stored_misfits_are_those_of_the_shipped_files() -> None:
    """misfits.csv is what the comparison finds."""
    assert misfits.FILE.read_text(encoding="utf-8") == "".join(one.to_line() + "\n" for one in misfits.found())


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
