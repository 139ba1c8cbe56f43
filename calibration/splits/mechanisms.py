"""What takes throughput away when M instances of K cores run at once, by whose it is.

    log X(M, K) = scale + log(M K) + inside(K) + machine(M K) + between(M) + first [M >= 2]

`inside` is contention within an instance: a lock of the process or of its kernel, a serial share; it is split when the
instance is. `machine` is what all cores share: memory bandwidth, a device, interference, a lock of the host's kernel.
`between` is the price of instances: messages, fixed work in each. `first` is the step from one instance to two,
which does not grow further (14 of 38 public sets have it). Each is one of the laws of `calibration.curves.laws`,
relative to linear; `linear` says that the mechanism is absent. A scaling curve is the slice M = 1.

Assumptions: mechanisms multiply; all instances are equal. What they miss is the business of `discrepancy`.
When not to use it: for instances of different sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.laws import LAWS, Range
from cerberus_plan.model.distinct import grouped

Array = NDArray[np.float64]

ABSENT = "linear"
FIRST = Range(name="first", low=-1.0, high=0.5, even=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose contention it is, which count it grows with, and the laws that may hold."""

    cause: str
    count: Callable[[Array, Array], Array]  # of instances and cores per instance
    laws: tuple[str, ...]


SCOPES: dict[str, Scope] = {
    "inside": Scope(
        cause="contention inside an instance: a lock of the process or its kernel, or a serial share",
        count=lambda _, cores: cores,
        laws=(ABSENT, "amdahl", "usl", "diffuse", "ceiling", "handover", "step"),
    ),
    "machine": Scope(
        cause="what all cores of the machine share: memory bandwidth, a device, the host's kernel",
        count=lambda instances, cores: instances * cores,
        laws=(ABSENT, "amdahl", "usl", "diffuse", "ceiling", "step"),
    ),
    "between": Scope(
        cause="the price of instances: messages between them, work that each repeats",
        count=lambda instances, _: instances,
        laws=(ABSENT, "amdahl", "usl", "diffuse"),
    ),
}


def counts(splits: list[tuple[int, int]] | tuple[tuple[int, int], ...]) -> tuple[Array, Array]:
    """Instances and cores per instance as arrays."""
    pairs = np.array(splits, dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def loss(law: str, unit: Array, count: Array) -> Array:
    """Logarithm of the throughput relative to linear, shape (draws, counts).

    Args:
        law: name of the law.
        unit: its parameters on the unit interval, shape (draws, parameters).
        count: what it grows with, one entry a split.
    """
    levels, where = grouped(count)
    return np.asarray((LAWS[law].curves(unit, levels) - np.log(levels))[:, where])
