"""Published numbers that the fit has not seen: stored predictions are the refits, and intervals hold what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cerberus_plan.calibration.paper import left_out
from cerberus_plan.calibration.paper import refit as fit
from cerberus_plan.calibration.paper.compare import compare, document
from cerberus_plan.calibration.paper.left_out import BEHIND, GROUPS, by_group, coverage, one_by_one
from cerberus_plan.calibration.paper.predictions import predict, runs
from cerberus_plan.calibration.paper.targets import TARGETS

PUBLISHED = {target.id: target for target in TARGETS}


def test_intervals_hold_what_they_say() -> None:
    """One by one and by group, 85 to 95 % of the published numbers lie in the 90 % intervals."""
    for found in (list(one_by_one().values()), [row for rows in by_group().values() for row in rows]):
        inside, of = coverage(found)
        assert 0.85 <= inside / of <= 0.95


@pytest.mark.slow
def test_every_quantity_of_the_fit_is_left_out_once() -> None:
    """And is in the document of the reproduction with what was predicted, low and high."""
    assert set(one_by_one()) == {target.id for target in fit.CALIBRATED} == set(BEHIND)
    for row in document(compare())["facts"]:
        assert (row["left_out"] is not None) == (row["role"] == "calibrated")
        if row["left_out"]:
            assert set(row["left_out"]) == {"predicted", "low", "high"}
            assert row["left_out"]["low"] <= row["left_out"]["predicted"] <= row["left_out"]["high"]


@pytest.mark.slow
@pytest.mark.parametrize("group", ["8 cores a VM and 32 in shadow mode", "apache but two points"])
def test_the_stored_predictions_are_the_refits(group: str) -> None:
    """A group refitted again gives what is stored, so that no change of model or fit leaves it stale."""
    for found, kept in zip(left_out.refit(GROUPS[group]), by_group()[group], strict=True):
        assert found.id == kept.id
        for name in ("predicted", "low", "high"):
            assert getattr(found, name) == pytest.approx(getattr(kept, name), rel=2e-3)


def test_runs_behind_a_quantity_move_it_as_the_signs_say() -> None:
    """A ratio grows with the throughput of its first run and falls with that of the other; a time falls."""
    run = runs()
    for name, behind in BEHIND.items():
        if not name.startswith(("hist.pc", "dbench", "hist.t")):
            continue
        product = 1.0
        for (workload, system, vms, threads), sign in behind.items():
            if workload == "histogram":
                product *= float(run.seconds(workload, system, vms, threads)[0]) ** -sign
            else:
                product *= float(run.rate(workload, system, vms, threads)[0]) ** sign
        target = PUBLISHED[name]
        value = target.comparable(float(predict(run, name)[0]))
        assert value == pytest.approx(product, rel=1e-9)


def test_the_page_shows_the_stored_numbers() -> None:
    """docs/left-out.md has every group and every prediction."""
    page = (Path(__file__).parents[3] / "docs" / "left-out.md").read_text(encoding="utf-8")
    for name, rows in by_group().items():
        assert f"## Without {name}" in page
        for row in rows:
            assert f"{row.predicted:.4g}" in page


def test_errors_of_runs_of_two_programs_are_independent() -> None:
    """The covariance has no entry between histogram and dbench."""
    runs_ = [("histogram", "cerberus", 24, 2), ("dbench", "cerberus", 24, 2)]
    assert left_out.covariance_of_runs(runs_)[0, 1] == 0.0
    assert (np.diag(left_out.covariance_of_runs(runs_)) > 0).all()
