"""What the lock benchmarks have in common: a grid of hold times and threads, and the hand-over read from it.

Each role takes the lock, spins ``hold`` iterations, releases it, spins ``think`` iterations. With n roles and
holds longer than the think time there is always a waiter, so the time per acquisition of all together is

    T(n, hold) = extra(n) + slope(n) * hold

and the intercept ``extra(n)`` is what passing the lock on costs. The slope is left free, because neighbours on one
physical core slow each other's spinning. For a lock whose waiters poll one word (ticket, test-and-set),

    extra(n) = service + handover * (n - 1) / 2,    service: the uncontended cost

(Boyd-Wickizer et al., Non-scalable locks are dangerous, Linux Symposium 2012); a queue lock passes on at a
constant cost. With two cores only extra(2) is seen and its growth with n is assumed to follow that law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cerberus_plan.calibration.primitives.base import Results, Space

#: Iterations of the spin outside the lock, about 60 ns at one iteration a core cycle.
THINK = 256
#: Iterations of the spin inside, about 0 to 1 us; twice the think time keeps a waiter always there.
HOLDS = (0, 512, 1024, 2048, 4096)
_QUICK_HOLDS = (0, 1024, 4096)
_BLOCK_ITERATIONS = 16384
LOCK_OFFSET = 4096
_AREA_BYTES = 4096 + 128 * 1024


def cases(space: Space, lock: str, loop: Callable[[int, int, int, int], int]) -> list[Case]:
    """The grid for one lock: ``lock.HOLD.THREADS``."""
    holds = _QUICK_HOLDS if space.quick else HOLDS
    return [
        Case(
            name=f"{lock}.{hold}.{n}",
            loop=loop,
            seats=space.seats(n),
            area=space.area_of([hold, THINK], size_bytes=_AREA_BYTES),
            deadline=True,
            count=max(1, _BLOCK_ITERATIONS // (hold + THINK + 128)),
        )
        for hold in holds
        for n in space.counts
    ]


def _replicates(results: Results, lock: str, threads: int) -> dict[int, NDArray[np.float64]]:
    """For each hold with a result: its value followed by its bootstrap replicates [s]."""
    found = {}
    for hold in HOLDS:
        estimate = results.estimate(f"{lock}.{hold}.{threads}")
        if estimate is not None:
            found[hold] = np.concatenate([[estimate.value], estimate.replicates])
    return found


def _line(points: dict[int, NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intercept and slope over holds by least squares on relative error, for value and replicates at once."""
    holds = np.array(sorted(points), dtype=float)
    times = np.stack([points[int(hold)] for hold in holds])
    weights = 1.0 / np.mean(times, axis=1) ** 2
    mean_hold = np.sum(weights * holds) / np.sum(weights)
    mean_time = np.sum(weights[:, None] * times, axis=0) / np.sum(weights)
    spread = holds - mean_hold
    slope = np.sum((weights * spread)[:, None] * times, axis=0) / np.sum(weights * spread**2)
    return mean_time - slope * mean_hold, slope


def uncontended(results: Results, lock: str) -> NDArray[np.float64] | None:
    """Cost of taking and releasing the free lock [s]: one thread's intercept less the think time."""
    points = _replicates(results, lock, 1)
    if len(points) < 2:
        return None
    intercept, slope = _line(points)
    cost: NDArray[np.float64] = np.maximum(intercept - slope * THINK, 0.0)
    return cost


def extras(results: Results, lock: str) -> dict[int, NDArray[np.float64]]:
    """The cost of passing the lock on with n threads contending [s], by n."""
    found = {}
    threads = sorted({int(name.rsplit(".", 1)[1]) for name in results.batches if name.startswith(f"{lock}.")})
    for n in threads:
        points = {hold: t for hold, t in _replicates(results, lock, n).items() if hold >= 2 * THINK}
        if n >= 2 and len(points) >= 2:
            found[n] = np.maximum(_line(points)[0], 0.0)
    return found


def _quantity(samples: NDArray[np.float64], provenance: Provenance, source: str) -> Quantity:
    """A quantity from its value and replicates."""
    low, high = np.quantile(samples[1:], [0.05, 0.95])
    value = float(samples[0])
    return Quantity(
        value=value,
        unit="s",
        low=min(value, float(low)),
        high=max(value, float(high)),
        provenance=provenance,
        source=source,
    )


def polled_lock(results: Results, lock: str) -> dict[str, Quantity]:
    """Uncontended cost and hand-over per waiter of a lock whose waiters poll one word."""
    alone, passed = uncontended(results, lock), extras(results, lock)
    if alone is None:
        return {}
    found = {
        f"{lock}_uncontended": _quantity(
            alone, Provenance.MEASURED, "take and release, one thread, hold extrapolated to 0"
        )
    }
    if passed:
        waiters = np.array([(n - 1) / 2.0 for n in passed])
        above = np.stack([extra - alone for extra in passed.values()])
        slope = np.maximum(np.sum(waiters[:, None] * above, axis=0) / np.sum(waiters**2), 0.0)
        found[f"{lock}_handover"] = _quantity(
            slope, Provenance.DERIVED, _source(passed, "grows by half of it a waiter")
        )
    return found


def queued_lock(results: Results, lock: str) -> dict[str, Quantity]:
    """Uncontended cost and constant hand-over of a lock whose waiters each poll their own word."""
    alone, passed = uncontended(results, lock), extras(results, lock)
    if alone is None:
        return {}
    found = {
        f"{lock}_uncontended": _quantity(
            alone, Provenance.MEASURED, "take and release, one thread, hold extrapolated to 0"
        )
    }
    if passed:
        mean: NDArray[np.float64] = np.mean(np.stack(list(passed.values())), axis=0)
        found[f"{lock}_handover"] = _quantity(mean, Provenance.DERIVED, _source(passed, "constant in waiters"))
    return found


def _source(passed: dict[int, NDArray[np.float64]], law: str) -> str:
    counts = ", ".join(map(str, passed))
    text = f"intercept of time per acquisition over hold times with {counts} threads; {law}"
    return text if len(passed) > 1 else text + " is assumed: more than 2 cores are needed to see it"
