"""How long is the hypervisor's per-VM paging lock held? From faults of one VM against faults of several.

    n vCPUs of one VM:  think time Z, then a queue lock of the VM with hold s and hand-over h;  cycle T_one(n)
    n VMs of one vCPU:  the same without a queue, Z + s = T_many(n), interference of the machine included
    n = 2:              T_one - T_many = s (s + 2 h) / T_many           (exact for the closed network)

With two vCPUs only the product s (s + 2 h) shows, so the hold is an upper bound found with h = 0 and the hand-over
stays unknown. From three vCPUs on, both are fitted by least squares on log T_one(n).
Assumptions: exponential holds, one lock a VM, no other resource of the VM saturates.
When not to use it: as evidence of saturation; a few vCPUs cannot keep the lock busy.
Source: ``model.laws.queue_lock`` (KVM's mmu_lock is a queued lock), ``model.exact.solver``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, QueueLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

REPLICATES: Final = 400
_FIT_REPLICATES: Final = 40
ENOUGH_PAIRS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A value with its 90 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What the pairs say about the lock.

    Attributes:
        hold: Time it is held for one fault [s]; None if no slowdown was seen.
        handover: Extra time to pass it to a waiter [s]; None if it cannot be told apart.
        slowdown: T_one(n) / T_many(n) by number of vCPUs.
    """

    hold: Range | None
    handover: Range | None
    slowdown: Mapping[int, Range]


def cycle_time(*, think: float, hold: float, handover: float, vcpus: int) -> float:
    """Time per fault and vCPU when ``vcpus`` of one VM fault at once [s]."""
    stations = [Delay(max(think, 0.0)), QueueLock(hold, handover=handover)]
    return vcpus / solve(instances=[Instance(threads=vcpus, stations=stations)]).throughput


def estimate(pairs: Mapping[int, NDArray[np.float64]], *, seed: int = 0) -> Lock:
    """Estimate the lock from pairs of batches taken one after the other.

    Args:
        pairs: For each number of vCPUs an array of shape (batches, 2): T_one and T_many [s].
        seed: Seed of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    usable = {n: table for n, table in sorted(pairs.items()) if len(table) >= ENOUGH_PAIRS}
    slowdown = {n: _slowdown(table, rng) for n, table in usable.items()}
    if set(usable) == {2}:
        return Lock(hold=_hold_of_two(usable[2], rng), handover=None, slowdown=slowdown)
    if not usable:
        return Lock(hold=None, handover=None, slowdown=slowdown)
    hold, handover = _fitted(usable, rng)
    return Lock(hold=hold, handover=handover, slowdown=slowdown)


def _resampled(table: NDArray[np.float64], rng: np.random.Generator, times: int) -> NDArray[np.float64]:
    rows = rng.integers(0, len(table), (times, len(table)))
    medians: NDArray[np.float64] = np.median(table[rows], axis=1)
    return medians


def _slowdown(table: NDArray[np.float64], rng: np.random.Generator) -> Range:
    # The two of a pair met the same host, so the ratio is taken in each pair first.
    ratios = (table[:, 0] / table[:, 1])[:, None]
    return _range(float(np.median(ratios)), _resampled(ratios, rng, REPLICATES)[:, 0])


def _hold_of_two(table: NDArray[np.float64], rng: np.random.Generator) -> Range | None:
    products = ((table[:, 0] - table[:, 1]) * table[:, 1])[:, None]
    median = float(np.median(products))
    if median <= 0.0:
        return None
    # A hold is not negative: a resample without slowdown says that the hold may be nothing.
    draws = np.sqrt(np.maximum(_resampled(products, rng, REPLICATES)[:, 0], 0.0))
    return _range(float(np.sqrt(median)), draws)


def _fitted(tables: Mapping[int, NDArray[np.float64]], rng: np.random.Generator) -> tuple[Range | None, Range | None]:
    best = _fit({n: np.median(table, axis=0) for n, table in tables.items()})
    if best[0] <= 0.0:
        return None, None
    draws = {n: _resampled(table, rng, _FIT_REPLICATES) for n, table in tables.items()}
    found = np.array([_fit({n: rows[i] for n, rows in draws.items()}) for i in range(_FIT_REPLICATES)])
    return _range(best[0], found[:, 0]), _range(best[1], found[:, 1])


def _fit(medians: Mapping[int, NDArray[np.float64]]) -> tuple[float, float]:
    from scipy.optimize import least_squares

    alone = min(float(many) for _, many in medians.values())

    def residuals(shares: NDArray[np.float64]) -> list[float]:
        hold, handover = (float(share) * alone for share in shares)
        return [
            np.log(cycle_time(think=many - hold, hold=hold, handover=handover, vcpus=n) / one)
            for n, (one, many) in medians.items()
        ]

    shares = least_squares(residuals, x0=[0.1, 0.05], bounds=([1e-6, 0.0], [1.0, 4.0])).x
    return float(shares[0]) * alone, float(shares[1]) * alone


def _range(value: float, draws: NDArray[np.float64]) -> Range:
    low, high = np.quantile(draws, [0.05, 0.95])
    return Range(value=value, low=min(float(low), value), high=max(float(high), value))
