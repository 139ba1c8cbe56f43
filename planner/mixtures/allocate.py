"""Unequal splits and mixed workloads: how many cores and which instances each workload gets.

Rule: with weights a=2, b=1 every workload should get its share of what the machine would give it alone; the common
level, min over w of X_w / (share_w X_w alone), is made as high as possible. One workload alone: the most throughput.
Method: exact curves of one instance of every size (``curves``), dynamic programming over sizes (``knapsack``) and
workloads (``sharing``), at each of several waiting times at the shared stations, since these depend on everybody;
each allocation found is evaluated exactly (``mixture``), the best is improved by exchanges of cores, splits and
merges evaluated exactly. Without shared stations the programme is optimal; with them tests hold it against
exhaustive search.
Assumptions: those of ``mixture``. When not to use it: for even splits of one workload, which ``evaluate`` answers with
all their doubts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cerberus_plan.model.errors import CannotAnswerError, InputError
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Z90
from cerberus_plan.model.structure import System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.mixtures.mix_plan import MixPlan, Part
from cerberus_plan.planner.mixtures.mixture import Allocation, Mixture
from cerberus_plan.planner.mixtures.search import Programmes, search
from cerberus_plan.planner.plan import Constraints
from cerberus_plan.planner.splits.draws import draw
from cerberus_plan.planner.splits.evaluate import used_by
from cerberus_plan.planner.splits.met import as_met
from cerberus_plan.planner.splits.situation import discrepancy_of

_DRAWS = 21
# Searches of a mixture: what one of them finds may correct the target of the next.
_TURNS = 3


def plan_mix(
    machine: Machine,
    workloads_with_weights: Sequence[tuple[Workload, float]],
    constraints: Constraints,
    systems: Sequence[System],
) -> MixPlan:
    """Plan workloads together in the proportion of their weights; the best of the systems is chosen.

    Args:
        machine: The machine.
        workloads_with_weights: Each workload with its weight, any positive numbers.
        constraints: Cores, host cores, most instances of all workloads together.
        systems: Systems to consider; those that run one instance only are refused, with the reason kept.

    Raises:
        InputError: No workload, one twice, or a weight that is not a positive number.
        CannotAnswerError: No system can run the mixture; the message has each system's reason.
    """
    shares = _shares(workloads_with_weights)
    workloads = tuple(workload for workload, _ in workloads_with_weights)
    answers: list[tuple[float, str, Allocation, tuple[float, ...], tuple[float, ...]]] = []
    refused: list[tuple[str, str]] = []
    for system in systems:
        try:
            programmes = Programmes(_mixture(machine, system, workloads), constraints)
            allocation, rates, alone = _together(programmes, shares)
            targets = [s * a for s, a in zip(shares, alone, strict=True)]
            level = min(rate / target for rate, target in zip(rates, targets, strict=True))
            answers.append((level, system.name, allocation, rates, alone))
        except CannotAnswerError as error:
            refused.append((system.name, str(error)))
    if not answers:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in refused)
        raise CannotAnswerError(f"no system can run this mixture on {constraints.usable} cores: {reasons}")
    answers.sort(key=lambda answer: -answer[0])
    level, name, allocation, rates, alone = answers[0]
    chosen = next(system for system in systems if system.name == name)
    widths = _widths(_mixture(machine, chosen, workloads), allocation)
    return MixPlan(
        machine=machine,
        constraints=constraints,
        system=name,
        level=level,
        parts=tuple(
            Part(
                workload=workload,
                share=shares[w],
                split=allocation[w],
                throughput=rates[w],
                low=rates[w] / widths[w],
                high=rates[w] * widths[w],
                alone=alone[w],
            )
            for w, workload in enumerate(workloads)
        ),
        others=tuple((other[1], other[0]) for other in answers[1:]),
        refused=tuple(refused),
    )


def best_split(
    machine: Machine, workload: Workload, constraints: Constraints, system: System
) -> tuple[tuple[int, ...], float]:
    """The best split of one workload, unequal ones included, and its throughput in the workload's unit.

    Start-up of a finite job is left out.

    Raises:
        CannotAnswerError: The system runs one instance only, or the constraints leave nothing.
    """
    return _alone(Programmes(_mixture(machine, system, (workload,)), constraints), 0)


def _shares(workloads_with_weights: Sequence[tuple[Workload, float]]) -> list[float]:
    names = [workload.name for workload, _ in workloads_with_weights]
    if not names or len(set(names)) < len(names):
        raise InputError("--mix needs at least one workload, and each only once, as in a=2,b=1")
    for workload, weight in workloads_with_weights:
        if not 0.0 < weight < float("inf"):
            raise InputError(f"--mix: the weight of {workload.name} is {weight}; it must be a positive number")
    total = sum(weight for _, weight in workloads_with_weights)
    return [weight / total for _, weight in workloads_with_weights]


def _mixture(machine: Machine, system: System, workloads: tuple[Workload, ...]) -> Mixture:
    if not system.clustered:
        raise CannotAnswerError(f"{system.title} is a single OS: it cannot give each workload instances of its own")
    return Mixture(machine=machine, system=system, workloads=workloads)


def _together(
    programmes: Programmes, shares: Sequence[float]
) -> tuple[Allocation, tuple[float, ...], tuple[float, ...]]:
    """The best allocation, the throughput of each workload, and what each can do alone."""
    everybody = range(len(shares))
    alone = tuple(_alone(programmes, w)[1] for w in everybody)
    for _ in range(_TURNS):
        targets = [s * a for s, a in zip(shares, alone, strict=True)]
        allocation, rates = search(programmes, targets, everybody)
        # The instances a workload gets here it could have alone, too: where they do more than what was found for it
        # alone, that was not its best.
        here = [programmes.mixture.of([w]).throughputs((allocation[w],))[0] for w in everybody]
        known, alone = alone, tuple(map(max, alone, here))
        if all(now <= before * (1.0 + 1e-9) for now, before in zip(alone, known, strict=True)):
            break
    return allocation, rates, alone


def _alone(programmes: Programmes, workload: int) -> tuple[tuple[int, ...], float]:
    """The best split of one workload of the mixture on the whole machine."""
    allocation, rates = search(programmes, [1.0], [workload])
    return allocation[0], rates[0]


def _widths(mixture: Mixture, allocation: Allocation) -> list[float]:
    """Factor up and down that holds 90 % of each workload's predictive distribution."""
    quantities, *works = as_met(mixture.machine, mixture.machine.quantities, *(w.operations for w in mixture.workloads))
    costs, *operations = draw(quantities, *works)
    logs = []
    for i in range(1, _DRAWS):
        drawn = replace(
            mixture,
            machine_values=_values(costs, i),
            operation_values=tuple(_values(values, i) for values in operations),
        )
        logs.append(np.log(drawn.throughputs(allocation)))
    spread = np.sqrt(np.mean((np.array(logs) - np.log(mixture.throughputs(allocation))) ** 2, axis=0))
    own = [_own_error(mixture, workload, split) for workload, split in zip(mixture.workloads, allocation, strict=True)]
    return [float(width) for width in np.exp(Z90 * np.hypot(spread, own))]


def _own_error(mixture: Mixture, workload: Workload, split: Sequence[int]) -> float:
    """Standard deviation of the model's own log error for a workload's instances, by their mean size."""
    used, _ = used_by(mixture.machine, workload, [mixture.system])
    vms, threads = np.array([float(len(split))]), np.array([sum(split) / len(split)])
    variance = discrepancy_of(mixture.machine, workload, used).variance([mixture.system.name], vms, threads)
    return float(np.sqrt(variance[0]))


def _values(drawn: Mapping[str, Array], i: int) -> dict[str, float]:
    return {name: float(values[0, min(i, values.shape[1] - 1)]) for name, values in drawn.items()}
