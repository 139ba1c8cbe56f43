"""Fit a curve: forecasts with calibrated 90 % intervals, the peak, the weight of each law, and honest doubt.

The weights come from `posterior`, the interval ends from `interval`.
When not to use it: fewer than three distinct counts (the error says what to measure).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.advise import Advice, next_count
from cerberus_plan.calibration.curves.confirm import Confirmation, confirmation
from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.incumbents import Incumbent, incumbents
from cerberus_plan.calibration.curves.interval import LEVELS, TAIL, Raw
from cerberus_plan.calibration.curves.posterior import Forecast, Posterior, weigh
from cerberus_plan.calibration.curves.priors import Priors, shipped
from cerberus_plan.model.distinct import distinct
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.shown import Shown

Array = NDArray[np.float64]

# Beyond this ratio of high to low an interval does not help anyone to choose.
USEFUL_RATIO = 3.0
# The curve is looked at up to this multiple of the largest measured count when nothing else is asked.
HORIZON = 4
# Each of the forecast's 400 members keeps a covariance of all counts: 0.46 GB in all at so many.
MOST_TARGETS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Throughput at one count."""

    n: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Where throughput is largest within the horizon; `rising` when that is the horizon itself."""

    n: float
    low: float
    high: float
    rising: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Fit(Shown):
    """The answer for one curve."""

    curve: Curve
    predictions: tuple[Prediction, ...]
    path: tuple[Prediction, ...]  # the forecast at enough counts to draw it, the predicted ones among them
    peak: Peak
    law_weights: dict[str, float]  # descending, sums to 1
    incumbents: tuple[Incumbent, ...]
    trusted_to: float  # largest count whose interval is narrower than USEFUL_RATIO
    horizon: float
    advice: Advice
    confirm: Confirmation | None  # the run that makes sure of the peak; None when it is sure
    posterior: Posterior

    def __repr__(self) -> str:
        return f"<Fit of {self.curve.n.size} counts, trusted to {self.trusted_to:g}, best at {self.peak.n:g}>"

    @property
    def decided(self) -> bool:
        """Whether the points decide the curve up to the horizon."""
        return bool(self.trusted_to >= self.horizon)


def fit_curve(
    curve: Curve,
    *,
    predict: Array | None = None,
    boundaries: Array | None = None,
    clients: bool = False,
    priors: Priors | None = None,
) -> Fit:
    """Fit and forecast.

    Args:
        curve: measured points, three distinct counts or more.
        predict: counts to forecast; by default doublings up to four times the largest measured.
        boundaries: counts at which the machine changes, if known.
        clients: n counts clients, which may pass the number of cores.
        priors: what is believed before the points; the shipped ones by default.

    Raises:
        InputError: a single distinct count, or more than `MOST_TARGETS` to forecast.
        CannotAnswerError: two distinct counts; says what to measure.
    """
    if predict is not None and len(predict) > MOST_TARGETS:
        raise InputError(
            f"{len(predict)} counts to forecast are too many; give at most {MOST_TARGETS} at once (the work grows "
            "with their square), such as every tenth"
        )
    posterior = weigh(curve, priors or shipped(clients=clients), boundaries=boundaries)
    targets = default_targets(curve) if predict is None else np.asarray(predict, dtype=float)
    grid = _grid(curve, targets)
    forecast = posterior.predict(grid)
    low, middle, high = intervals(posterior, forecast, grid)
    paths = forecast.paths()
    path = tuple(
        Prediction(n=float(n), value=float(value), low=float(bottom), high=float(top))
        for n, value, bottom, top in zip(grid, middle, low, high, strict=True)
    )
    return Fit(
        curve=curve,
        predictions=tuple(path[i] for i in np.searchsorted(grid, targets)),
        path=path,
        peak=_peak(grid, middle, paths),
        law_weights=dict(sorted(posterior.law_weights.items(), key=lambda item: -item[1])),
        incumbents=incumbents(curve, targets),
        trusted_to=_trusted_to(grid, low, high),
        horizon=float(grid[-1]),
        advice=next_count(curve, grid, paths),
        confirm=confirmation(curve, grid, paths),
        posterior=posterior,
    )


def intervals(posterior: Posterior, forecast: Forecast, targets: Array) -> tuple[Array, Array, Array]:
    """Low end, middle and high end of throughput at each target, calibrated."""
    raw = Raw.of(forecast.quantiles(LEVELS), targets, posterior.n)
    return posterior.priors.widening.interval(raw)


def default_targets(curve: Curve) -> Array:
    """The measured counts, then doublings of the largest up to the horizon."""
    last = curve.n[-1]
    doublings = last * 2.0 ** np.arange(1, np.log2(HORIZON) + 1)
    return np.concatenate([curve.n[-MOST_SHOWN:], doublings])


# Measured counts shown by default: the last ones matter for what comes next.
MOST_SHOWN = 8


def _grid(curve: Curve, targets: Array) -> Array:
    """Every target, and enough whole counts in between to find the peak."""
    horizon = max(float(targets.max()), float(curve.n[-1]))
    steps = np.round(np.exp(np.linspace(np.log(curve.n[0]), np.log(horizon), 32)))
    steps = steps[(steps >= curve.n[0]) & (steps <= horizon)]
    return distinct(np.concatenate([steps, targets, [horizon]]))


def _peak(grid: Array, middle: Array, paths: Array) -> Peak:
    where = grid[paths.argmax(axis=1)]
    low, high = np.quantile(where, [TAIL, 1 - TAIL], method="nearest")
    best = float(grid[middle.argmax()])
    return Peak(n=best, low=min(float(low), best), high=max(float(high), best), rising=bool(best == grid[-1]))


def _trusted_to(grid: Array, low: Array, high: Array) -> float:
    wide = np.flatnonzero(high / low > USEFUL_RATIO)
    first = int(wide[0]) if wide.size else grid.size
    return float(grid[first - 1]) if first else 0.0
