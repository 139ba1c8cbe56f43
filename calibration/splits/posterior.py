"""Which mechanisms the measured splits speak for: importance weights over prior draws, no optimiser.

Every draw of the mechanisms, under every scale of discrepancy, is weighed by the likelihood of the measured splits,
the set's own scale integrated out. The forecast is the mixture of what the weighed draws predict given the
splits (normal on the logarithm). With many splits the likelihood is flattened until at least `FEWEST` draws carry the
weight: all draws are wrong, and the least wrong one must not speak alone (a coarsened posterior).

`Base` is what is known beside, and how the mechanisms meet it: log(M K) when nothing is, or the physical model's log
rate under each draw of its parameters, which they narrow where it left something out.
Assumptions: as `mechanisms` and `discrepancy`. When not to use it: without any measured split.
Source: importance sampling; Miller and Dunson (2019), coarsening; Rasmussen and Williams (2006), chapter 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.posterior import Forecast, square_root
from cerberus_plan.calibration.splits.discrepancy import Discrepancy
from cerberus_plan.calibration.splits.measured import NOISE_OF_ONE_RUN, Measured, Split
from cerberus_plan.calibration.splits.mechanisms import counts
from cerberus_plan.calibration.splits.prior import Prior
from cerberus_plan.model.distinct import distinct, evenly, grouped

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

# Equally likely members kept of the weighed draws.
KEPT = 600
# Effective number of draws that must carry the weight; chosen on families left out.
FEWEST = 100.0
# Targets at which the discrepancy is drawn; a root of their covariance costs the cube.
MOST_DRAWN = 120
_COOLING = 1.3
_FLATTEST = 1e3


class Base(Protocol):
    """Logarithm of the rate, up to one constant for all splits, given what is known beside the mechanisms."""

    def __call__(self, splits: Sequence[Split], draws: Rows, loss: Array) -> Array:
        """Shape (draws, splits), as the mechanisms' loss that it is given."""


def linear(splits: Sequence[Split]) -> Array:
    """All cores count alike: log(M K)."""
    instances, cores = counts(tuple(splits))
    return np.log(instances * cores)


def ideal(splits: Sequence[Split], draws: Rows, loss: Array) -> Array:  # noqa: ARG001 - the same for every draw
    """Nothing is known beside: the mechanisms take away from linear."""
    return linear(splits) + loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Equally likely members: a draw and a scale of discrepancy each."""

    measured: Measured | None  # as the inference saw it, thinned
    prior: Prior
    base: Base
    draw: Rows
    scale: Rows

    def predict(self, targets: Sequence[Split]) -> Forecast:
        """What each member says about log throughput at the targets; its quantiles are those of one run."""
        level = 0.0 if self.measured is None else float(self.measured.log_value[-1])
        mean = level + self._expected(targets, self.draw)
        residual = np.zeros((self.draw.size, 0))
        if self.measured is not None:
            residual = self.measured.log_value - level - self._expected(self.measured.splits, self.draw)
        used, group = grouped(self.scale)
        unknown = []
        for number, index in enumerate(used):
            rows = group == number
            discrepancy = self.prior.discrepancies[index]
            gain, rest = _condition(discrepancy, self.measured, targets)
            mean[rows] += residual[rows] @ gain
            unknown.append(rest + self._jumps(discrepancy) * np.eye(len(targets)))
        luck = np.array([self._luck(self.prior.discrepancies[index]) for index in used])
        return Forecast(mean=mean, covariances=tuple(unknown), group=group, noise=luck)

    def paths(self, targets: Sequence[Split]) -> Array:
        """One joint draw of log throughput for each member, shape (members, targets); the same on every run.

        Each is as wide as one run is, but the luck of a run is one shock for all targets: of many splits the luckiest
        run is no gain that anybody has.
        For many targets: the discrepancy is drawn at `MOST_DRAWN` of them and carried to the others by its covariance.
        """
        level = 0.0 if self.measured is None else float(self.measured.log_value[-1])
        found = level + self._expected(targets, self.draw)
        some = evenly(len(targets), MOST_DRAWN)
        chosen = [targets[i] for i in some]
        random = np.random.default_rng(0)
        shocks, luck = random.standard_normal((self.draw.size, some.size)), random.standard_normal((self.draw.size, 1))
        for index in distinct(self.scale):
            rows = np.flatnonzero(self.scale == index)
            discrepancy = self.prior.discrepancies[index]
            if self.measured is not None:
                residual = self.measured.log_value - level - self._expected(self.measured.splits, self.draw[rows])
                found[rows] += residual @ _gain(discrepancy, self.measured, targets)
            jumps = self._jumps(discrepancy) * np.eye(some.size)
            root = square_root(_condition(discrepancy, self.measured, chosen)[1] + jumps)
            drawn = shocks[rows] @ root.T
            if some.size < len(targets):
                among = discrepancy.covariance(counts(chosen), counts(chosen), scale=False)
                among += discrepancy.noise**2 * np.eye(some.size)
                drawn = drawn @ np.linalg.solve(
                    among, discrepancy.covariance(counts(chosen), counts(tuple(targets)), scale=False)
                )
            found[rows] += drawn + self._luck(discrepancy) * luck[rows]
        return np.asarray(found)

    def _luck(self, discrepancy: Discrepancy) -> float:
        """Standard deviation of what one run has by chance: all of its noise, up to what repeats tell or is usual."""
        return min(discrepancy.noise, NOISE_OF_ONE_RUN if self.measured is None else self.measured.noise)

    def _jumps(self, discrepancy: Discrepancy) -> float:
        """Variance of what one split has and its neighbours have not: the noise beyond a run's, which stays."""
        return discrepancy.noise**2 - self._luck(discrepancy) ** 2

    def _expected(self, splits: Sequence[Split], draws: Rows) -> Array:
        return self.base(splits, draws, self.prior.draws.loss(splits, draws))


