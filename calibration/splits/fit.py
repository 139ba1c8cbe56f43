"""Forecast every split of a machine from the few that were measured, and say which to run and which to measure next.

    expected(split) = q40(best of all) E[share of the best]      and its 90 % interval (`interval`)

so that the expected values rank splits by their expected regret, but within what the forecast says of each alone:
beside a run of 17 cores, 16 are not expected to do a third less because other splits may do seven times as much.
A measured split is its own median.
When not to use it: for limits beside throughput, which the planner knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.interval import rate
from cerberus_plan.calibration.curves.posterior import Forecast
from cerberus_plan.calibration.splits.decide import Outlook, look
from cerberus_plan.calibration.splits.design import next_split
from cerberus_plan.calibration.splits.interval import TAIL, Widening, distances, narrowest, of_run
from cerberus_plan.calibration.splits.measured import Measured, Split
from cerberus_plan.calibration.splits.owner import owner
from cerberus_plan.calibration.splits.posterior import Posterior, weigh
from cerberus_plan.calibration.splits.prior import Prior, shipped
from cerberus_plan.model.measurement import Measurement
from cerberus_plan.model.quantiles import quantiles
from cerberus_plan.model.shown import Shown

Array = NDArray[np.float64]

# Errors are relative, so expecting too much costs more than expecting too little.
MIDDLE = 0.4
# A choice that is expected to lose less than this needs no further run.
SURE = 0.01
# A split may leave this share of the cores idle when the core count has few divisors.
LEAST_USED = 0.9
FEW_DIVISORS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitForecast:
    """One candidate."""

    instances: int
    cores_per_instance: int
    value: float
    low: float
    high: float
    measured: bool
    probability_best: float
    regret: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SplitFit(Shown):
    """The answer for one set of measured splits."""

    measured: Measured
    splits: tuple[SplitForecast, ...]
    best: SplitForecast
    next: SplitForecast | None  # the split to measure next; None when the choice is sure or all are measured
    owner: dict[str, float]
    outlook: Outlook
    posterior: Posterior

    def __repr__(self) -> str:
        best = f"{self.best.instances} x {self.best.cores_per_instance}"
        return f"<SplitFit of {len(self.measured.splits)} measured splits, best of {len(self.splits)}: {best}>"


def fit_splits(
    measurements: Iterable[Measurement], candidates: Sequence[Split] | None = None, *, prior: Prior | None = None
) -> SplitFit:
    """Fit and forecast.

    Args:
        measurements: what was run; one is enough for an answer, three make it useful.
        candidates: splits to choose from; by default those of the largest measured number of cores.
        prior: what is believed before; the shipped one by default.

    Raises:
        InputError: no measurement.
    """
    measured = Measured.of(measurements)
    asked = tuple(sorted(set(candidates or splits_of(measured.largest))))
    posterior = weigh(measured, prior or shipped())
    forecast = posterior.predict(asked)
    outlook = look(forecast, measured, asked)
    splits = forecasts(forecast, posterior.prior.widening, measured, asked, outlook)
    wanted = None if outlook.regret[outlook.choice] < SURE else next_split(outlook, left=1, anchored=True)
    return SplitFit(
        measured=measured,
        splits=splits,
        best=splits[outlook.choice],
        next=None if wanted is None else splits[wanted],
        owner=owner(posterior, max(m * k for m, k in asked)),
        outlook=outlook,
        posterior=posterior,
    )


def forecasts(
    forecast: Forecast, widening: Widening, measured: Measured, asked: Sequence[Split], outlook: Outlook
) -> tuple[SplitForecast, ...]:
    """Value, interval, probability of being best and regret of each split."""
    low, high = forecast.quantiles([TAIL, 1 - TAIL])
    middle = centre(outlook, low, high)
    half = widening.half(low, high, distances(measured.splits, asked))
    half = np.maximum(half, narrowest(measured))
    known = {split: i for i, split in enumerate(measured.splits)}
    for column, split in enumerate(asked):
        if split in known:
            middle[column] = measured.log_value[known[split]]
            half[column] = of_run(measured, known[split], float(half[column]))
    chance, regret = outlook.probability_best, outlook.regret
    return tuple(
        SplitForecast(
            instances=split[0],
            cores_per_instance=split[1],
            value=float(rate(middle[i])),
            low=float(rate(middle[i] - half[i])),
            high=float(rate(middle[i] + half[i])),
            measured=bool(outlook.measured[i]),
            probability_best=float(chance[i]),
            regret=float(regret[i]),
        )
        for i, split in enumerate(asked)
    )


def centre(outlook: Outlook, low: Array, high: Array) -> Array:
    """Logarithm of the expected throughput of each candidate.

    Args:
        outlook: joint draws of the candidates.
        low: low end of the forecast of each on its own, which the ranking of all must not leave.
        high: high end likewise.
    """
    top = outlook.paths.max(axis=1)
    behind = outlook.paths - top[:, None]
    nearest = behind.max(axis=0)  # taken out before the exponential, where a share would round to nothing
    share = nearest + np.log(np.exp(behind - nearest).mean(axis=0))
    return np.clip(quantiles(top, [MIDDLE])[0] + share, low, high)


def splits_of(cores: int) -> list[Split]:
    """Splits that use all cores, or nearly all where the number of cores has few divisors."""
    exact = [(cores // k, k) for k in range(1, cores + 1) if cores % k == 0]
    if len(exact) >= FEW_DIVISORS:
        return exact
    return [(cores // k, k) for k in range(1, cores + 1) if (cores // k) * k >= LEAST_USED * cores]
