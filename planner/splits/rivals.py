"""Doubt between two answers: a split that may be faster, but may also be much slower, than the one recommended.

Rule: a rival belongs to another system, is faster than the recommended split in at least 5 % of the paired samples,
and differs from it by more than a small loss in the mean (else it is a tie). What to measure first is the quantity
whose doubt moves the lead most, or a run of the rival: where the model's own error outweighs all quantities, where no
quantity moves the lead much, where that quantity was calibrated and its doubt is mostly how programs meet it (``met``),
and where the calibration of the machine could not measure it.
Assumptions: those of ``evaluate``. When not to use it: for structural doubt (``doubt``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cerberus_plan.model.digits import percent
from cerberus_plan.model.quantity import Provenance
from cerberus_plan.model.structure import System
from cerberus_plan.planner.plan import Candidate
from cerberus_plan.planner.splits.describe import describe
from cerberus_plan.planner.splits.draws import normals_of
from cerberus_plan.planner.splits.evaluate import Evaluated
from cerberus_plan.planner.splits.joint import Joint
from cerberus_plan.planner.splits.met import is_met, mostly_met
from cerberus_plan.planner.splits.runs import Runs, can_run, command

# The largest mean loss that simplicity may cost: beyond it a split is no tie but a rival.
SMALL = 0.02
# A rival that is faster more seldom than this is ruled out.
SELDOM = 0.05
# The share of the lead's variance that a quantity must make for measuring it to be worth asking for.
MUCH = 0.1


def rivals(
    joint: Joint,
    candidates: Sequence[tuple[int, Candidate]],
    best: Candidate,
    *,
    systems: Mapping[str, System],
    evaluated: Evaluated,
    runs: Runs,
) -> Iterable[str]:
    """At most one sentence: the split of another system that is most often faster, and what to measure about it."""
    chosen = next(row for row, candidate in candidates if candidate is best)
    lead = joint.lead(chosen)
    ahead = dict(zip(joint.rows.tolist(), (lead < 0.0).mean(axis=1).tolist(), strict=True))
    mean = dict(zip(joint.rows.tolist(), lead.mean(axis=1).tolist(), strict=True))
    serious = [
        (ahead[row], row, rival)
        for row, rival in candidates
        if row in ahead and ahead[row] >= SELDOM and abs(mean[row]) > SMALL and rival.system != best.system
    ]
    if not serious:
        return
    share, row, rival = max(serious, key=lambda entry: entry[0])
    measure = _quantity(evaluated, chosen, row) or _run(rival, best, systems, runs)
    yield f"cannot rule out {describe(rival, systems)}: faster with probability {percent(share)}; {measure}"


def _run(rival: Candidate, best: Candidate, systems: Mapping[str, System], runs: Runs) -> str:
    """The rival; the recommended split where the rival was run already, and the rival again where both were."""
    asked = best if runs.hold(rival) and not runs.hold(best) else rival
    told = f"a run of {describe(asked, systems)}{' again' if runs.hold(asked) else ''} decides most between them"
    return f"{told} ({command([(asked.vms, asked.split[0])])})" if can_run(asked) else told


def _quantity(evaluated: Evaluated, chosen: int, row: int) -> str | None:
    """The uncertain quantity whose doubt moves the lead most; None where measuring it would not help."""
    lead = np.log(evaluated.rate[chosen] / evaluated.rate[row])
    lead -= lead.mean()
    rows = [chosen, row]
    error = evaluated.discrepancy.covariance(
        [evaluated.systems[i] for i in rows], evaluated.splits.vms[rows], evaluated.splits.threads[rows]
    )
    own = error[0, 0] + error[1, 1] - 2.0 * error[0, 1]
    named = [(name, quantity) for name, quantity in evaluated.inputs.items() if quantity.sigma > 0.0]
    if not named or lead.var() < own:
        return None
    normals = normals_of(named, lead.size)
    moved = np.abs(lead @ normals) / lead.size
    name, quantity = named[int(moved.argmax())]
    if moved.max() ** 2 < MUCH * lead.var():  # the largest of many that move it by chance
        return None
    owner, _, name = name.partition(".")
    if evaluated.calibrated and is_met(name, quantity) and mostly_met(quantity):
        return None
    if evaluated.calibrated and owner == "machine" and quantity.provenance is Provenance.ASSUMED:
        return None
    return f"measuring {name} decides most between them ({_where(owner)})"


def _where(owner: str) -> str:
    """The command that measures a quantity of the machine, or of the workload."""
    return "`cerberus-plan observe`, of the program" if owner == "workload" else "`cerberus-plan calibrate`, there"
