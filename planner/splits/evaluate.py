"""Throughput, intervals and the ledger of every candidate, in one batch over draws of the uncertain numbers.

Models: candidates of several systems for one workload on one machine.
Equations: rate from ``model.exact.splits``; a finite job of J units takes start-up + J / rate seconds, and its
throughput is J over that. Predictive distribution: draws of the costs, and around each the model's own error
(``spread``); comparisons are paired over draws and over errors that vary together (``joint``). The elasticity of a
station is the relative gain in throughput for each relative cut of its times, by a small step under central values.
Assumptions: the model's own error is that of the plan's situation (``situation``).
When not to use it: for unequal splits (``allocate``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cerberus_plan.calibration.store.files import naming
from cerberus_plan.model.discrepancy import Discrepancy
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact import splits as even
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.record import Record
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems import hardware
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints
from cerberus_plan.planner.splits.candidates import even_splits
from cerberus_plan.planner.splits.crowd import Crowd, crowd_of, switches, worth_crowding
from cerberus_plan.planner.splits.draws import draw, draws_for
from cerberus_plan.planner.splits.elasticity import elasticities, with_steps
from cerberus_plan.planner.splits.joint import Joint, sample
from cerberus_plan.planner.splits.met import as_met
from cerberus_plan.planner.splits.situation import discrepancy_of
from cerberus_plan.planner.splits.spread import predictive
from cerberus_plan.planner.splits.stretches import stretched


class Evaluated(Record):
    """All candidates of all systems under all draws.

    Attributes:
        systems: System of each candidate.
        splits: Split of each candidate.
        rate: Throughput under each draw in units of work, start-up included: shape (candidates, draws).
        seconds: Completion time of a finite job under each draw, None for a program without end [s].
        ledger: Share of the used cores' time by station under the central values: shape (candidates,) each.
        elasticity: Relative gain in throughput for each relative cut of a station's times, likewise.
        inputs: The quantities the systems asked for, as programs meet them.
        discrepancy: The model's own error.
        ceiling: Throughput that memory allows each candidate at the most, infinite where nothing is known of it.
        calibrated: Whether costs were measured on the machine: their doubt is that of costs as programs meet them.
    """

    systems: tuple[str, ...]
    splits: Splits
    rate: Array
    seconds: Array | None
    ledger: tuple[Mapping[str, float], ...]
    elasticity: tuple[Mapping[str, float], ...]
    inputs: Mapping[str, Quantity]
    discrepancy: Discrepancy
    ceiling: Array
    calibrated: bool

    def sigma(self) -> Array:
        """Standard deviation of the model's own log error of each candidate."""
        return np.sqrt(self.discrepancy.variance(self.systems, self.splits.vms, self.splits.threads))

    def joint(self, cores: int) -> Joint:
        """Samples of all candidates on so many cores at once, for comparisons; crowded ones that are worth it."""
        worth = worth_crowding(self.rate[:, 0], self.splits, cores)
        return sample(
            self.rate, self.systems, self.splits, self.discrepancy, ceiling=self.ceiling, compared=np.flatnonzero(worth)
        )


class _Part(Record):
    """What is known of the splits of one system."""

    system: str
    splits: Splits
    rate: Array
    seconds: Array
    ledger: list[dict[str, float]]
    elasticity: list[dict[str, float]]
    ceiling: Array


