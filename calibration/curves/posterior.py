"""Bayesian model averaging by importance weights: no optimiser, every law at once.

Every prior draw of every law, under every scale of drift, is weighed by the likelihood of the measured points,
with the curve's own scale integrated out. The forecast is the mixture of what each weighed draw predicts
given the points (a normal distribution on the logarithm, by the rules of Gaussian processes).

Assumptions: as `laws` and `drift`. When not to use it: fewer than three levels.
Source: importance sampling; Rasmussen and Williams (2006), chapter 2, for the conditional means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.calibration.curves.drift import Drift, Motions
from cerberus_plan.calibration.curves.laws import LAWS
from cerberus_plan.calibration.curves.priors import Priors
from cerberus_plan.model.distinct import distinct, grouped
from cerberus_plan.model.normal import normal_quantile
from cerberus_plan.model.quantiles import quantiles

Array = NDArray[np.float64]

# More levels than this add cost but hardly any information on the shape.
MOST_LEVELS = 24
# Draws kept of the weighed ones: the forecast's quantiles move by less than 1 % with twice as many.
KEPT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Weighed draws for one curve."""

    n: Array  # levels used
    log_value: Array  # their throughput, relative to the last level
    log_scale: float  # logarithm of the throughput at the last level
    boundaries: Array
    priors: Priors
    extra_noise: Array  # variance of each level from its repeats
    weight: Array  # shape (drifts, draws), sums to 1

    @property
    def law_weights(self) -> dict[str, float]:
        """Probability of each law."""
        draws = self.weight.sum(axis=0)
        sums = np.bincount(self.priors.law_of_draw, weights=draws)
        return dict(zip(self.priors.units, (float(x) for x in sums), strict=True))

    def kept(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Drift and draw of `KEPT` equally likely members, chosen at even steps of the weights."""
        steps = np.cumsum(self.weight.ravel())
        at = np.searchsorted(steps, (np.arange(KEPT) + 0.5) / KEPT * steps[-1])
        drift, draw = np.unravel_index(np.minimum(at, steps.size - 1), self.weight.shape)
        return drift, draw

    def predict(self, targets: Array) -> Forecast:
        """What each kept member says about log throughput at the targets."""
        drift, draw = self.kept()
        law = self._speedups(draw, np.concatenate([self.n, targets]))
        at_levels, at_targets = law[:, : self.n.size], law[:, self.n.size :]
        mean = np.empty((KEPT, targets.size))
        used, group = grouped(drift)
        unknown = []
        moved = tuple(Motions.between(a, b, self.boundaries) for a, b in self._pairs(targets))
        for number, k in enumerate(used):
            rows = group == number
            gain, rest = self._condition(self.priors.drifts[k], *moved)
            mean[rows] = self.log_scale + at_targets[rows] + (self.log_value - at_levels[rows]) @ gain
            unknown.append(rest)
        return Forecast(mean=mean, covariances=tuple(unknown), group=group)

    def _pairs(self, targets: Array) -> tuple[tuple[Array, Array], ...]:
        return (self.n, self.n), (self.n, targets), (targets, targets)

    def _condition(self, scales: Drift, seen: Motions, across: Motions, asked: Motions) -> tuple[Array, Array]:
        """Weights of the residuals (levels, targets), and the covariance of what stays unknown."""
        cross = scales.covariance(across)
        gain = np.linalg.solve(scales.covariance(seen) + np.diag(scales.noise**2 + self.extra_noise), cross)
        rest = scales.covariance(asked) - cross.T @ gain
        return np.asarray(gain), np.asarray((rest + rest.T) / 2)

    def _speedups(self, draw: NDArray[np.int64], n: Array) -> Array:
        laws = self.priors.law_of_draw
        first = {k: int(np.argmax(laws == k)) for k in distinct(laws[draw])}
        out = np.empty((draw.size, n.size))
        for k, (name, unit) in enumerate(self.priors.units.items()):
            rows = np.flatnonzero(laws[draw] == k)
            if rows.size:
                out[rows] = LAWS[name].curves(unit[draw[rows] - first[k]], n)
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Equally likely normal members: log throughput at the targets."""

    mean: Array  # (members, targets)
    covariances: tuple[Array, ...]  # (targets, targets) each
    group: NDArray[np.int64]  # which covariance each member has: one for each of its own would be gigabytes
    noise: Array | None = (
        None  # standard deviation of one run beside each covariance; None where quantiles leave it out
    )

    def quantiles(self, levels: list[float]) -> Array:
        """Marginal quantiles of log throughput, as one run would show it, shape (levels, targets)."""
        variance = np.maximum([covariance.diagonal() for covariance in self.covariances], 0.0)
        if self.noise is not None:
            variance = variance + self.noise[:, None] ** 2
        deviation = np.sqrt(variance)[self.group]
        spread = self.mean[:, None, :] + deviation[:, None, :] * _NORMAL_STEPS[None, :, None]
        return quantiles(spread.reshape(-1, self.mean.shape[1]), levels)

    def paths(self) -> Array:
        """One joint draw of true log throughput a member, shape (members, targets); the same on every run."""
        shocks = np.random.default_rng(0).standard_normal(self.mean.shape)
        return self.drawn(shocks)

    def drawn(self, shocks: Array) -> Array:
        """True log throughput under independent standard normal shocks: shape (..., members, targets) both."""
        found = np.empty(shocks.shape)
        for number, covariance in enumerate(self.covariances):
            rows = self.group == number
            found[..., rows, :] = self.mean[rows] + shocks[..., rows, :] @ square_root(covariance).T
        return found


def square_root(covariance: Array) -> Array:
    """A matrix whose product with its transpose is the covariance; rounding below zero is none."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def normal_steps() -> Array:
    """Centres of nine equally likely parts of a standard normal distribution."""
    return np.array([normal_quantile((i + 0.5) / 9) for i in range(9)])


_NORMAL_STEPS = normal_steps()


def weigh(curve: Curve, priors: Priors, *, boundaries: Array | None = None) -> Posterior:
    """Weigh every draw of every law by the points of a curve.

    Args:
        curve: at least three levels.
        priors: draws and weights before the points.
        boundaries: counts at which the machine changes (socket, SMT, L3), if known.
    """
    return weighed(scored(curve, priors, boundaries=boundaries), priors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What the points of a curve say of every draw; it depends on the draws and scales, not on their weights before."""

    n: Array  # levels used
    log_value: Array  # their throughput, relative to the last level
    log_scale: float
    boundaries: Array
    extra_noise: Array
    likelihood: Array  # logarithm, up to a constant, shape (drifts, draws)


def scored(curve: Curve, priors: Priors, *, boundaries: Array | None = None) -> Scored:
    """The likelihood of every draw; arguments as `weigh`."""
    curve.require_levels()
    keep = thinned(curve.n)
    n, log_value = curve.n[keep], np.log(curve.value[keep])
    log_scale = float(log_value[-1])
    edges = np.array([]) if boundaries is None else boundaries
    extra = curve.noise**2 / curve.repeats[keep]
    return Scored(
        n=n,
        log_value=log_value - log_scale,
        log_scale=log_scale,
        boundaries=edges,
        extra_noise=extra,
        likelihood=likelihood(n, log_value - log_scale, extra, priors, edges),
    )


def weighed(points: Scored, priors: Priors) -> Posterior:
    """The posterior under these weights before the points; draws and scales as those that were scored."""
    scores = points.likelihood + priors.log_weight[None, :] + priors.log_drift[:, None]
    weight = np.exp(scores - scores.max())
    return Posterior(
        n=points.n,
        log_value=points.log_value,
        log_scale=points.log_scale,
        boundaries=points.boundaries,
        priors=priors,
        extra_noise=points.extra_noise,
        weight=weight / weight.sum(),
    )


def likelihood(n: Array, log_value: Array, extra: Array, priors: Priors, boundaries: Array) -> Array:
    """Logarithm of the likelihood of the levels, up to a constant, shape (drifts, draws)."""
    law = np.concatenate([LAWS[name].curves(unit, n) for name, unit in priors.units.items()])
    residual = log_value[None, :] - law
    scores = np.empty((len(priors.drifts), len(law)))
    moved = Motions.between(n, n, boundaries)
    for row, scales in enumerate(priors.drifts):
        root = np.linalg.cholesky(scales.covariance(moved) + np.diag(scales.noise**2 + extra))
        white = residual @ np.linalg.inv(root).T
        scores[row] = -0.5 * np.einsum("ij,ij->i", white, white) - np.log(np.diag(root)).sum()
    return scores


def thinned(n: Array) -> NDArray[np.int64]:
    """Indices of at most `MOST_LEVELS` levels, evenly spread in log n, both ends kept."""
    if n.size <= MOST_LEVELS:
        return np.arange(n.size)
    wanted = np.exp(np.linspace(np.log(n[0]), np.log(n[-1]), MOST_LEVELS))
    return distinct(np.abs(n[None, :] - wanted[:, None]).argmin(axis=1))
