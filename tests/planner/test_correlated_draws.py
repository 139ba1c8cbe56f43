"""Numbers fitted together are drawn together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cerberus_plan.calibration.paper import correlation, derived
from cerberus_plan.calibration.paper import refit as fit
from cerberus_plan.calibration.paper.correlation import FROM_CALC_TIME, index_of, root
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.quantity import Provenance
from cerberus_plan.planner.splits.draws import draw

MACHINE, DBENCH, HISTOGRAM = catalog.machine("amd48"), catalog.workload("dbench"), catalog.workload("histogram")


def logs(values: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Logarithms of a quantity over the draws, centred."""
    found = np.log(values[name][0])
    return found - found.mean()


def test_draws_follow_the_fit() -> None:
    """dbench's hypervisor operations and their cost are anti-correlated: only the product was seen."""
    costs, operations = draw(MACHINE.quantities, DBENCH.operations)
    one, other = logs(costs, "hypervisor_operation"), logs(operations, "hypervisor_operations")
    found = one @ other / np.sqrt((one @ one) * (other @ other))
    names = [parameter.name for parameter in fit.PARAMETERS]
    kept = fit.stored()["correlation"][names.index("hypervisor_operation")][names.index("hypervisor_operations")]
    assert kept < -0.2
    assert found == pytest.approx(kept, abs=0.05)


def test_derived_costs_err_with_their_origin() -> None:
    """A page fault is derived from calc's time: both are off by the same factor."""
    costs, operations = draw(MACHINE.quantities, HISTOGRAM.operations)
    assert logs(costs, "page_fault") == pytest.approx(logs(operations, "compute"), rel=0.02, abs=1e-3)


def test_draws_stay_antithetic_and_central() -> None:
    """Draw 0 is the shipped value; pairs lie on opposite sides with the interval's spread."""
    costs, _ = draw(MACHINE.quantities, DBENCH.operations)
    for name in ("hypervisor_per_core", "block_search"):
        row, quantity = np.log(costs[name][0]), MACHINE.quantities[name]
        assert row[0] == pytest.approx(np.log(quantity.value))
        assert row[1::2] - row[0] == pytest.approx(-(row[2::2] - row[0]))
        assert row.std() == pytest.approx(quantity.sigma, rel=0.25)


def test_edited_values_err_alone() -> None:
    """Another interval or an assumed value has no part in the fit's correlation; units do not matter."""
    cost = MACHINE.quantities["hypervisor_operation"]
    assert index_of("hypervisor_operation", cost) is not None
    edited = replace(cost, high=cost.value * 1.5)
    assert index_of("hypervisor_operation", edited) is None
    assert cost.low is not None
    assert cost.high is not None
    doubled = replace(cost, value=2 * cost.value, low=2 * cost.low, high=2 * cost.high)
    assert index_of("hypervisor_operation", doubled) == index_of("hypervisor_operation", cost)
    assert index_of("hypervisor_operation", replace(cost, provenance=Provenance.ASSUMED)) is None


def test_what_follows_calc_time_is_what_is_derived_from_it() -> None:
    """The list kept for speed is that of the closed forms, and the stored order is the fit's."""
    assert set(FROM_CALC_TIME) == derived.paging(1.0).keys()
    kept = [(row["file"], row["name"]) for row in fit.stored()["parameters"][: len(fit.PARAMETERS)]]
    assert kept == [(parameter.file, parameter.name) for parameter in fit.PARAMETERS]


def test_roots_give_the_correlation() -> None:
    """The root times its transpose is the stored matrix."""
    everyone = range(len(fit.PARAMETERS))
    assert root(everyone) @ root(everyone).T == pytest.approx(np.array(fit.stored()["correlation"]))


def test_stored_correlation_is_the_fit() -> None:
    """The matrix from the stored values is what is stored."""
    rows = {(row["file"], row["name"]): row["value"] for row in fit.stored()["parameters"]}
    at = np.log([rows[parameter.file, parameter.name] for parameter in fit.PARAMETERS])
    again = fit.correlation(at, rows["dbench", "kernel_compute"])
    assert again == pytest.approx(np.array(fit.stored()["correlation"]), abs=5e-3)


def test_the_fast_file_is_the_stored_fit() -> None:
    """correlation.csv says what fit.json says."""
    fast = Path(correlation.__file__).parent / "correlation.csv"
    assert fast.read_text(encoding="utf-8") == fit.correlation_lines(fit.stored())
