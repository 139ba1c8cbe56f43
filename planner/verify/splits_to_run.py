"""Which splits to run, and what was predicted for them.

Always one big instance. Beside it the split asked for, or else the plan's best split under ``processes`` with its
neighbours; without a workload one instance a core.
Predicted ratios are paired over the draws of the plan, widened by the model's own error of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cerberus_plan.model.exact.splits import throughput
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Z90
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.splits.draws import N_DRAWS, draw
from cerberus_plan.planner.splits.evaluate import MODEL_ERROR
from cerberus_plan.planner.verify.rounds import Ratio

Split = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Predicted ratio to one big instance of each even split that uses all cores."""

    ratios: dict[Split, Ratio]

    def best(self) -> Split:
        """The split with the highest expected ratio; among equals the one with fewer instances."""
        return min(self.ratios, key=lambda split: (-round(self.ratios[split].value, 3), len(split)))


def predict(machine: Machine, workload: Workload, cores: int) -> Prediction:
    """Predictions for every even split of the cores into processes, and one Linux on all.

    Raises:
        CannotAnswerError: The machine lacks a cost that the workload needs.
    """
    counts = [n for n in range(1, cores + 1) if cores % n == 0]
    costs_values, operation_values = draw(machine.quantities, workload.operations)
    costs, operations = machine.costs(costs_values), workload.costs(operation_values)
    logs = {}
    for name, chosen in (("linux", counts[:1]), ("processes", counts[1:])):
        if chosen:
            vms = np.array(chosen, dtype=np.float64)
            splits = Splits(vms=vms, threads=cores / vms)
            structure = SYSTEMS[name].law(costs, operations, *splits.columns)
            rates = np.log(throughput(structure, splits, N_DRAWS))
            logs.update({(cores // n,) * n: row for n, row in zip(chosen, rates, strict=True)})
    whole = logs[cores,]
    return Prediction(ratios={split: _ratio(row - whole, one=row is whole) for split, row in logs.items()})


def _ratio(logs: np.ndarray[tuple[int, ...], np.dtype[np.float64]], *, one: bool) -> Ratio:
    centre = float(logs[0])
    if one:
        return Ratio(value=1.0, low=1.0, high=1.0)
    below, above = np.quantile(logs - centre, [0.05, 0.95])
    own = Z90 * MODEL_ERROR * np.sqrt(2.0)
    low, high = np.exp(centre - np.hypot(min(below, 0.0), own)), np.exp(centre + np.hypot(max(above, 0.0), own))
    return Ratio(value=float(np.exp(centre)), low=float(low), high=float(high))


def splits_to_run(cores: int, prediction: Prediction | None, wanted: Split | None) -> list[Split]:
    """The splits, one big instance first."""
    whole = (cores,)
    if wanted is not None:
        return list(dict.fromkeys([whole, wanted]))
    if prediction is None or not prediction.ratios:
        return list(dict.fromkeys([whole, (1,) * cores]))
    even = [(cores // n,) * n for n in range(1, cores + 1) if cores % n == 0]
    best = prediction.best()
    i = even.index(best)
    chosen = even[max(i - 1, 0) : i + 2]
    return list(dict.fromkeys([whole, *(chosen if len(even) > 1 else [])]))
