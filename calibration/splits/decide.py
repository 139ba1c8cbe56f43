"""Which split to run, given joint draws of all candidates' throughput: the one with the least expected regret.

The regret of a split in one draw is the share of throughput that it loses against that draw's best. A split that was
never run must promise `TRUST` more than the best that was: the forecast that looks best among many is too hopeful.
Of those that were run and lose alike, fewer instances are less to look after.
When not to use it: for limits beside throughput (latency, memory): leave out the candidates that break them.
Source: expected opportunity loss, Raiffa and Schlaifer (1961); winner's curse, Smith and Winkler (2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.posterior import Forecast
from cerberus_plan.calibration.splits.measured import Measured, Split

Array = NDArray[np.float64]

TRUST = 0.07
# Of splits that were run, those whose expected regrets differ by less than anybody can measure are alike.
ALIKE = 0.005
# Joint draws a member of the posterior: two halve the noise of a probability of being best.
DRAWS_A_MEMBER = 2
_LEAST_STRAY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Joint draws of the candidates' log throughput, and what follows from them."""

    paths: Array  # (draws, candidates); fewer instances first
    measured: NDArray[np.bool_]  # which candidates were run

    @property
    def share(self) -> Array:
        """Throughput as a share of the best candidate's, in each draw."""
        return shares(self.paths)

    @property
    def regret(self) -> Array:
        """Expected regret of each candidate."""
        return np.asarray(1 - self.share.mean(axis=0))

    @property
    def probability_best(self) -> Array:
        """How often each candidate is the best."""
        best = np.bincount(self.paths.argmax(axis=1), minlength=self.paths.shape[1])
        return np.asarray(best / len(self.paths))

    @property
    def choice(self) -> int:
        """The candidate to run; of those that were run and are alike, the one with fewest instances."""
        cost = self.regret + TRUST * (~self.measured if self.measured.any() else 0.0)
        best = int(cost.argmin())
        if not self.measured[best]:
            return best
        return int(np.flatnonzero(self.measured & (cost <= cost[best] + ALIKE))[0])


def shares(paths: Array) -> Array:
    """Throughput as a share of the best candidate's, in each draw."""
    return np.asarray(np.exp(paths - paths.max(axis=1, keepdims=True)))


def look(forecast: Forecast, measured: Measured | None, candidates: Sequence[Split]) -> Outlook:
    """Joint draws of the true rates of the candidates.

    One that was run strays from its median as the forecast does, though by no more than the median's error: runs that
    agree with each other are believed together.
    """
    shocks = np.random.default_rng(0).standard_normal((DRAWS_A_MEMBER, *forecast.mean.shape))
    paths = forecast.drawn(shocks).reshape(-1, len(candidates))
    known = {} if measured is None else {split: i for i, split in enumerate(measured.splits)}
    for column, split in enumerate(candidates):
        if measured is not None and split in known:
            row = known[split]
            strays = paths[:, column] - paths[:, column].mean()
            times = min(1.0, float(measured.standard_error[row]) / max(float(strays.std()), _LEAST_STRAY))
            paths[:, column] = measured.log_value[row] + times * strays
    return Outlook(paths=paths, measured=np.array([split in known for split in candidates], dtype=bool))
