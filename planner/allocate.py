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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.errors import CannotAnswerError, InputError
from model.machine import Machine
from model.quantity import Z90
from model.structure import System
from model.workload import Workload
from planner.candidates import most_instances
from planner.curves import Curves
from planner.draws import draw
from planner.evaluate import MODEL_ERROR
from planner.knapsack import Table, table
from planner.mixture import Allocation, Mixture
from planner.plan import Constraints
from planner.sharing import Budget, share

# Residence at the shared stations over their demand, as tried: from nobody waits to everybody does.
_WAITS = (1.0, 2.0, 5.0, 15.0, 60.0)
# Shares of the cores tried where instances share a station.
_PARTS = (1.0, 0.75, 0.5, 0.3, 0.15, 0.06)
# Exact evaluations spent on improving the best allocation; they cost more on larger machines.
_TRIES_SMALL, _TRIES_LARGE, _SMALL = 400, 60, 64
_DRAWS = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one workload of a mixture gets.

    Attributes:
        workload: The workload.
        share: Its share of the weights; shares sum to 1.
        split: Cores of each of its instances, largest first.
        throughput: Expected, in the workload's unit; low and high hold 90 % of the predictive distribution.
        alone: What it would get with the whole machine to itself, under the same system and constraints.
    """

    workload: Workload
    share: float
    split: tuple[int, ...]
    throughput: float
    low: float
    high: float
    alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MixPlan:
    """Several workloads planned together.

    Attributes:
        machine: The machine planned for.
        constraints: What was respected.
        system: Name of the best system.
        level: The smallest ratio of a workload's throughput to its share of what it would get alone: above 1 the
            mixture beats taking turns on the whole machine.
        parts: One for each workload, in the order given.
        others: Level of the other systems that could answer.
        refused: Systems that could not, with the reason.
    """

    machine: Machine
    constraints: Constraints
    system: str
    level: float
    parts: tuple[Part, ...]
    others: tuple[tuple[str, float], ...]
    refused: tuple[tuple[str, str], ...]

    @property
    def split(self) -> tuple[int, ...]:
        """Cores of all instances, workload by workload."""
        return tuple(size for part in self.parts for size in part.split)

    @property
    def idle(self) -> int:
        """Cores that no instance gets."""
        return self.constraints.usable - sum(self.split)

    def to_json(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "system": self.system,
            "level": self.level,
            "cores": sum(self.split),
            "idle": self.idle,
            "parts": [
                {
                    "workload": part.workload.name,
                    "unit": part.workload.unit,
                    "share": part.share,
                    "split": list(part.split),
                    "vms": len(part.split),
                    "cores": sum(part.split),
                    "throughput": part.throughput,
                    "low": part.low,
                    "high": part.high,
                    "alone": part.alone,
                }
                for part in self.parts
            ],
            "other_systems": [{"system": name, "level": level} for name, level in self.others],
            "refused": [{"system": name, "reason": reason} for name, reason in self.refused],
        }


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
            mixture = _mixture(machine, system, workloads)
            alone = tuple(_alone(mixture, w, constraints)[1] for w in range(len(workloads)))
            targets = [s * a for s, a in zip(shares, alone, strict=True)]
            allocation, rates = _search(mixture, targets, constraints)
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
    split, rate = _alone(_mixture(machine, system, (workload,)), 0, constraints)
    return split, rate


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


def _alone(mixture: Mixture, workload: int, constraints: Constraints) -> tuple[tuple[int, ...], float]:
    """The best split of one workload of the mixture on the whole machine."""
    single = replace(mixture, workloads=(mixture.workloads[workload],))
    allocation, rates = _search(single, [1.0], constraints)
    return allocation[0], rates[0]


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What an allocation must respect.

    Attributes:
        cores: Cores of all instances.
        instances: Instances in all.
        each: Instances of each workload.
        size: Cores of one instance.
        cards: Network cards, and which workloads need one for each instance.
    """

    cores: int
    instances: int
    each: tuple[int, ...]
    size: int
    cards: int
    needing: tuple[bool, ...]

    @staticmethod
    def of(mixture: Mixture, constraints: Constraints) -> _Bounds:
        system, machine, usable = mixture.system, mixture.machine, constraints.usable
        free = [replace(workload, needs_network_card=False) for workload in mixture.workloads]
        each = tuple(most_instances(system, machine, workload, constraints) for workload in mixture.workloads)
        limits = machine.limits if system.instance_noun == "VM" else {}
        return _Bounds(
            cores=usable,
            instances=max(most_instances(system, machine, workload, constraints) for workload in free),
            each=each,
            size=min(usable, int(limits["vcpus_per_vm"].value)) if "vcpus_per_vm" in limits else usable,
            cards=int(limits["network_cards"].value) if "network_cards" in limits else usable,
            needing=tuple(workload.needs_network_card for workload in mixture.workloads),
        )

    @property
    def order(self) -> list[int]:
        """Workloads that need cards first."""
        return sorted(range(len(self.each)), key=lambda w: not self.needing[w])

    def budget(self, cores: int) -> Budget:
        """The budget with this many cores, for workloads in ``order``."""
        return Budget(
            cores=cores,
            instances=None if self.instances >= self.cores else self.instances,
            cards=self.cards if any(self.needing) and self.cards < self.cores else None,
            needing=sum(self.needing),
        )

    def allow(self, allocation: Allocation) -> bool:
        """True when the allocation respects all of it."""
        sizes = [size for split in allocation for size in split]
        return (
            sum(sizes) <= self.cores
            and len(sizes) <= self.instances
            and all(1 <= size <= self.size for size in sizes)
            and all(1 <= len(split) <= most for split, most in zip(allocation, self.each, strict=True))
            and sum(len(split) for split, card in zip(allocation, self.needing, strict=True) if card) <= self.cards
        )


