"""What limits a plan: the warnings beside it, the most serious first.

Models: nothing; it looks at where the plan's numbers come from, how far it goes beyond what was measured, and which
published runs the model is known to miss.
When not to use it: for doubt between splits (``rivals``) and between structures (``doubt``).
"""

from __future__ import annotations

from collections.abc import Iterator

from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.parts import CEILING
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints
from cerberus_plan.planner.splits.evaluate import Evaluated
from cerberus_plan.planner.splits.situation import Situation, situation_of


def caveats(
    machine: Machine, workload: Workload, constraints: Constraints, evaluated: Evaluated, best: Candidate
) -> Iterator[str]:
    """Every warning about a plan's foundations."""
    if machine.unstable:
        yield f"the calibration of {machine.name} is {machine.unstable}; intervals are widened by what its runs differ"
    if constraints.cores > machine.topology.n_cpus:
        yield (
            f"extrapolated: {machine.name} has {machine.topology.n_cpus} cores; costs measured there are assumed to "
            f"hold on {constraints.cores}, and intervals grow with the distance"
        )
    yield from _misfits(machine, workload, evaluated)
    if best.bottleneck == CEILING:
        yield (
            "the recommended split is limited by a ceiling of the whole machine that runs showed and nothing explains; "
            "measure whether more cores help before leaving any idle"
        )
    if workload.note:
        yield workload.note
    assumed = sorted(name for name, q in evaluated.inputs.items() if _is_assumed(machine, workload, name, q))
    if assumed:
        yield f"assumed, not measured: {', '.join(name.partition('.')[2] for name in assumed)}"


def _is_assumed(machine: Machine, workload: Workload, name: str, quantity: Quantity) -> bool:
    """Assumed by its provenance, or fitted on another machine."""
    carried = situation_of(machine, workload) is Situation.CARRIED and name.startswith("workload.")
    elsewhere = carried and quantity.errs_with != "" and quantity.dimension == "time"
    return quantity.provenance is Provenance.ASSUMED or elsewhere


def _misfits(machine: Machine, workload: Workload, evaluated: Evaluated) -> Iterator[str]:
    """Published runs of this program under the plan's systems that the model misses."""
    if situation_of(machine, workload) is not Situation.FITTED:
        return
    from cerberus_plan.calibration.paper.misfits import misfits

    for one in misfits():
        if one.workload == workload.name and one.system in evaluated.systems:
            yield (
                f"known misfit: published for {one.system} {one.vms} x {one.threads}: {one.published:.4g} {one.unit}; "
                f"the model says {one.model:.3g}, {one.factor:.2g} times off"
            )
