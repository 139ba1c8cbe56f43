"""From raw batches to one number with an interval, or an honest refusal.

Estimator: a low quantile (10 %) for work that only disturbances can lengthen, the median for wake-ups, of the
clean batches. Interval (90 %): the wider one of a two-level bootstrap (processes, then batches in each) and

    value * exp(+- t(0.95, k + 2) * s * sqrt(2 / k)),    s^2 = (3 * 0.06^2 + (k - 1) * v) / (k + 2)

with v the variance of the logarithms of k processes' estimates. That is where another run of k processes would find
its value, given that processes usually differ by 6 % (a prior worth three of them). The processes matter, because
the address-space layout of a process moves kernel costs more than repetition within it shows. Two modes are never
averaged: the value is that of the larger mode, and the other one is reported.

With fewer than five clean batches the disturbed ones are used, the interval reaches up to their 90 % quantile and
the estimate says so: a wide truth serves a planner better than silence. Fewer than five batches are no result.
Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 8 (multi-level samples); Student's
prediction interval for the mean of a second sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.harness.runner import ENOUGH_CLEAN
from cerberus_plan.model.quantity import Z90
from cerberus_plan.model.student import student_t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cerberus_plan.calibration.harness.case import Batch

LOW_QUANTILE = 0.1
MEDIAN = 0.5
#: Replicates of the bootstrap; the 5th percentile of 400 rests on 20 of them.
REPLICATES = 400
#: Two groups of samples whose nearest members differ by this factor, each holding a fifth, are two modes.
MODE_FACTOR = 1.35
_MODE_SHARE = 0.15
#: What is known before measuring: processes differ by this deviation, as surely as so many of them would show it.
_PRIOR_DEVIATION = 0.06
_PRIOR_PROCESSES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One of several levels that the samples keep to."""

    value: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its 90 % interval and what it rests on.

    Attributes:
        value: The estimate [unit of the samples].
        low: 5 % bound.
        high: 95 % bound.
        replicates: Bootstrap replicates of the value, to carry doubt into derived quantities.
        kept: Samples used.
        total: Samples taken.
        modes: Levels found, largest first; more than one means that the samples are not of one kind.
        disturbed: Too few undisturbed batches, so that disturbed ones had to be used.
    """

    value: float
    low: float
    high: float
    replicates: NDArray[np.float64]
    kept: int
    total: int
    modes: tuple[Mode, ...]
    disturbed: bool = False


def split_modes(values: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Indices of the modes, largest first.

    A mode boundary is a jump between neighbours in sorted order by ``MODE_FACTOR`` that leaves a share of at
    least 15 % on both sides; stragglers beyond such a jump stay with their neighbours.
    """
    order = np.argsort(values, kind="stable")
    if len(values) < 2 * ENOUGH_CLEAN or values[order[0]] <= 0.0:
        return [order]
    ratio = values[order[1:]] / values[order[:-1]]
    least = max(2, int(np.ceil(_MODE_SHARE * len(values))))
    cuts: list[int] = []
    for cut in np.flatnonzero(ratio >= MODE_FACTOR) + 1:
        if cut - (cuts[-1] if cuts else 0) >= least and len(values) - cut >= least:
            cuts.append(int(cut))
    return sorted(np.split(order, cuts), key=len, reverse=True)


