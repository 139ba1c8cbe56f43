"""The numbers of an answer as a data frame of pandas, a row for each thing that it tells of.

When not to use it: for everything that is known; ``to_json`` of a plan or of a fleet has all of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cerberus_plan.calibration.curves.document import document as fit_document
from cerberus_plan.calibration.curves.fit import Fit
from cerberus_plan.calibration.splits.fit import SplitFit
from cerberus_plan.calibration.store.profile import Profile
from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.exact.solver import Solution
from cerberus_plan.model.plain import shown
from cerberus_plan.planner.fleet.fleet_plan import FleetPlan
from cerberus_plan.planner.plan import Plan

if TYPE_CHECKING:
    from cerberus_plan.model.simulation import Simulation

Rows = Sequence[dict[str, Any]]


def frame(answer: Plan | Fit | SplitFit | Profile | FleetPlan | Solution | Simulation) -> Any:
    """The numbers of an answer as a pandas data frame.

    A row for each: candidate of a plan, count of a fit, split of fitted splits, quantity of a profile, assignment of a
    fleet, station of a solution or of a simulation. Its columns are named as the answer's fields are.

    Raises:
        CannotAnswerError: pandas is not installed.
        InputError: It is no such answer.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise CannotAnswerError("a data frame needs pandas; install it (pip install pandas)") from error
    rows: Callable[[Any], Rows] | None = _stations if _is_simulation(answer) else _ROWS.get(type(answer))
    if rows is None:
        raise InputError(f"{shown(answer)} has no data frame; give what {', '.join(_MADE_BY)} returned")
    return pd.DataFrame(rows(answer))


def _is_simulation(answer: object) -> bool:
    """Whether a simulation made it: then its module is there already, and is not loaded with its compiler to ask."""
    module = sys.modules.get("cerberus_plan.model.simulation.run")
    return module is not None and isinstance(answer, module.Simulation)


def _candidates(plan: Plan) -> Rows:
    kept = [candidate.to_json() for candidate in plan.candidates]
    return [{name: value for name, value in row.items() if name != "ledger"} for row in kept]


def _predictions(fit: Fit) -> Rows:
    rows: Rows = fit_document(fit)["predictions"]
    return rows


def _quantities(profile: Profile) -> Rows:
    return [
        {"name": name, "value": q.value, "unit": q.unit, "low": q.low, "high": q.high, "provenance": str(q.provenance)}
        for name, q in profile.quantities.items()
    ]


def _assignments(plan: FleetPlan) -> Rows:
    return [one.to_json() for one in plan.assignments]


def _splits(fit: SplitFit) -> Rows:
    return [asdict(split) for split in fit.splits]


def _stations(found: Solution | Simulation) -> Rows:
    return [asdict(station) for station in found.stations]


_MADE_BY = ("plan", "fit", "fit_splits", "profile", "plan_fleet", "solve", "simulate")
_ROWS: dict[type, Callable[[Any], Rows]] = {
    Plan: _candidates,
    Fit: _predictions,
    SplitFit: _splits,
    Profile: _quantities,
    FleetPlan: _assignments,
    Solution: _stations,
}