def evaluate(
    machine: Machine, workload: Workload, systems: Sequence[System], constraints: Constraints
) -> Evaluated | None:
    """Evaluate every even split under every system; None when the constraints leave no split at all.

    Raises:
        CannotAnswerError: The machine lacks a cost that a system needs for this workload.
        InputError: Amounts and costs so far apart that their sums are no numbers any more.
    """
    possible = [(s, splits) for s in systems if (splits := even_splits(s, machine, workload, constraints)) is not None]
    if not possible:
        return None
    used, operations_used = used_by(machine, workload, [system for system, _ in possible])
    needed = {name: q for name, q in machine.quantities.items() if any(name in names for names in used.values())}
    asked = {name: q for name, q in workload.operations.items() if name in operations_used}
    needed, asked = as_met(machine, needed, asked)
    costs, operations = draw(needed, asked)
    drawn = _Drawn(
        costs=machine.costs(costs),
        operations=workload.costs(operations),
        n_draws=draws_for(sum(q.sigma > 0.0 for q in (*needed.values(), *asked.values()))),
    )
    parts = [
        _evaluate_system(crowd_of(system, splits, machine, workload, constraints), workload, drawn)
        for system, splits in possible
    ]
    return Evaluated(
        systems=tuple(part.system for part in parts for _ in range(part.splits.vms.size)),
        splits=Splits(
            vms=np.concatenate([part.splits.vms for part in parts]),
            threads=np.concatenate([part.splits.threads for part in parts]),
        ),
        rate=np.concatenate([part.rate for part in parts]),
        seconds=np.concatenate([part.seconds for part in parts]) if workload.job_units else None,
        ledger=tuple(row for part in parts for row in part.ledger),
        elasticity=tuple(row for part in parts for row in part.elasticity),
        ceiling=np.concatenate([part.ceiling for part in parts]),
        inputs={
            **{f"machine.{name}": quantity for name, quantity in needed.items()},
            **{f"workload.{name}": quantity for name, quantity in asked.items()},
            **(switches(machine, workload) if constraints.overcommit > 1.0 else {}),
        },
        discrepancy=discrepancy_of(machine, workload, used),
        calibrated=machine.measured,
    )


def used_by(
    machine: Machine, workload: Workload, systems: Sequence[System]
) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Machine costs that each system asks for, and the operations that any of them asks for."""
    found = {}
    operations = workload.costs()
    for system in systems:
        costs = machine.costs()
        system.law(costs, operations, 1, 1)
        found[system.name] = frozenset(costs.used)
    return found, frozenset(operations.used)


class _Drawn(Record):
    """Costs and operations under every draw."""

    costs: Costs
    operations: Costs
    n_draws: int


def _evaluate_system(crowd: Crowd, workload: Workload, drawn: _Drawn) -> _Part:
    """Rates, ledger and elasticities of a system's splits."""
    n_draws, splits = drawn.n_draws, crowd.splits
    with naming(f"{workload.name} under {crowd.system.name}"):  # laws know neither
        structure = crowd.structure(drawn.costs, drawn.operations)
        stepped = with_steps(structure, n_draws)
        unstretched = even.throughput(stepped, crowd.meeting, n_draws + len(structure.local) + len(structure.shared))
    whole, sharing = structure, unstretched
    if crowd.over:
        factor = crowd.factor(stepped, unstretched)
        whole, sharing = crowd.crowded(structure, factor[:, :n_draws]), unstretched / factor
    rate, startup_share = _rates(unstretched[:, :n_draws], whole, workload)
    startup = startup_share[:, 0]
    ledger = _ledger(whole, crowd.meeting, _central(whole.stretch, rate), startup)
    _require_numbers(workload, np.asarray([sum(shares.values()) for shares in ledger]))
    return _Part(
        system=crowd.system.name,
        splits=splits,
        rate=rate,
        seconds=np.zeros(0) if workload.job_units is None else workload.job_units / rate,
        ledger=ledger,
        elasticity=elasticities(structure, sharing, n_draws, _central(structure.stretch, rate), startup),
        ceiling=_ceiling(crowd, workload, drawn),
    )


def _require_numbers(workload: Workload, computed: Array) -> None:
    """Refuse what no computer can add: times so far apart that a rate or a share is nothing, infinite or NaN.

    Raises:
        InputError: One is.
    """
    if not (np.isfinite(computed).all() and (computed > 0.0).all()):
        raise InputError(
            f"the amounts of {workload.name} and what they cost are too far apart to compute with; which of the "
            "workload's [operations] and the machine's [quantities] is not of this world?"
        )


def _central(factor: Any, rate: Array) -> Array:
    """A factor under the central values: shape (splits,)."""
    return np.broadcast_to(np.asarray(factor, dtype=np.float64), rate.shape)[:, 0]