def _search(
    mixture: Mixture, targets: Sequence[float], constraints: Constraints
) -> tuple[Allocation, tuple[float, ...]]:
    """The best allocation and the throughput of each workload."""
    bounds = _Bounds.of(mixture, constraints)
    curves = Curves(mixture, bounds.size)
    judge = _Judge(mixture, targets)
    # fewer cores can be faster where a shared lock collapses, which curves of one instance cannot know
    parts = _PARTS if curves.coupled else _PARTS[:1]
    for wait in _WAITS if curves.coupled else _WAITS[:1]:
        # some systems' messages depend on the number of instances: the second turn uses the first one's
        for _ in range(2 if curves.counted else 1):
            tables = _tables(curves, wait, judge.instances, bounds)
            for part in parts:
                cores = max(int(bounds.cores * part), 1)
                shared = share(tables, [targets[w] for w in bounds.order], bounds.budget(cores))
                if shared is not None:
                    judge.consider(tuple(shared[bounds.order.index(w)] for w in range(len(targets))))
    if judge.best is None:
        raise CannotAnswerError(
            f"{len(targets)} workloads do not fit {bounds.cores} cores and {bounds.instances} instances; "
            "allow more cores or instances"
        )
    if curves.coupled or curves.counted:
        _improve(judge, bounds)
    return judge.best, judge.rates


def _tables(curves: Curves, wait: float, instances: int, bounds: _Bounds) -> list[Table]:
    """Tables of the workloads in the bounds' order; without a row for each count where nothing bounds the count."""
    free = bounds.instances >= bounds.cores
    return [
        table(
            curves.rates(w, wait, instances),
            bounds.cores,
            None if free and bounds.each[w] >= bounds.cores else bounds.each[w],
        )
        for w in bounds.order
    ]