def _replicates(groups: list[NDArray[np.float64]], *, quantile: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Two-level bootstrap: processes with replacement, then as many batches of each as a usual process has."""
    pool = np.concatenate(groups)
    sizes = np.array([len(group) for group in groups])
    first = np.cumsum(sizes) - sizes
    chosen = rng.integers(0, len(groups), (REPLICATES, len(groups), 1))
    within = rng.random((REPLICATES, len(groups), int(np.median(sizes)))) * sizes[chosen]
    drawn = pool[first[chosen] + within.astype(np.intp)]
    found: NDArray[np.float64] = np.quantile(drawn, quantile, axis=(1, 2))
    return found


def _between_processes(single: list[float]) -> float:
    """Factor by which another run's value may differ, from how much the processes of this one differ."""
    k = len(single)
    if k < 2 or min(single) <= 0.0:
        return 1.0
    freedom = _PRIOR_PROCESSES + k - 1
    squares = _PRIOR_PROCESSES * _PRIOR_DEVIATION**2 + (k - 1) * float(np.var(np.log(single), ddof=1))
    t = student_t(0.9, freedom)
    return float(np.exp(t * np.sqrt(squares / freedom * 2.0 / k)))


def _as_wide_as(replicates: NDArray[np.float64], spread: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Replicates at least as wide as the factor ``spread`` at 90 %, so that derived quantities inherit all doubt."""
    wanted = np.log(spread) / Z90
    found = float(np.std(np.log(replicates))) if replicates.min() > 0.0 else wanted
    missing = np.sqrt(max(wanted**2 - found**2, 0.0))
    wider: NDArray[np.float64] = replicates * np.exp(rng.normal(0.0, 1.0, len(replicates)) * missing)
    return wider


def estimate(
    values: Sequence[float],
    processes: Sequence[int],
    *,
    quantile: float,
    total: int | None = None,
    seed: int = 0,
) -> Estimate | None:
    """Estimate the ``quantile`` of samples that come from several processes.

    Args:
        values: Samples, any positive unit.
        processes: For each sample, the process that took it.
        quantile: 0.1 for CPU-bound costs, 0.5 for wake-ups.
        total: Samples taken before doubtful ones were put aside; default all.
        seed: Seed of the bootstrap.

    Returns:
        The estimate, or None if fewer than five samples are left.
    """
    data = np.asarray(values, dtype=float)
    owner = np.asarray(processes)
    if len(data) < ENOUGH_CLEAN:
        return None
    modes = split_modes(data)
    main, where = data[modes[0]], owner[modes[0]]
    groups = [main[where == process] for process in np.unique(where)]
    value = float(np.quantile(main, quantile))
    rng = np.random.default_rng(seed)
    replicates = _replicates(groups, quantile=quantile, rng=rng)
    spread = _between_processes([float(np.quantile(group, quantile)) for group in groups if len(group) >= 3])
    low, high = np.quantile(replicates, [0.05, 0.95])
    return Estimate(
        value=value,
        low=float(min(low, value / spread)),
        high=float(max(high, value * spread)),
        replicates=_as_wide_as(replicates, spread, rng),
        kept=len(main),
        total=len(data) if total is None else total,
        modes=tuple(
            Mode(value=float(np.quantile(data[mode], quantile)), share=len(mode) / len(data)) for mode in modes
        ),
    )


def placement_groups(batches: Sequence[Batch]) -> list[list[Batch]]:
    """Batches grouped by what the placement probe said, the largest group first.

    Batches without a probe form one group.
    """
    probed = [batch for batch in batches if batch.probe_s is not None]
    if len(probed) < len(batches) or not batches:
        return [list(batches)] if batches else []
    probes = np.array([batch.probe_s for batch in probed], dtype=float)
    return [[probed[i] for i in np.sort(mode)] for mode in split_modes(probes)]


def estimate_batches(batches: Sequence[Batch], *, quantile: float, seed: int = 0) -> Estimate | None:
    """Estimate of one case from its batches: sizing and doubtful ones aside, in its commonest placement.

    Returns:
        The estimate, marked as disturbed if too few batches are clean; None if there are too few at all.
    """
    timed = [batch for batch in batches if batch.round >= 0]
    groups = placement_groups([batch for batch in timed if batch.clean])
    disturbed = not groups or len(groups[0]) < ENOUGH_CLEAN
    used = timed if disturbed else groups[0]
    found = estimate(
        [batch.seconds for batch in used],
        [batch.process for batch in used],
        quantile=quantile,
        total=len(timed),
        seed=seed,
    )
    if found is None or not disturbed:
        return found
    most = float(np.quantile([batch.seconds for batch in used], 0.9))
    return replace(found, high=max(found.high, most), disturbed=True)