def _ceiling(crowd: Crowd, workload: Workload, drawn: _Drawn) -> Array:
    """What memory of its central bandwidth allows each split: the model's error does not move more bytes."""
    most = hardware.most_cycles(drawn.costs, drawn.operations, crowd.running)
    return np.broadcast_to(most, (crowd.splits.vms.size, drawn.n_draws))[:, 0] * workload.units_per_cycle


def rates(
    structure: Structure, splits: Splits, workload: Workload, n_draws: int, crowd: Crowd | None = None
) -> tuple[Array, Array]:
    """Throughput in units of work, start-up included, and the start-up's share of the time: (splits, draws) both.

    ``structure`` is the crowd's where there is one.
    """
    meeting = splits if crowd is None else crowd.meeting
    cycles = even.throughput(replace(structure, stretch=1.0), meeting, n_draws)
    if crowd is not None and crowd.over:
        structure = crowd.crowded(structure, crowd.factor(structure, cycles))
    return _rates(cycles, structure, workload)


def _rates(cycles: Array, structure: Structure, workload: Workload) -> tuple[Array, Array]:
    """The same from cycles per second whose times are not stretched."""
    rate = cycles / structure.stretch * workload.units_per_cycle
    _require_numbers(workload, rate)
    if workload.job_units is None:
        return rate, np.zeros(rate.shape)
    startup = np.broadcast_to(np.asarray(structure.startup_s, dtype=np.float64), rate.shape)
    seconds = startup + workload.job_units / rate
    return workload.job_units / seconds, startup / seconds


def _ledger(structure: Structure, splits: Splits, stretch: Array, startup_share: Array) -> list[dict[str, float]]:
    """Shares of the used cores' time: stations, interference, start-up; they sum to 1."""
    threads = splits.vms * splits.threads
    working = (1.0 - startup_share) / stretch
    shares = {name: length / threads * working for name, length in even.occupancy(structure, splits).items()}
    lost = (1.0 - startup_share) * (1.0 - 1.0 / stretch)
    for name, part in stretched(structure, stretch).items():
        shares[name] = lost * part
    if (startup_share > 0.0).any():
        shares["start-up"] = startup_share
    table = np.stack(list(shares.values()), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):  # shares that are none are refused by whoever asked
        table /= table.sum(axis=1, keepdims=True)
    return [dict(zip(shares, row, strict=True)) for row in table.tolist()]


def to_candidates(evaluated: Evaluated, joint: Joint, usable: int) -> list[tuple[int, Candidate]]:
    """The candidates on ``usable`` cores, fastest first, each with its row in the evaluation."""
    rate = evaluated.rate
    sigma = evaluated.sigma()
    probability = joint.probability_best(len(rate))
    regret = joint.regret(np.log(rate[:, 0]))
    order = np.argsort(-rate[:, 0], kind="stable")
    nothing = np.full((3, order.size), None)
    spread = np.stack(predictive(rate, sigma))
    spread[2] = np.minimum(spread[2], np.maximum(evaluated.ceiling, spread[1]))
    seconds = nothing if evaluated.seconds is None else np.stack(_seconds(evaluated.seconds, rate, spread))
    # Python's own numbers, converted once: a plan has a thousand candidates.
    numbers = zip(*spread.tolist(), *seconds.tolist(), probability.tolist(), regret.tolist(), strict=True)
    columns = list(zip(numbers, evaluated.splits.threads.tolist(), evaluated.splits.vms.tolist(), strict=True))
    found = []
    for i in order.tolist():
        (low, middle, high, seconds_low, seconds_middle, seconds_high, chance, loss), threads, vms = columns[i]
        elasticity = evaluated.elasticity[i]
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
            bottleneck=max(elasticity, key=elasticity.__getitem__),
            ledger=evaluated.ledger[i],
            overcommit=max(1.0, vms * threads / usable),
        )
        found.append((i, candidate))
    return found


def _seconds(seconds: Array, rate: Array, spread: Array) -> tuple[Array, Array, Array]:
    """Completion times where the throughputs are: a finite job's throughput is its size over its time."""
    job_units = seconds[:, 0] * rate[:, 0]
    low, middle, high = job_units / spread
    return high, middle, low
