"""What would change the decision: each uncertain input taken to the ends of its interval, one at a time.

Models: the plan's candidates with one input at its 5th or 95th percentile and all others central.
Equations: those of ``evaluate``, each split bent as the plan is by runs and placement (``bends``). The loss of keeping
the recommended split is 1 - its throughput over the best throughput under the same inputs.
Assumptions: one input errs at a time; the draws of ``evaluate`` let all err together.
When not to use it: for inputs without interval; they are taken as exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.plan import Plan
from cerberus_plan.planner.splits.bends import bends
from cerberus_plan.planner.splits.candidates import even_splits
from cerberus_plan.planner.splits.crowd import crowd_of
from cerberus_plan.planner.splits.evaluate import rates


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What happens at one end of an input's interval.

    Attributes:
        value: The input there [SI].
        throughput: Of the recommended split, in the workload's unit.
        loss: Share of the best throughput lost by keeping the recommended split.
        system: System of the fastest split there; vms and cores_per_vm likewise.
    """

    value: float
    throughput: float
    loss: float
    system: str
    vms: int
    cores_per_vm: int

    def to_json(self) -> dict[str, Any]:
        """The end as in the plan's JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """One input and its two ends; ``name`` is "machine.name" or "workload.name"."""

    name: str
    low: End
    high: End

    @property
    def swing(self) -> float:
        """Largest over smallest throughput of the recommended split, less 1."""
        ends = sorted((self.low.throughput, self.high.throughput))
        return ends[1] / ends[0] - 1.0

    @property
    def loss(self) -> float:
        """The larger of the two losses."""
        return max(self.low.loss, self.high.loss)

    def to_json(self) -> dict[str, Any]:
        """The sensitivity as in the plan's JSON."""
        return {"name": self.name, "low": self.low.to_json(), "high": self.high.to_json()}


def sensitivities(plan: Plan) -> tuple[Sensitivity, ...]:
    """Every uncertain input of a plan, the one that costs most if it is off first."""
    names = [name for name, quantity in plan.inputs.items() if quantity.sigma > 0.0]
    if not names or plan.best.cores_per_vm is None:
        return ()
    systems, splits, rate = _rates(plan, names)
    chosen = _row(plan, systems, splits)
    best = rate.argmax(axis=0)

    def end(column: int, value: float) -> End:
        row = int(best[column])
        return End(
            value=value,
            throughput=float(rate[chosen, column]),
            loss=float(1.0 - rate[chosen, column] / rate[row, column]),
            system=systems[row],
            vms=int(splits.vms[row]),
            cores_per_vm=int(splits.threads[row]),
        )

    found = [
        Sensitivity(
            name=name,
            low=end(2 * at, plan.inputs[name].low or 0.0),
            high=end(2 * at + 1, plan.inputs[name].high or 0.0),
        )
        for at, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda one: (-round(one.loss, 4), -one.swing)))


def _rates(plan: Plan, names: list[str]) -> tuple[list[str], Splits, Array]:
    """System, split and throughput of all candidates; column 2i has input i low, 2i + 1 high."""
    machine = plan.machine.costs(_columns("machine", plan.machine.quantities, plan.inputs, names))
    operations = plan.workload.costs(_columns("workload", plan.workload.operations, plan.inputs, names))
    labels: list[str] = []
    parts: list[tuple[Splits, Array]] = []
    for name in dict.fromkeys(candidate.system for candidate in plan.candidates):
        splits = even_splits(SYSTEMS[name], plan.machine, plan.workload, plan.constraints)
        if splits is not None:
            crowd = crowd_of(SYSTEMS[name], splits, plan.machine, plan.workload, plan.constraints)
            structure = crowd.structure(machine, operations)
            rate = rates(structure, splits, plan.workload, 2 * len(names), crowd)[0]
            parts.append((splits, rate * bends(plan, SYSTEMS[name], splits)[:, None]))
            labels += [name] * splits.vms.size
    together = Splits(
        vms=np.concatenate([splits.vms for splits, _ in parts]),
        threads=np.concatenate([splits.threads for splits, _ in parts]),
    )
    return labels, together, np.concatenate([rate for _, rate in parts])


def _columns(
    owner: str, quantities: Mapping[str, Quantity], inputs: Mapping[str, Quantity], names: list[str]
) -> dict[str, Array]:
    """Values of every quantity; the ends are those of the plan's inputs, which are wider where programs meet costs."""
    found = {}
    for name, quantity in quantities.items():
        key = f"{owner}.{name}"
        if key in names:
            row = np.full((1, 2 * len(names)), quantity.value)
            at = 2 * names.index(key)
            row[0, at : at + 2] = inputs[key].low, inputs[key].high
        else:
            row = np.full((1, 1), quantity.value)
        found[name] = row
    return found


def _row(plan: Plan, systems: list[str], splits: Splits) -> int:
    """Where the recommended candidate is."""
    same = (
        (np.array(systems) == plan.best.system) & (splits.vms == plan.best.vms) & (splits.threads == plan.best.split[0])
    )
    return int(np.flatnonzero(same)[0])
