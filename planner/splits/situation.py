"""How well a plan's model is known, and the model error that follows (``model.discrepancy``).

A plan is in one of five situations; the sizes of each part of the error (standard deviations of log rate) are

| situation | shared | system | size | split | from |
|---|---|---|---|---|---|
| fitted here: machine and program fitted to published runs | .03 | .05 | .05 | .05 | published runs left out |
| observed: machine calibrated, program measured or fitted | .08 | .06 | .06 | .06 | measured splits left out |
| carried over: one of the two fitted or measured elsewhere | .15 | .10 | .08 | .06 | all but two runs left out |
| assumed: what the program does is assumed | .25 | .15 | .10 | .06 | as above, with costs that nobody fitted |

A system that nobody measured on that machine (its own costs assumed there) adds ``UNIDENTIFIED`` to its part. Beyond
the cores that were measured the error grows, and an unstable calibration adds the spread between its runs.
Sources: published runs: ``calibration.paper.left_out`` (docs/paper-fit.md). Measured splits: median error 9.5 % of
a law of one instance on 84 public series left out one by one, that is a standard deviation of 14 %. Growth: forecasts
of public scaling curves at 4 and 8 times the measured cores are off by 19 and 33 % in the median, that is a standard
deviation of .2 for a factor of e, and twice that for a factor of e^2; half of the variance is taken as the machine's,
half as an instance's. Checked on random machines of known truth (``benchmarks/coverage_of_plans.py``).
When not to use it: for the doubt about a cost; that is in its interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from cerberus_plan.model.discrepancy import Discrepancy
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.workload import Workload


class Situation(StrEnum):
    """What is known of the machine and the program of a plan."""

    FITTED = "fitted here"
    OBSERVED = "observed"
    CARRIED = "carried over"
    ASSUMED = "assumed"


# Growth for a factor of e beyond the measured cores: by the cores in use, and by the threads of one instance.
GROWTH_CORES = 0.14
GROWTH_SIZE = 0.14
# Part of a system whose own costs are assumed on the machine.
UNIDENTIFIED = 0.20
# Repeated unstable calibrations disagree by more than a tenth (``calibration.campaign.verdict``).
UNSTABLE = 0.15
_PARTS = {
    Situation.FITTED: (0.03, 0.05, 0.05, 0.05),
    Situation.OBSERVED: (0.08, 0.06, 0.06, 0.06),
    Situation.CARRIED: (0.15, 0.10, 0.08, 0.06),
    Situation.ASSUMED: (0.25, 0.15, 0.10, 0.06),
}


def situation_of(machine: Machine, workload: Workload) -> Situation:
    """The situation of a program on a machine."""
    operations = workload.operations.values()
    if all(quantity.provenance is Provenance.ASSUMED for quantity in _with_doubt(operations)):
        return Situation.ASSUMED
    published = any(quantity.errs_with for quantity in operations)
    if machine.measured:
        return Situation.CARRIED if published else Situation.OBSERVED
    return Situation.FITTED if published else Situation.CARRIED


def _with_doubt(quantities: Iterable[Quantity]) -> list[Quantity]:
    return [quantity for quantity in quantities if quantity.provenance is not Provenance.PUBLISHED]


def discrepancy_of(machine: Machine, workload: Workload, used: Mapping[str, frozenset[str]]) -> Discrepancy:
    """The model's own error for plans of a program on a machine.

    Args:
        machine: The machine.
        workload: The program.
        used: Costs of the machine that each system asks for.
    """
    shared, system, size, split = _PARTS[situation_of(machine, workload)]
    if machine.unstable:
        shared, system = (shared**2 + UNSTABLE**2) ** 0.5, (system**2 + UNSTABLE**2) ** 0.5
    return Discrepancy(
        shared=shared,
        system=system,
        size=size,
        split=split,
        growth_cores=GROWTH_CORES,
        growth_size=GROWTH_SIZE,
        of_system={name: UNIDENTIFIED for name, costs in used.items() if _assumes(machine, costs)},
        measured=float(machine.topology.n_cpus),
    )


def _assumes(machine: Machine, costs: Iterable[str]) -> bool:
    known = (machine.quantities[name] for name in costs if name in machine.quantities)
    return any(quantity.provenance is Provenance.ASSUMED for quantity in known)
