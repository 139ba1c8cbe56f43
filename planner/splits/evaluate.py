"""Throughput, intervals and the ledger of every candidate, in one batch over draws of the uncertain numbers.

Models: candidates of several systems for one workload on one machine.
Equations: rate from ``model.exact.splits``; a finite job of J units takes start-up + J / rate seconds, and its
throughput is J over that. Predictive spread: the draws', widened by the model's own error (below). Probability of being
best and regret are over draws, paired.
Assumptions: the model's own error is the same for neighbouring candidates, so it widens intervals but not
comparisons.
When not to use it: for unequal splits (``allocate``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cerberus_plan.model.exact import splits as even
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Z90, Quantity
from cerberus_plan.model.record import Record
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints
from cerberus_plan.planner.splits.candidates import even_splits
from cerberus_plan.planner.splits.draws import N_DRAWS, draw, percentiles

# Standard deviation of log(model / measured) beyond parameter doubt: the root mean square error of the model on the
# 28 published quantities it is judged on (docs/paper-fit.md).
MODEL_ERROR = 0.05


class Evaluated(Record):
    """All candidates of all systems under all draws.

    Attributes:
        systems: System of each candidate.
        splits: Split of each candidate.
        rate: Throughput under each draw in units of work, start-up included: shape (candidates, draws).
        seconds: Completion time of a finite job under each draw, None for a program without end [s].
        ledger: Share of the used cores' time by station under the central values: shape (candidates,) each.
        inputs: The quantities the systems asked for.
    """

    systems: tuple[str, ...]
    splits: Splits
    rate: Array
    seconds: Array | None
    ledger: tuple[Mapping[str, float], ...]
    inputs: Mapping[str, Quantity]


def evaluate(
    machine: Machine, workload: Workload, systems: Sequence[System], constraints: Constraints
) -> Evaluated | None:
    """Evaluate every even split under every system; None when the constraints leave no split at all.

    Raises:
        CannotAnswerError: The machine lacks a cost that a system needs for this workload.
    """
    costs_values, operation_values = draw(machine.quantities, workload.operations)
    costs = machine.costs(costs_values)
    operations = workload.costs(operation_values)
    parts = []
    for system in systems:
        splits = even_splits(system, machine, workload, constraints)
        if splits is not None:
            parts.append((system.name, splits, _evaluate_system(system, splits, workload, costs, operations)))
    if not parts:
        return None
    names = tuple(name for name, splits, _ in parts for _ in range(splits.vms.size))
    return Evaluated(
        systems=names,
        splits=Splits(
            vms=np.concatenate([splits.vms for _, splits, _ in parts]),
            threads=np.concatenate([splits.threads for _, splits, _ in parts]),
        ),
        rate=np.concatenate([rate for _, _, (rate, _, _) in parts]),
        seconds=np.concatenate([seconds for _, _, (_, seconds, _) in parts]) if workload.job_units else None,
        ledger=tuple(row for _, _, (_, _, ledger) in parts for row in ledger),
        inputs={
            **{f"machine.{n}": q for n, q in machine.quantities.items() if n in costs.used},
            **{f"workload.{n}": q for n, q in workload.operations.items() if n in operations.used},
        },
    )


def _evaluate_system(
    system: System, splits: Splits, workload: Workload, costs: Costs, operations: Costs
) -> tuple[Array, Array, list[dict[str, float]]]:
    """Rate and seconds, both of shape (splits, draws), and the ledger of each split."""
    structure = system.law(costs, operations, *splits.columns)
    rate, startup_share = rates(structure, splits, workload, N_DRAWS)
    seconds = np.zeros(0) if workload.job_units is None else workload.job_units / rate
    return rate, seconds, _ledger(structure, splits, startup_share[:, 0])


def rates(structure: Structure, splits: Splits, workload: Workload, n_draws: int) -> tuple[Array, Array]:
    """Throughput in units of work, start-up included, and the start-up's share of the time: (splits, draws) both."""
    rate = even.throughput(structure, splits, n_draws) * workload.units_per_cycle
    if workload.job_units is None:
        return rate, np.zeros(rate.shape)
    startup = np.broadcast_to(np.asarray(structure.startup_s, dtype=np.float64), rate.shape)
    seconds = startup + workload.job_units / rate
    return workload.job_units / seconds, startup / seconds


def _ledger(structure: Structure, splits: Splits, startup_share: Array) -> list[dict[str, float]]:
    """Shares of the used cores' time: stations, interference, start-up; they sum to 1."""
    threads = splits.vms * splits.threads
    stretch = np.broadcast_to(np.asarray(structure.stretch, dtype=np.float64), (threads.size, N_DRAWS))[:, 0]
    working = (1.0 - startup_share) / stretch
    shares = {name: length / threads * working for name, length in even.occupancy(structure, splits).items()}
    if (stretch > 1.0).any():
        shares["interference"] = (1.0 - startup_share) * (1.0 - 1.0 / stretch)
    if (startup_share > 0.0).any():
        shares["start-up"] = startup_share
    table = np.stack(list(shares.values()), axis=1)
    table /= table.sum(axis=1, keepdims=True)
    return [dict(zip(shares, row, strict=True)) for row in table.tolist()]


def to_candidates(evaluated: Evaluated) -> list[tuple[int, Candidate]]:
    """The candidates, fastest first, each with its row in the evaluation."""
    rate = evaluated.rate
    best = rate.max(axis=0)
    probability = (rate >= best).mean(axis=1)
    probability /= probability.sum()
    regret = (1.0 - rate / best).mean(axis=1)
    order = np.argsort(-rate[:, 0], kind="stable")
    nothing = np.full((3, order.size), None)
    seconds = nothing if evaluated.seconds is None else np.stack(predictive(evaluated.seconds))
    # Python's own numbers, converted once: a plan has a thousand candidates.
    numbers = zip(
        *np.stack(predictive(rate)).tolist(), *seconds.tolist(), probability.tolist(), regret.tolist(), strict=True
    )
    columns = list(zip(numbers, evaluated.splits.threads.tolist(), evaluated.splits.vms.tolist(), strict=True))
    found = []
    for i in order.tolist():
        (low, middle, high, seconds_low, seconds_middle, seconds_high, chance, loss), threads, vms = columns[i]
        ledger = evaluated.ledger[i]
        candidate = Candidate(
            system=evaluated.systems[i],
            split=(int(threads),) * int(vms),
            throughput=middle,
            low=low,
            high=high,
            seconds=seconds_middle,
            seconds_low=seconds_low,
            seconds_high=seconds_high,
            probability_best=chance,
            regret=loss,
            bottleneck=max(ledger, key=ledger.__getitem__),
            ledger=ledger,
        )
        found.append((i, candidate))
    return found


def predictive(values: Array) -> tuple[Array, Array, Array]:
    """5th percentile, centre and 95th percentile: draws' spread and the model's own error, added in quadrature.

    The centre is draw 0, the answer under the central values. Each side has its own spread, so that a collapse
    that may or may not have begun shows as a long tail on one side.
    """
    logs = np.log(values)
    centre = logs[:, :1]
    below, above = percentiles(logs - centre)
    width_low = np.hypot(np.minimum(below, 0.0), Z90 * MODEL_ERROR)
    width_high = np.hypot(np.maximum(above, 0.0), Z90 * MODEL_ERROR)
    middle = values[:, 0]
    return middle * np.exp(-width_low), middle, middle * np.exp(width_high)
