"""What a fleet's integer program chooses from, what it answers with, and what that answer is worth.

Nouns, and two sums over them that trust no solver: the cost, and the level that each workload reaches.
When not to use it: to choose; ``program`` does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record

Counts = np.ndarray[Any, np.dtype[np.int64]]
# Rates and costs that differ by less, relatively, are the same.
ROUNDING = 1e-9


class Program(Record):
    """What is to be chosen from; rates as shares of what each workload needs.

    Attributes:
        counts: Machines of each type.
        prices: What one of each costs.
        whole: Load that a machine of a type carries for a workload: shape (types, workloads), 0 where it cannot.
        part: Load that a part carries, likewise.
        parts: Parts of a machine; 1 for no sharing.
        survive: Machines whose loss each workload must survive.
        least: Fewest machines of each workload.
        groups: Label of each workload; equal ones never share a machine.
        budget: Most that may be spent, None for no bound.
    """

    counts: tuple[int, ...]
    prices: tuple[float, ...]
    whole: Array
    part: Array
    parts: int
    survive: tuple[int, ...]
    least: tuple[int, ...]
    groups: tuple[int, ...]
    budget: float | None = None


class Allocation(Record):
    """Machines of each type for each workload.

    Attributes:
        whole: Whole machines: shape (types, workloads).
        part: Parts, likewise.
        shared: Machines of each type that are cut into parts.
        bound: What the objective cannot be better than: a cost, or a level of all rates.
        proven: True when nothing better exists; else the search ran out of time.
    """

    whole: Counts
    part: Counts
    shared: Counts
    bound: float
    proven: bool

    @property
    def used(self) -> Counts:
        """Machines of each type that are used."""
        return self.whole.sum(axis=1) + self.shared


def cost(program: Program, allocation: Allocation) -> float:
    """What the machines used cost."""
    return float(np.dot(allocation.used, program.prices))


def levels(program: Program, allocation: Allocation) -> Array:
    """What each workload reaches after the losses it must survive, as a share of its rate."""
    found = np.empty(len(program.survive))
    for w, lost in enumerate(program.survive):
        each = np.repeat(
            np.concatenate([program.whole[:, w], program.part[:, w]]),
            np.concatenate([allocation.whole[:, w], allocation.part[:, w]]),
        )
        found[w] = np.sort(each)[: max(each.size - lost, 0)].sum()
    return found


def alone(program: Program, w: int) -> Program:
    """The program of one of its workloads, with every machine to choose from and no budget."""
    return replace(
        program,
        whole=program.whole[:, w : w + 1],
        part=program.part[:, w : w + 1],
        survive=program.survive[w : w + 1],
        least=program.least[w : w + 1],
        groups=(0,),
        budget=None,
    )
