"""Doubt between two answers: a split that may be faster, but may also be much slower, than the one recommended.

Rule: a rival belongs to another system, is faster than the recommended split in at least 5 % of the paired draws,
and differs from it by more than a small loss in the mean (else it is a tie). The quantity to measure first is the
one whose doubt correlates most with the lead, over draws.
Assumptions: those of ``evaluate``. When not to use it: for structural doubt (``doubt``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate
from cerberus_plan.planner.splits.describe import describe
from cerberus_plan.planner.splits.draws import draw
from cerberus_plan.planner.splits.evaluate import Evaluated

# The largest mean loss that simplicity may cost: beyond it a split is no tie but a rival.
SMALL = 0.02
# A rival that is faster more seldom than this is ruled out.
_SELDOM = 0.05


def rivals(
    evaluated: Evaluated,
    candidates: Sequence[tuple[int, Candidate]],
    best: Candidate,
    *,
    systems: Mapping[str, System],
    machine: Machine,
    workload: Workload,
) -> Iterable[str]:
    """At most one sentence: the split of another system that is most often faster, and what to measure about it."""
    logs = np.log(evaluated.rate)
    lead = logs[next(row for row, candidate in candidates if candidate is best)] - logs
    ahead = (lead < 0.0).mean(axis=1)
    serious = [
        (ahead[row], row, rival)
        for row, rival in candidates
        if ahead[row] >= _SELDOM and abs(lead[row].mean()) > SMALL and rival.system != best.system
    ]
    if not serious:
        return
    share, row, rival = max(serious, key=lambda entry: entry[0])
    yield (
        f"cannot rule out {describe(rival, systems)}: faster in {share:.0%} of the draws; measure "
        f"{_most_correlated(lead[row], machine, workload)} first, which decides most between them"
    )


def _most_correlated(lead: Array, machine: Machine, workload: Workload) -> str:
    """The uncertain quantity whose doubt moves the lead most."""
    drawn = draw(machine.quantities, workload.operations)
    values = {name: value[0] for group in drawn for name, value in group.items() if value.shape[1] > 1}
    centred = lead - lead.mean()

    def strength(name: str) -> float:
        logs = np.log(values[name])
        return abs(float((logs - logs.mean()) @ centred)) / float(logs.std())

    return max(values, key=strength)
