"""The shipped values are what the fit gives, and closed forms are closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cerberus_plan.calibration.paper import derived
from cerberus_plan.calibration.paper import refit as fit
from cerberus_plan.calibration.paper.compare import compare, document, free_quantities
from cerberus_plan.calibration.paper.predictions import PREDICTIONS, predict, runs
from cerberus_plan.calibration.paper.targets import TARGETS
from cerberus_plan.calibration.store import catalog

STORED = {(row["file"], row["name"]): row for row in fit.stored()["parameters"]}
UNIT = {"us": 1e-6, "1": 1.0}


def test_shipped_values_are_the_stored_fit() -> None:
    """Every fitted quantity of a shipped file has the stored value and interval, and there are twelve."""
    free = free_quantities()
    assert free.keys() == {f"{file}.{name}" for file, name in STORED}
    assert len(free) == 12
    for (file, name), row in STORED.items():
        shipped = free[f"{file}.{name}"]
        numbers = (shipped.value, shipped.low, shipped.high)
        assert numbers == pytest.approx([row[key] * UNIT[row["unit"]] for key in ("value", "low", "high")], rel=1e-3)


@pytest.mark.slow
def test_fitting_again_gives_the_stored_values() -> None:
    """The optimum from the fixed start agrees with what is stored."""
    placed = STORED["dbench", "kernel_compute"]["value"]
    again = np.exp(fit.best(placed).logs)
    kept = [STORED[parameter.file, parameter.name]["value"] for parameter in fit.PARAMETERS]
    assert again == pytest.approx(kept, rel=2e-3)


def test_the_optimum_is_a_minimum() -> None:
    """No single parameter moved by 2 % lowers the loss."""
    placed = STORED["dbench", "kernel_compute"]["value"]
    logs = np.log([STORED[parameter.file, parameter.name]["value"] for parameter in fit.PARAMETERS])
    moves = np.vstack([np.zeros(logs.size), 0.02 * np.eye(logs.size), -0.02 * np.eye(logs.size)])
    losses = (np.abs(fit.log_errors(runs(fit.values_of(logs + moves, placed)))) ** fit.POWER).sum(axis=0)
    assert (losses[1:] > losses[0]).all()


def test_derived_values_follow_from_the_facts() -> None:
    """Spawn lines, packets, virtualisation factors and fault costs of the shipped files are the closed forms."""
    compute = STORED["histogram", "compute"]["value"]
    amd, intel = (catalog.machine(name).quantities for name in ("amd48", "intel16"))
    for name, time_us in derived.paging(compute).items():
        assert amd[name].value == pytest.approx(time_us * 1e-6, rel=1e-3)
    for name, number in derived.fixed().items():
        held = intel[name] if name.startswith("packet") else amd[name]
        milli = name.startswith(("clone", "fork"))
        scale = 1e-3 if milli else 1.0 if held.unit == "1" else 1e-6
        assert held.value == pytest.approx(number * scale, rel=1e-3), name


def test_each_draw_is_predicted_alone() -> None:
    """Many draws at once give what each gives by itself."""
    logs = np.log([parameter.start for parameter in fit.PARAMETERS]) + np.array([[0.0], [0.05], [-0.05]])
    together = runs(fit.values_of(logs))
    for row in range(3):
        alone = runs(fit.values_of(logs[row]))
        for fact_id in ("hist.t.48.4", "dbench.ratio.24", "apache.cerb.16"):
            assert predict(together, fact_id)[row] == pytest.approx(predict(alone, fact_id)[0], rel=1e-9)


def test_every_target_is_predicted() -> None:
    """No target lacks a prediction."""
    assert {target.id for target in TARGETS} <= PREDICTIONS.keys()


def test_aim_is_met() -> None:
    """Twelve free numbers, all judged quantities but the two ambiguous ones within 10 %, median below 5 %."""
    found = compare()
    assert found.passed
    assert len(found.judged) == 30
    far = {row.id for row in found.judged if row.error is None or abs(row.error) > 0.10}
    assert far == {"hist.pc.xen.30", "dbench.direct.32"}
    assert found.median_error < 0.05
    primitives = [row.error for row in found.rows if row.role == "predicted" and row.id.startswith("prim.")]
    assert len(primitives) == 3
    assert all(error is not None and abs(error) < 0.02 for error in primitives)


@pytest.mark.slow
def test_every_number_of_the_model_is_judged_or_says_why_not() -> None:
    """43 published quantities have a model's number beside them."""
    rows = [row for row in compare().rows if row.predicted is not None]
    assert len(rows) == 43
    assert all(row.judged or row.note.startswith("not judged: ") for row in rows)


@pytest.mark.slow
def test_known_misfits_are_exactly_these() -> None:
    """Orderings that fail are named in the documentation; none is added or lost unnoticed."""
    failing = {name for name, _, _, holds in compare().predicates if not holds}
    assert failing == {"q.dbench.ratio_peak", "q.dbench.shadow", "q.dbench.top.cerb", "q.apache.linux_xen"}


@pytest.mark.slow
def test_document_has_the_figures() -> None:
    """Figures 5 to 8 come as series with their published anchors."""
    figures = document(compare())["figures"]
    assert [figure["number"] for figure in figures] == [5, 6, 7, 8]
    assert all(len(s["cores"]) == len(s["values"]) for figure in figures for s in figure["series"])
    assert any(series["anchors"] for series in figures[0]["series"])


def test_documentation_shows_the_stored_fit() -> None:
    """The table in docs/paper-fit.md is the stored one."""
    page = (Path(__file__).parents[3] / "docs" / "paper-fit.md").read_text(encoding="utf-8")
    assert fit.table(fit.stored()) in page
