"""What measured response times say of the model's: one inference over all of them, for every split.

Models: log T measured = log T(``curve``; a, h, b) + discrepancy (``discrepancy``) + the scatter of a run.
Prior: a ~ N(0, the plan's own doubt about speed and a tenth), h ~ N(0, 4), b ~ N(0, 2.25); without a measurement
nothing changes. The size of the discrepancy is the likeliest of a few.
Equation: a, h, b at their mode (Gauss-Newton); around it the posterior of a linear model with a Gaussian process.
Assumptions: rows of one instance are those of one Linux, of several of processes on it, as for throughput.
Scatter of one more run: 5 % of a mean or median, 8 % of a 95th and 12 % of a 99th percentile; a judgement that no
repeats change, so that another measurement never makes an answer wider where it was taken.
When not to use it: where a run was shorter than the server's slowest change.
Source: Kennedy and O'Hagan (2001); Rasmussen and Williams (2006), section 2.7; docs/decisions/0015-latency.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from cerberus_plan.model.latency.measured import MeasuredLatency
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.measurement import ran_on
from cerberus_plan.model.quantity import Z90
from cerberus_plan.planner.objectives.curve import Bend, Curve, Load, share_of
from cerberus_plan.planner.objectives.discrepancy import Place, alike
from cerberus_plan.planner.objectives.served import Served
from cerberus_plan.planner.plan import Candidate, Plan

SCATTER = {"mean": 0.05, "p50": 0.05, "p95": 0.08, "p99": 0.12}
# Sizes of the discrepancy that are tried (standard deviations of a logarithm), the usual one, how far others are off.
_SIZES, _USUAL, _FAR = (0.1, 0.2, 0.4, 0.8), 0.2, 0.7
# Doubt about the speed under arrivals that the plan's interval does not hold.
_OPEN = 0.1
# Most of a short request's time is no work of the server's at all; and few know how their requests vary.
_OFFSET, _VARIES = 2.0, 1.5
# More rows add time but hardly any information.
MOST_ROWS = 48
_STEPS, _DIFFERENCE, _CLOSE = 20, 1e-3, 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The repeats of one statistic of one split at one load: logarithm of their median [s]."""

    split: tuple[int, int]
    load: Load
    name: str
    log_time: float

    @property
    def system(self) -> str:
        """What it was a run of."""
        return ran_on(self.split[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What the rows say under one size of the discrepancy.

    Attributes:
        bend: Mode of a, h, b; ``covariance`` around it.
        size: Standard deviation of the discrepancy.
        weights: On covariances with a place, for its expected discrepancy.
        inverse: Of the covariance of discrepancies and scatter.
        slopes: Of log times in a, h, b at the rows.
        likely: Logarithm of the evidence for this size.
    """

    bend: Bend
    covariance: Array
    size: float
    weights: Array
    inverse: Array
    slopes: Array
    likely: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was measured and what follows.

    Attributes:
        every: What was measured; ``rows`` is what of it is inferred from, and ``places``, where.
        alone: Log times of the rows by the model alone.
        unit: Time that offsets are counted in [s].
        posterior: What follows.
        varies: Squared coefficient of variation of a request's work that follows.
    """

    every: tuple[Row, ...]
    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    alone: Array
    unit: float
    posterior: Posterior
    varies: float

    @property
    def bend(self) -> Bend:
        """Mode of what measurements change."""
        return self.posterior.bend

    def shift(self, places: Sequence[Place]) -> Array:
        """Expected discrepancy at places."""
        return np.asarray(self.posterior.size**2 * alike(places, self.places) @ self.posterior.weights)

    def variance(self, places: Sequence[Place], slopes: Array) -> Array:
        """Variance of log times there, scatter of a run left out; ``slopes`` in a, h, b: shape (places, 3)."""
        known = self.posterior
        across = known.size**2 * alike(places, self.places)
        kept = known.size**2 - np.einsum("ij,jk,ik->i", across, known.inverse, across)
        beyond = slopes - across @ known.inverse @ known.slopes
        return np.asarray(np.maximum(kept, 0.0) + np.einsum("ij,jk,ik->i", beyond, known.covariance, beyond))


def rows_of(latencies: Sequence[MeasuredLatency]) -> tuple[Row, ...]:
    """Medians of repeats, in an order that does not depend on theirs."""
    found: dict[tuple[tuple[int, int], float, int, str], list[float]] = {}
    for one in latencies:
        for name, seconds in one.times.items():
            key = (one.split, one.rate or 0.0, one.concurrency or 0, name)
            found.setdefault(key, []).append(float(np.log(seconds)))
    rows = [
        Row(split=split, load=Load(rate or None, clients or None), name=name, log_time=median(found[key]))
        for key in sorted(found)
        for split, rate, clients, name in (key,)
    ]
    return tuple(rows)


def _thinned(rows: Sequence[Row]) -> tuple[Row, ...]:
    """At most ``MOST_ROWS``, evenly taken."""
    keep = np.unique(np.linspace(0, len(rows) - 1, min(MOST_ROWS, len(rows))).round().astype(np.int64))
    return tuple(rows[i] for i in keep)


def learn(plan: Plan) -> Evidence | None:
    """What the workload's measured response times say; None where it has none.

    Raises:
        CannotAnswerError: The machine lacks a cost that one Linux or processes need for this workload.
    """
    every = rows_of(plan.workload.latencies)
    if not every:
        return None
    rows = _thinned(every)
    curves = {(row.system, row.split): _curve(plan, row) for row in rows}
    mine = [curves[row.system, row.split] for row in rows]
    unit = median(sorted(curve.alone for curve in mine))
    places = tuple(_place(row, curve) for row, curve in zip(rows, mine, strict=True))
    model = _Model(rows, mine, unit)
    prior = np.array([doubt_of_speed(plan.candidates) ** 2 + _OPEN**2, _OFFSET**2, _VARIES**2])
    found = max((_fitted(model, places, prior, size) for size in _SIZES), key=lambda one: one.likely)
    return Evidence(
        every=every,
        rows=rows,
        places=places,
        alone=model(Bend()),
        unit=unit,
        posterior=found,
        varies=mine[0].variability(found.bend),
    )


def doubt_of_speed(candidates: Sequence[Candidate]) -> float:
    """Standard deviation of log throughput that a plan usually states."""
    return float(np.median([np.log(one.high / one.low) for one in candidates]) / (2.0 * Z90))


def _curve(plan: Plan, row: Row) -> Curve:
    """The split's curve at the plan's speed, where it is a candidate, else at the model's own."""
    known = next((c for c in plan.candidates if c.system == row.system and _same(c, row.split)), None)
    if known is not None:
        return Curve(Served.of(plan, known), known.throughput)
    like = plan.candidates[0]
    split = (row.split[1],) * row.split[0]
    served = Served.of(plan, _like(like, system=row.system, split=split))
    return Curve(served, served.cluster().capacity * served.units)


def _like(candidate: Candidate, *, system: str, split: tuple[int, ...]) -> Candidate:
    return replace(candidate, system=system, split=split, overcommit=1.0)


def _same(candidate: Candidate, split: tuple[int, int]) -> bool:
    return (candidate.vms, candidate.cores_per_vm) == split and candidate.overcommit == 1.0


def _place(row: Row, curve: Curve) -> Place:
    load = row.load
    workers = row.split[0] * row.split[1]
    share = (load.rate or 0.0) / curve.capacity if load.clients is None else load.clients / workers
    return Place(row.system, *row.split, share, row.name)


class _Model:
    """Log times of all rows under a bend."""

    def __init__(self, rows: Sequence[Row], curves: Sequence[Curve], unit: float) -> None:
        self.measured = np.array([row.log_time for row in rows])
        self.scatter = np.array([SCATTER[row.name] for row in rows])
        self._asked = [(curve, share_of(row.name), row.load) for row, curve in zip(rows, curves, strict=True)]
        self._unit = unit
        self._known: dict[Bend, Array] = {}

    def __call__(self, bend: Bend) -> Array:
        if bend not in self._known:
            times = [curve.log_time(share, load, bend, self._unit) for curve, share, load in self._asked]
            self._known[bend] = np.array(times)
        return self._known[bend]

    def slopes(self, bend: Bend) -> Array:
        here = self(bend)
        steps = np.eye(3) * _DIFFERENCE
        return np.stack([(self(Bend(*(np.array(bend) + step))) - here) / _DIFFERENCE for step in steps], axis=1)


def _fitted(model: _Model, places: Sequence[Place], prior: Array, size: float) -> Posterior:
    """The posterior under a size of the discrepancy."""
    covariance = size**2 * alike(places, places) + np.diag(model.scatter**2)
    inverse = np.asarray(np.linalg.inv(covariance))
    bend = _mode(model, inverse, prior)
    slopes, left = model.slopes(bend), model.measured - model(bend)
    at_prior = left + slopes @ np.array(bend)
    whole = covariance + slopes * prior @ slopes.T
    likely = -0.5 * (at_prior @ np.linalg.solve(whole, at_prior) + np.linalg.slogdet(whole)[1])
    return Posterior(
        bend=bend,
        covariance=np.asarray(np.linalg.inv(slopes.T @ inverse @ slopes + np.diag(1.0 / prior))),
        size=size,
        weights=inverse @ left,
        inverse=inverse,
        slopes=slopes,
        likely=float(likely - 0.5 * (np.log(size / _USUAL) / _FAR) ** 2),
    )


def _mode(model: _Model, inverse: Array, prior: Array) -> Bend:
    """The likeliest a, h, b: Gauss-Newton steps, halved until they help."""

    def worth(bend: Bend) -> float:
        left = model.measured - model(bend)
        return float(left @ inverse @ left + (np.array(bend) ** 2 / prior).sum())

    bend, best = Bend(), worth(Bend())
    for _ in range(_STEPS):
        slopes, left = model.slopes(bend), model.measured - model(bend)
        normal = slopes.T @ inverse @ slopes + np.diag(1.0 / prior)
        step = np.linalg.solve(normal, slopes.T @ inverse @ left - np.array(bend) / prior)
        step = np.clip(step, -1.0, 1.0)
        for _ in range(8):
            tried = Bend(*(np.array(bend) + step).tolist())
            value = worth(tried)
            if value < best:
                break
            step = step / 2.0
        else:
            break
        gained, bend, best = best - value, tried, value
        if gained < _CLOSE:
            break
    return bend