class _Judge:
    """Evaluates allocations exactly and keeps the best: highest level, then highest sum."""

    def __init__(self, mixture: Mixture, targets: Sequence[float]) -> None:
        self._mixture = mixture
        self._targets = targets
        self._score = (-1.0, -1.0)
        self._seen: set[Allocation] = set()
        self.best: Allocation | None = None
        self.rates: tuple[float, ...] = ()
        self.instances = max(2, len(targets))

    @property
    def evaluations(self) -> int:
        return len(self._seen)

    def consider(self, allocation: Allocation) -> bool:
        """True when it is the best so far."""
        self.instances = sum(map(len, allocation))
        if allocation in self._seen:
            return False
        self._seen.add(allocation)
        rates = self._mixture.throughputs(allocation)
        levels = [rate / target for rate, target in zip(rates, self._targets, strict=True)]
        score = (min(levels), sum(levels))
        # a gain in the last digits is no reason to go on
        if score[0] > self._score[0] * (1.0 + 1e-9) or (
            score[0] >= self._score[0] * (1.0 - 1e-9) and score[1] > self._score[1] * (1.0 + 1e-9)
        ):
            self._score, self.best, self.rates = score, allocation, rates
            return True
        return False


def _improve(judge: _Judge, bounds: _Bounds) -> None:
    """Exchange cores, split and merge instances while the exact evaluation gains."""
    budget = judge.evaluations + (_TRIES_SMALL if bounds.cores <= _SMALL else _TRIES_LARGE)
    improved = True
    while improved:
        improved = False
        assert judge.best is not None
        for neighbour in _neighbours(judge.best, bounds):
            if judge.evaluations >= budget:
                return
            if judge.consider(neighbour):
                improved = True
                break


def _neighbours(allocation: Allocation, bounds: _Bounds) -> Iterator[Allocation]:
    """Allocations one change away: a core moved, taken up or dropped, an instance split, moved or two merged."""
    idle = bounds.cores - sum(map(sum, allocation))
    kinds = [(w, size) for w, split in enumerate(allocation) for size in sorted(set(split))]
    changes: list[list[tuple[int, int, int]]] = [[(*kind, 1)] for kind in kinds if idle]
    changes += [[(*kind, -1)] for kind in kinds]
    changes += [[(*a, -1), (*b, 1)] for a in kinds for b in kinds]
    changes += [[(*a, by), (*b, by)] for a in kinds for b in kinds for by in ((1, -1) if idle > 1 else (-1,))]
    changes += [[(w, 0, 1)] for w in range(len(allocation)) if idle]
    changes += [[(w, size, -(size // 2)), (w, 0, size // 2)] for w, size in kinds if size > 1]
    changes += [[(w, size, -1), (w, 0, 1)] for w, size in kinds if size > 2]
    changes += [[(w, size, -size), (v, 0, size)] for w, size in kinds for v in range(len(allocation)) if v != w]
    changes += [[(w, a, -a), (w, b, a)] for w, a in kinds for v, b in kinds if v == w]
    changes += [[(w, 0, idle)] for w in range(len(allocation)) if idle]
    for change in changes:
        found = _changed(allocation, change)
        if found is not None and bounds.allow(found):
            yield found


def _changed(allocation: Allocation, change: Sequence[tuple[int, int, int]]) -> Allocation | None:
    """The allocation with sizes changed: (workload, size before, difference); size 0 is a new instance."""
    splits = [list(split) for split in allocation]
    for w, size, _ in change:
        if size:
            if size not in splits[w]:
                return None
            splits[w].remove(size)
    for w, size, difference in change:
        if size + difference:
            splits[w].append(size + difference)
    return tuple(tuple(sorted(split, reverse=True)) for split in splits)


def _widths(mixture: Mixture, allocation: Allocation) -> list[float]:
    """Factor up and down that holds 90 % of each workload's predictive distribution."""
    costs, *operations = draw(mixture.machine.quantities, *(w.operations for w in mixture.workloads))
    logs = []
    for i in range(1, _DRAWS):
        drawn = replace(
            mixture,
            machine_values=_values(costs, i),
            operation_values=tuple(_values(values, i) for values in operations),
        )
        logs.append(np.log(drawn.throughputs(allocation)))
    spread = np.sqrt(np.mean((np.array(logs) - np.log(mixture.throughputs(allocation))) ** 2, axis=0))
    return [float(width) for width in np.exp(Z90 * np.hypot(spread, MODEL_ERROR))]


def _values(drawn: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]], i: int) -> dict[str, float]:
    return {name: float(values[0, min(i, values.shape[1] - 1)]) for name, values in drawn.items()}
