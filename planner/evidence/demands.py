"""What the demands say of a split, and how it meets what the demands miss.

Models: log rate by the demands of one Linux or of processes, under every draw of the costs. Contention that demands
hold and contention that they miss (``calibration.splits.mechanisms``) are not added: the narrower bottleneck sets the
pace, as in the asymptotic bounds of a closed network, X <= min over stations of 1 / D.

    log X = log X_demands(1, 1) + log(M K) + min(loss by demands, loss by mechanisms)

where a loss is against linear. A mechanism that gains (a first step to two instances may) adds to the demands.
Added, the contention that both know counted twice: a program under one lock, of which runs and demands said
alike that 16 cores do what one does, was promised 0.6 of it (docs/sixteen-cores.md).
Assumptions: two bottlenecks of about one size, which slow more than either, are within the discrepancy.
When not to use it: without runs; the plan's own evaluation has the network exactly.
Source: Denning and Buzen (1978), operational analysis: the bottleneck bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.splits.measured import Split
from cerberus_plan.calibration.splits.posterior import linear
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import ONE, SEVERAL
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.splits.draws import draw, draws_for
from cerberus_plan.planner.splits.evaluate import rates, used_by
from cerberus_plan.planner.splits.met import as_met

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_CORE: Split = (1, 1)


class Demands:
    """Log rate by the demands of one Linux or of processes; called, what the evidence takes it with (its `Base`)."""

    def __init__(self, machine: Machine, workload: Workload, splits: Sequence[Split]) -> None:
        """Evaluate them all at once.

        Raises:
            CannotAnswerError: The machine lacks a cost that they need.
        """
        distinct = sorted({*splits, _CORE})
        used, operations = used_by(machine, workload, [SYSTEMS[ONE], SYSTEMS[SEVERAL]])
        needed, asked = as_met(
            machine,
            {n: q for n, q in machine.quantities.items() if n in used[ONE] | used[SEVERAL]},
            {n: q for n, q in workload.operations.items() if n in operations},
        )
        values = draw(needed, asked)
        self.n_draws = draws_for(sum(q.sigma > 0.0 for q in (*needed.values(), *asked.values())))
        costs, counts = machine.costs(values[0]), workload.costs(values[1])
        rows = []
        for name, chosen in ((ONE, [s for s in distinct if s[0] == 1]), (SEVERAL, [s for s in distinct if s[0] > 1])):
            if chosen:
                pairs = np.array(chosen, dtype=np.float64)
                even = Splits(vms=pairs[:, 0], threads=pairs[:, 1])
                structure = SYSTEMS[name].law(costs, counts, *even.columns)
                rows.append(np.log(rates(structure, even, workload, self.n_draws)[0]))
        self._table = np.concatenate(rows).T
        self._at = {split: i for i, split in enumerate(distinct)}  # sorted: one instance first, as the rows are

    def rates(self, splits: Sequence[Split], draws: Rows) -> Array:
        """Log rate by the demands alone, shape (draws, splits); the draws of the costs are taken in turn."""
        columns = np.array([self._at[split] for split in splits], dtype=np.int64)
        found: Array = self._table[(draws % self.n_draws)[:, None], columns]
        return found

    def __call__(self, splits: Sequence[Split], draws: Rows, loss: Array) -> Array:
        """Log rate given the loss by mechanisms that the demands may miss, shape (draws, splits)."""
        ideal = self.rates([_CORE], draws) + linear(splits)
        by_demands = self.rates(splits, draws) - ideal
        lost = np.minimum(loss, 0.0)
        return np.asarray(ideal + (loss - lost) + np.minimum(lost, by_demands))