def weigh(measured: Measured | None, prior: Prior, base: Base = ideal) -> Posterior:
    """Weigh every draw of the mechanisms by the measured splits.

    Args:
        measured: what was run; None for the prior itself.
        prior: draws and scales before.
        base: what is known beside.
    """
    if measured is None:
        scores = np.repeat(prior.log_weight[:, None], prior.draws.size, axis=1)
    else:
        measured = measured.thinned()
        scores = likelihood(measured, prior, base) + prior.log_weight[:, None]
    steps = np.cumsum(flattened(scores).ravel())
    at = np.searchsorted(steps, (np.arange(KEPT) + 0.5) / KEPT * steps[-1])
    scale, draw = np.unravel_index(np.minimum(at, steps.size - 1), scores.shape)
    return Posterior(measured=measured, prior=prior, base=base, draw=draw, scale=scale)


def likelihood(measured: Measured, prior: Prior, base: Base = ideal) -> Array:
    """Logarithm of the likelihood of the splits, up to a constant, shape (scales, draws)."""
    draws = np.arange(prior.draws.size)
    expected = base(measured.splits, draws, prior.draws.loss(measured.splits))
    residual = measured.log_value - measured.log_value[-1] - expected  # the unit of throughput does not matter
    scores = np.empty((len(prior.discrepancies), draws.size))
    for row, discrepancy in enumerate(prior.discrepancies):
        root = np.linalg.cholesky(_observed(discrepancy, measured))
        white = residual @ np.linalg.inv(root).T
        scores[row] = -0.5 * np.einsum("ij,ij->i", white, white) - np.log(np.diag(root)).sum()
    return scores


def flattened(scores: Array) -> Array:
    """Weights that sum to 1, flattened until the effective number of draws is `FEWEST` or all are alike."""
    temperature = 1.0
    while True:
        weight = np.exp((scores - scores.max()) / temperature)
        weight /= weight.sum()
        if 1 / (weight.sum(axis=0) ** 2).sum() >= min(FEWEST, scores.shape[1] / 2) or temperature > _FLATTEST:
            return np.asarray(weight)
        temperature *= _COOLING


def _observed(discrepancy: Discrepancy, measured: Measured) -> Array:
    """Covariance of the measured medians: the usual noise of a run, or what is told of each where that is more."""
    at = counts(measured.splits)
    return discrepancy.covariance(at, at) + np.diag(np.maximum(discrepancy.noise, measured.told) ** 2)


def _gain(discrepancy: Discrepancy, measured: Measured, targets: Sequence[Split]) -> Array:
    """Weights of the residuals, shape (splits, targets)."""
    cross = discrepancy.covariance(counts(measured.splits), counts(tuple(targets)))
    return np.asarray(np.linalg.solve(_observed(discrepancy, measured), cross))


def _condition(discrepancy: Discrepancy, measured: Measured | None, targets: Sequence[Split]) -> tuple[Array, Array]:
    """Weights of the residuals (splits, targets), and the covariance of what stays unknown, noise apart."""
    asked = counts(tuple(targets))
    gain: Array = np.zeros((0, len(targets)))
    rest: Array = discrepancy.covariance(asked, asked, scale=measured is not None)
    if measured is not None:
        gain = _gain(discrepancy, measured, targets)
        rest = rest - discrepancy.covariance(counts(measured.splits), asked).T @ gain
    return gain, np.asarray((rest + rest.T) / 2)
