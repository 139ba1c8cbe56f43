"""Pages of every kind, made from small examples; some names are hostile. They are read in a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import example_findings
from example_comparison import a_comparison
from example_fleet import a_fleet_document
from example_plan import a_plan
from example_profile import a_profile
from example_simulation import a_simulation
from example_splits import a_splits_page

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.document import document
from cerberus_plan.calibration.curves.fit import fit_curve
from cerberus_plan.calibration.paper import compare
from cerberus_plan.calibration.store import catalog
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.objective import Objective, Slo
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.mixtures.allocate import plan_mix
from cerberus_plan.planner.objectives.aim import aimed
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.choose import plan
from cerberus_plan.reports.pages.calibration_page import calibration_page
from cerberus_plan.reports.pages.fit_page import fit_page
from cerberus_plan.reports.pages.fleet_page import fleet_page
from cerberus_plan.reports.pages.mix_page import mix_page
from cerberus_plan.reports.pages.plan_document import plan_document
from cerberus_plan.reports.pages.plan_page import plan_page
from cerberus_plan.reports.pages.reproduce_page import reproduce_page
from cerberus_plan.reports.pages.simulation_page import simulation_page

HOSTILE = "<script>alert(1)</script>"


@cache
def plans() -> str:
    given = [a_plan(), a_plan("histogram", name=HOSTILE)]
    return plan_page(given, document=plan_document(given), command=["cerberus-plan"], version="0")


def a_fit() -> str:
    measured = Curve.from_points([1, 2, 4, 8, 16], [10.0, 19.5, 37.0, 64.0, 88.0], name=HOSTILE)
    given = document(fit_curve(measured.up_to(8)), measured=measured)
    return fit_page(given, command=["cerberus-plan", "fit"], version="0")


def a_reproduction() -> str:
    return reproduce_page(compare.document(compare.compare()), command=["cerberus-plan", "reproduce"], version="0")


def a_calibration() -> str:
    return calibration_page(a_profile(processor=HOSTILE), command=["cerberus-plan", "calibrate"], version="0")


def a_simulated_network() -> str:
    return simulation_page(a_simulation(HOSTILE), command=["cerberus-plan", "simulate"], version="0")


def a_run_program() -> str:
    """Splits that were run, on the curves and maps that predict them; a name as long as names get."""
    rows = tuple(
        Measurement(instances=m, cores_per_instance=n, value=v, host="here")
        for m, n, v in ((1, 1, 20e3), (1, 8, 60e3), (8, 1, 150e3), (4, 2, 140e3))
    )
    compute = Quantity(value=50e-6, unit="s", low=45e-6, high=55e-6, provenance=Provenance.MEASURED)
    workload = Workload(
        name="a program of our own", description="run in splits", unit="requests/s", units_per_cycle=1.0,
        operations={"compute": compute}, measured=rows,
    )  # fmt: skip
    systems = [SYSTEMS[name] for name in ("linux", "processes", "kvm")]
    found = plan(catalog.machine("epyc-9654-2s"), workload, systems, Constraints(cores=120))
    return plan_page([found], document=plan_document([found]), command=["cerberus-plan"], version="0")


def an_aimed_plan() -> str:
    """A plan for a rate within a limit: the frontier of what each core buys."""
    objective = Objective(kind="cost", rate=20_000.0, slos=(Slo(name="p99", seconds=0.01),))
    found = aimed(a_plan("apache", cores=16), objective)
    assert len(found.frontier) > 2
    return plan_page([found], document=plan_document([found]), command=["cerberus-plan"], version="0")


def a_mixture() -> str:
    parts = [(catalog.workload("dbench"), 1.0), (replace(catalog.workload("histogram"), name=HOSTILE), 2.0)]
    found = plan_mix(catalog.machine("amd48"), parts, Constraints(cores=8), [SYSTEMS["cerberus"]])
    return mix_page(found, document={"mix": found.to_json()}, command=["cerberus-plan", "--mix"], version="0")


def a_fleet() -> str:
    return fleet_page(a_fleet_document(HOSTILE), command=["cerberus-plan", "fleet"], version="0")


PAGES: dict[str, Callable[[], str]] = {
    "plans": plans,
    "runs": a_run_program,
    "aimed": an_aimed_plan,
    "fit": a_fit,
    "splits": a_splits_page,
    "reproduction": a_reproduction,
    "calibration": a_calibration,
    "simulation": a_simulated_network,
    "mixture": a_mixture,
    "fleet": a_fleet,
    "observation": example_findings.observe,
    "tuning": example_findings.tune,
    "verification": example_findings.verify,
    "explanation": example_findings.explain,
    "audit": example_findings.audit,
    "comparison": a_comparison,
}
