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
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import ONE, SEVERAL
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.splits.draws import draw, draws_for
from cerberus_plan.planner.splits.evaluate import used_by
from cerberus_plan.planner.splits.met import as_met
from cerberus_plan.planner.splits.situation import discrepancy_of
from cerberus_plan.planner.splits.spread import predictive
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
    quantities = as_met(machine, machine.quantities, workload.operations)
    drawn = draw(*quantities)
    n_draws = draws_for(sum(quantity.sigma > 0.0 for group in quantities for quantity in group.values()))
    costs, operations = machine.costs(drawn[0]), workload.costs(drawn[1])
    logs, systems = {}, []
    for name, chosen in ((ONE, counts[:1]), (SEVERAL, counts[1:])):
        if chosen:
            vms = np.array(chosen, dtype=np.float64)
            splits = Splits(vms=vms, threads=cores / vms)
            structure = SYSTEMS[name].law(costs, operations, *splits.columns)
            rates = np.log(throughput(structure, splits, n_draws))
            logs.update({(cores // n,) * n: row for n, row in zip(chosen, rates, strict=True)})
            systems += [name] * len(chosen)
    whole = logs[cores,]
    own = _errors_of_ratios(machine, workload, systems, np.array(counts, dtype=np.float64), cores)
    return Prediction(
        ratios={split: _ratio(row - whole, float(own[at])) for at, (split, row) in enumerate(logs.items())}
    )


def _errors_of_ratios(machine: Machine, workload: Workload, systems: list[str], vms: Array, cores: int) -> Array:
    """Standard deviation of the model's own log error of each split's ratio to the first."""
    used, _ = used_by(machine, workload, [SYSTEMS[name] for name in dict.fromkeys(systems)])
    error = discrepancy_of(machine, workload, used).covariance(systems, vms, cores / vms)
    variance = np.diag(error) + error[0, 0] - 2.0 * error[0]
    return np.sqrt(np.maximum(variance, 0.0))


def _ratio(logs: Array, own: float) -> Ratio:
    """A ratio from its logarithm under each draw and the model's own error of it."""
    low, value, high = predictive(np.exp(logs)[None, :], np.array([own]))
    return Ratio(value=float(value[0]), low=float(low[0]), high=float(high[0]))


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
