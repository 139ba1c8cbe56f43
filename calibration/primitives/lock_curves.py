"""What the lock benchmarks have in common: a grid of hold times and threads, and the hand-over read from it.

Each role takes the lock, spins ``hold`` iterations, releases it, spins ``think`` iterations. With n roles and
holds longer than the think time there is always a waiter, so the time per acquisition of all together is

    T(n, hold) = extra(n) + slope(n) * hold

and the intercept ``extra(n)`` is what passing the lock on costs. The slope is left free, because neighbours on one
physical core slow each other's spinning; the holds of one line are of one placement of the cores, which a virtual
machine's host changes at will. For a lock whose waiters poll one word (ticket, test-and-set),

    extra(n) = service + handover * (n - 1) / 2,    service: the uncontended cost, timed without hold and think

(Boyd-Wickizer et al., Non-scalable locks are dangerous, Linux Symposium 2012); a queue lock passes on at a
constant cost. With two cores only extra(2) is seen and its growth with n is assumed to follow that law.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.statistics import LOW_QUANTILE, estimate_batches, placement_groups
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cerberus_plan.calibration.primitives.base import Results, Space

    #: Cache line round trip between the first two cores [s], None where it was not probed.
    Placement = float | None
    #: Hold -> value and replicates.
    Points = dict[int, NDArray[np.float64]]

#: Iterations of the spin outside the lock, about 60 ns at one iteration a core cycle.
THINK = 256
#: Iterations of the spin inside, about 0 to 1 us; twice the think time keeps a waiter always there.
HOLDS = (0, 512, 1024, 2048, 4096)
_QUICK_HOLDS = (0, 1024, 4096)
_BLOCK_ITERATIONS = 16384
#: In the place of a hold: no hold and no thinking, so that nothing hides what the lock itself costs.
FREE = "free"
_AREA_BYTES = 4096 + 128 * 1024


def cases(space: Space, lock: str, loop: Callable[[int, int, int, int], int]) -> list[Case]:
    """The grid for one lock: ``lock.HOLD.THREADS``."""
    holds = _QUICK_HOLDS if space.quick else HOLDS
    free = Case(
        name=f"{lock}.{FREE}.1",
        loop=loop,
        seats=space.seats(1),
        area=space.area_of([0, 0], size_bytes=_AREA_BYTES),
        deadline=True,
        count=_BLOCK_ITERATIONS // 128,
    )
    return [free] + [
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


def _points(results: Results, lock: str, threads: int) -> list[tuple[Placement, Points]]:
    """By placement, the commonest first: for each hold its value followed by its bootstrap replicates [s].

    All holds are taken from one placement: a line through points of two would be of neither.
    """
    cases = {f"{lock}.{hold}.{threads}": hold for hold in HOLDS}
    pooled = [b for case in cases for b in results.batches.get(case, []) if b.round >= 0 and b.clean]
    found = []
    for group in placement_groups(pooled):
        points = {}
        for case, hold in cases.items():
            estimate = estimate_batches([b for b in group if b.case == case], quantile=LOW_QUANTILE)
            if estimate is not None:
                points[hold] = np.concatenate([[estimate.value], estimate.replicates])
        distances = [b.probe_s for b in group if b.probe_s is not None]
        found.append((float(np.median(distances)) if distances else None, points))
    return found


def _line(points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    """Cost of taking and releasing the free lock [s]: one thread that does nothing else."""
    estimate = results.estimate(f"{lock}.{FREE}.1")
    return None if estimate is None else np.concatenate([[estimate.value], estimate.replicates])


def extras(results: Results, lock: str) -> list[tuple[Placement, dict[int, NDArray[np.float64]]]]:
    """The cost of passing the lock on with n threads contending [s], by n; by placement of two, the commonest first.

    Only two threads meet several placements that can be told apart: with more, the commonest is taken.
    """
    threads = sorted({int(name.rsplit(".", 1)[1]) for name in results.batches if name.startswith(f"{lock}.")})
    further: dict[int, NDArray[np.float64]] = {}
    found: list[tuple[Placement, dict[int, NDArray[np.float64]]]] = []
    for n in threads:
        for at, (distance, points) in enumerate(_points(results, lock, n) if n > 1 else ()):
            long = {hold: times for hold, times in points.items() if hold >= 2 * THINK}
            if len(long) < 2:
                continue
            passing = np.maximum(_line(long)[0], 0.0)
            if n == 2:
                found.append((distance, {2: passing}))
            elif at == 0:
                further[n] = passing
    if not found and further:
        found = [(None, {})]
    return [(distance, passed | further) for distance, passed in found]


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


def _handover(
    results: Results, lock: str, law: str, of: Callable[[dict[int, NDArray[np.float64]]], NDArray[np.float64]]
) -> dict[str, Quantity]:
    """The hand-over in the commonest placement; its interval holds those of all, since another run may meet another."""
    placements = extras(results, lock)
    if not placements:
        return {}
    quantities = [_quantity(of(passed), Provenance.DERIVED, _source(passed, law)) for _, passed in placements]
    first = quantities[0]
    if len(placements) > 1:
        told = ", ".join(
            f"{q.value * 1e9:.3g} ns where the cores are {(distance or 0.0) * 1e9:.3g} ns apart"
            for q, (distance, _) in zip(quantities, placements, strict=True)
        )
        first = replace(
            first,
            low=min(q.low or 0.0 for q in quantities),
            high=max(q.high or q.value for q in quantities),
            source=f"{first.source}; {told}: the commonest is given, the interval holds all",
        )
    return {f"{lock}_handover": first}


def _uncontended_quantity(alone: NDArray[np.float64], lock: str) -> dict[str, Quantity]:
    source = "take and release, one thread that does nothing else"
    return {f"{lock}_uncontended": _quantity(alone, Provenance.MEASURED, source)}


def polled_lock(results: Results, lock: str) -> dict[str, Quantity]:
    """Uncontended cost and hand-over per waiter of a lock whose waiters poll one word."""
    alone = uncontended(results, lock)
    if alone is None:
        return {}

    def growth(passed: dict[int, NDArray[np.float64]]) -> NDArray[np.float64]:
        waiters = np.array([(n - 1) / 2.0 for n in passed])
        above = np.stack([extra - alone for extra in passed.values()])
        slope: NDArray[np.float64] = np.maximum(np.sum(waiters[:, None] * above, axis=0) / np.sum(waiters**2), 0.0)
        return slope

    return _uncontended_quantity(alone, lock) | _handover(results, lock, "grows by half of it a waiter", growth)


def queued_lock(results: Results, lock: str) -> dict[str, Quantity]:
    """Uncontended cost and constant hand-over of a lock whose waiters each poll their own word."""
    alone = uncontended(results, lock)
    if alone is None:
        return {}

    def mean(passed: dict[int, NDArray[np.float64]]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.mean(np.stack(list(passed.values())), axis=0)
        return found

    return _uncontended_quantity(alone, lock) | _handover(results, lock, "constant in waiters", mean)


def _source(passed: dict[int, NDArray[np.float64]], law: str) -> str:
    counts = ", ".join(map(str, passed))
    text = f"intercept of time per acquisition over hold times with {counts} threads; {law}"
    return text if len(passed) > 1 else text + " is assumed: more than 2 cores are needed to see it"
