"""Draws: central, antithetic, orthogonal, and together where a fit says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.paper import correlation, derived
from cerberus_plan.calibration.paper import refit as fit
from cerberus_plan.calibration.paper.correlation import root, rows
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.planner.splits.draws import FEWEST_DRAWS, draw, draws_for, normals_of, standard_normals

MACHINE, DBENCH, HISTOGRAM = catalog.machine("amd48"), catalog.workload("dbench"), catalog.workload("histogram")


def logs(values: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Logarithms of a quantity over the draws, centred."""
    found = np.log(values[name][0])
    return found - found.mean()


@pytest.mark.slow
@settings(max_examples=20)
@given(st.integers(1, 60))
def test_columns_are_orthogonal_and_of_the_right_length(n: int) -> None:
    """Whatever the number of quantities: no two columns correlate, and each has mean square 1."""
    n_draws = draws_for(n)
    normals = standard_normals(n_draws, n)
    assert normals[0] == pytest.approx(0.0)
    assert normals[1::2] == pytest.approx(-normals[2::2])
    assert normals.T @ normals / (n_draws - 1) == pytest.approx(np.eye(n), abs=1e-9)


@pytest.mark.slow
@given(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=19), st.data())
def test_products_of_powers_have_exact_moments(powers: list[float], data: st.DataObject) -> None:
    """A rate that is a product of powers of costs: mean and spread of its logarithm as if by infinitely many draws."""
    sigmas = [data.draw(st.floats(0.01, 0.5)) for _ in powers]
    group = {
        f"c{i}": Quantity(value=2.0, unit="1", low=2.0 * np.exp(-1.6448536 * s), high=2.0 * np.exp(1.6448536 * s))
        for i, s in enumerate(sigmas)
    }
    (values,) = draw(group)
    found = sum(p * np.log(values[f"c{i}"][0, 1:] / 2.0) for i, p in enumerate(powers))
    expected = np.sqrt(sum((p * s) ** 2 for p, s in zip(powers, sigmas, strict=True)))
    assert np.mean(found) == pytest.approx(0.0, abs=1e-9)
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_draws_follow_the_fit() -> None:
    """dbench's hypervisor operations and their cost are anti-correlated: only the product was seen."""
    costs, operations = draw(MACHINE.quantities, DBENCH.operations)
    one, other = logs(costs, "hypervisor_operation"), logs(operations, "hypervisor_operations")
    found = one @ other / np.sqrt((one @ one) * (other @ other))
    names = [parameter.name for parameter in fit.PARAMETERS]
    kept = fit.stored()["correlation"][names.index("hypervisor_operation")][names.index("hypervisor_operations")]
    assert kept < -0.2
    assert found == pytest.approx(kept, abs=1e-6)


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
        assert np.sqrt(np.mean((row[1:] - row[0]) ** 2)) == pytest.approx(quantity.sigma, rel=1e-6)


def test_what_errs_with_what_is_said_by_name() -> None:
    """An edited interval changes the spread and not the partner; without the name a number errs alone."""
    cost = MACHINE.quantities["hypervisor_operation"]
    edited = replace(cost, high=cost.value * 1.5)
    partner = DBENCH.operations["hypervisor_operations"]
    together = normals_of([("a", edited), ("b", partner)], FEWEST_DRAWS)
    alone = normals_of([("a", replace(edited, errs_with="")), ("b", partner)], FEWEST_DRAWS)
    assert together[:, 0] @ together[:, 1] < -0.2 * (FEWEST_DRAWS - 1)
    assert alone[:, 0] @ alone[:, 1] == pytest.approx(0.0, abs=1e-9)


def test_unknown_partners_err_with_their_namesakes_only() -> None:
    """A fit of the user's own: same name, same error; no correlation with anything else is known."""
    one = Quantity(value=1.0, unit="1", low=0.5, high=2.0, provenance=Provenance.FITTED, errs_with="mine.a")
    other = replace(one, errs_with="mine.b")
    found = normals_of([("a", one), ("b", one), ("c", other)], FEWEST_DRAWS)
    assert found[:, 0] == pytest.approx(found[:, 1])
    assert found[:, 0] @ found[:, 2] == pytest.approx(0.0, abs=1e-9)


def test_shipped_files_name_their_partners() -> None:
    """Every fitted quantity errs with itself by name, and what is derived from calc's time with calc's time."""
    free = {f"{row['file']}.{row['name']}" for row in fit.stored()["parameters"]}
    shipped = {
        f"{owner.name}.{name}": quantity
        for owner, quantities in [
            *((m, m.quantities) for m in map(catalog.machine, catalog.shipped("machines"))),
            *((w, w.operations) for w in map(catalog.workload, catalog.shipped("workloads"))),
        ]
        for name, quantity in quantities.items()
    }
    for label, quantity in shipped.items():
        fitted = quantity.provenance is Provenance.FITTED
        assert fitted == (label in free)
        assert not fitted or quantity.errs_with == label
        assert quantity.errs_with in free | {""}
    for name in derived.paging(1.0):
        assert MACHINE.quantities[name].errs_with == "histogram.compute"
    assert tuple(rows()) == tuple(f"{p.file}.{p.name}" for p in fit.PARAMETERS)


def test_roots_give_the_correlation() -> None:
    """The root times its transpose is the stored matrix."""
    everyone = tuple(rows())
    assert root(everyone) @ root(everyone).T == pytest.approx(np.array(fit.stored()["correlation"]))


def test_stored_correlation_is_the_fit() -> None:
    """The matrix from the stored values is what is stored."""
    kept = {(row["file"], row["name"]): row["value"] for row in fit.stored()["parameters"]}
    at = np.log([kept[parameter.file, parameter.name] for parameter in fit.PARAMETERS])
    again = fit.correlation(at, kept["dbench", "kernel_compute"])
    assert again == pytest.approx(np.array(fit.stored()["correlation"]), abs=5e-3)


def test_the_fast_file_is_the_stored_fit() -> None:
    """correlation.csv says what fit.json says."""
    fast = Path(correlation.__file__).parent / "correlation.csv"
    assert fast.read_text(encoding="utf-8") == fit.correlation_lines(fit.stored())
