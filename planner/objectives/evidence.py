"""What measured response times say of the model's: one inference over all of them, for every split.

Models: log T measured = log T(``curve``; a, h, b, u) + discrepancy (``discrepancy``) + the scatter of a run (``rows``).
The mean of a saturated closed loop is N / capacity: there it is log N - log capacity + a + scatter alone.
Prior: a ~ N(0, the plan's own doubt about the speed of the measured splits and a tenth), h ~ N(0, 4), b ~ N(0, 2.25),
u ~ N(0, 9); without a measurement nothing changes. The size of the discrepancy is the likeliest of a few.
Equation: a, h, b, u at their mode (Gauss-Newton); around it the posterior of a linear model with a Gaussian process.
A run at more than the capacity is censored: its times are of a queue that grew for as long as it lasted, any longer
time is as likely, and what it says is that the capacity is no more than its rate (``overloads``).
Assumptions: those of ``rows``; measured splits are planned by themselves, so that what else is planned with them
changes nothing. When not to use it: where a run was shorter than the server's slowest change.
Source: Kennedy and O'Hagan (2001); Rasmussen and Williams (2006), section 2.7; docs/decisions/0015-latency.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from cerberus_plan.model.latency.response import Sum, quantiles
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.measurement import ran_on
from cerberus_plan.model.quantity import Z90
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.objectives.curve import TOP, Bend, Curve, Load, share_of
from cerberus_plan.planner.objectives.discrepancy import Place, alike
from cerberus_plan.planner.objectives.rows import Row, rows_of, thinned
from cerberus_plan.planner.objectives.served import TAIL, Served
from cerberus_plan.planner.plan import Candidate
from cerberus_plan.planner.splits.choose import alone

# Sizes of the discrepancy that are tried (standard deviations of a logarithm), the usual one, how far others are off.
_SIZES, _USUAL, _FAR = (0.1, 0.2, 0.4, 0.8), 0.2, 0.7
# Doubt about the speed under arrivals that the plan's interval does not hold.
_OPEN = 0.1
# Most of a short request's time is no work of the server's at all; and few know how their requests vary.
_OFFSET, _VARIES = 2.0, 1.5
# A host pauses for a while that has nothing to do with how short a request is.
_PAUSE = 3.0
# How far apart times in a queue that grows are, on the logarithm: from the first request's to the length of the run.
_CENSORED = 2.0
# Load from which a search begins anew where the plan says that a measured rate is not carried.
_BELOW = 0.9
_STEPS, _DIFFERENCE, _CLOSE = 20, 1e-3, 1e-5
# Modes that a search goes on from.
_KEPT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """What the rows say under one size of the discrepancy.

    Attributes:
        bend: Mode of a, h, b, u; ``covariance`` around it.
        size: Standard deviation of the discrepancy.
        weights: On covariances with a place, for its expected discrepancy.
        inverse: Of the covariance of discrepancies and scatter.
        slopes: Of log times in a, h, b, u at the rows.
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
        waits: 1 of rows that the discrepancy is part of, 0 of those that tell a capacity.
        unit: Time that offsets are counted in [s].
        posterior: What follows.
        varies: Squared coefficient of variation of a request's work that follows.
        overloads: Rows of ``every`` that were taken at more than the capacity.
        least: Logarithm of the least time that a request computes, by the workload; minus infinity where unknown.
        tail: Whether a tail was measured, of a queue that does not grow.
    """

    every: tuple[Row, ...]
    rows: tuple[Row, ...]
    places: tuple[Place, ...]
    alone: Array
    waits: Array
    unit: float
    posterior: Posterior
    varies: float
    overloads: tuple[Row, ...] = ()
    least: float = -math.inf
    tail: bool = False

    @property
    def bend(self) -> Bend:
        """Mode of what measurements change."""
        return self.posterior.bend

    def shift(self, places: Sequence[Place]) -> Array:
        """Expected discrepancy at places."""
        return np.asarray(self.posterior.size**2 * self._alike(places) @ self.posterior.weights)

    def variance(self, places: Sequence[Place], slopes: Array) -> Array:
        """Variance of log times there, scatter of a run left out; ``slopes`` in a, h, b, u: shape (places, 4)."""
        known = self.posterior
        across = known.size**2 * self._alike(places)
        kept = known.size**2 - np.einsum("ij,jk,ik->i", across, known.inverse, across)
        beyond = slopes - across @ known.inverse @ known.slopes
        return np.asarray(np.maximum(kept, 0.0) + np.einsum("ij,jk,ik->i", beyond, known.covariance, beyond))

    def _alike(self, places: Sequence[Place]) -> Array:
        return np.asarray(alike(places, self.places) * self.waits)


def learn(machine: Machine, workload: Workload) -> Evidence | None:
    """What a workload's measured response times say on a machine; None where it has none.

    Raises:
        CannotAnswerError: The machine lacks a cost that one Linux or processes need for this workload.
    """
    every = rows_of(workload.latencies)
    if not every:
        return None
    planned = {row.split: alone(machine, workload, SYSTEMS[ran_on(row.split[0])], row.split) for row in every}
    curves = {split: _curve(machine, workload, split, candidate) for split, candidate in planned.items()}
    rows = thinned(every)
    mine = [curves[row.split] for row in rows]
    unit = median(sorted(curve.alone for curve in mine))
    places = tuple(_place(row, curve) for row, curve in zip(rows, mine, strict=True))
    model = _Model(rows, mine, unit)
    prior = np.array([_doubt_of_speed(planned.values()) ** 2 + _OPEN**2, _OFFSET**2, _VARIES**2, _PAUSE**2])
    found = max(_fits(model, places, prior), key=lambda one: one.likely)
    overloads = _overloads(every, curves, found.bend, unit)
    return Evidence(
        every=every,
        rows=rows,
        places=places,
        alone=model(Bend()),
        waits=model.waits,
        unit=unit,
        posterior=found,
        varies=mine[0].variability(found.bend),
        overloads=overloads,
        least=_least(workload),
        tail=any((share_of(row.name) or 0.0) >= TAIL for row in every if row not in overloads),
    )


def _curve(machine: Machine, workload: Workload, split: tuple[int, int], planned: Candidate | None) -> Curve:
    """A split's curve at the plan's speed, at the model's own where the machine cannot have the split."""
    if planned is not None:
        return Curve(Served.on(machine, workload, planned), planned.throughput)
    like = Candidate(
        system=ran_on(split[0]), split=(split[1],) * split[0], throughput=1.0, low=1.0, high=1.0,
        probability_best=0.0, regret=0.0, bottleneck="", ledger={},
    )  # fmt: skip
    served = Served.on(machine, workload, like)
    return Curve(served, served.cluster().capacity * served.units)


def _doubt_of_speed(planned: Iterable[Candidate | None]) -> float:
    """Standard deviation of log throughput that a plan usually states of the measured splits."""
    stated = [math.log(one.high / one.low) for one in planned if one is not None]
    return median(stated) / (2.0 * Z90) if stated else 0.0


def _place(row: Row, curve: Curve) -> Place:
    load = row.load
    workers = row.split[0] * row.split[1]
    share = (load.rate or 0.0) / curve.capacity if load.clients is None else load.clients / workers
    return Place(row.system, *row.split, share, row.name)


def _least(workload: Workload) -> float:
    """The low end of what a request computes, on the logarithm."""
    compute = workload.operations.get("compute")
    if compute is None:
        return -math.inf
    least = compute.si().value if compute.low is None else compute.si().low
    return math.log(least) if least else -math.inf


def _overloads(
    rows: Sequence[Row], curves: Mapping[tuple[int, int], Curve], bend: Bend, unit: float
) -> tuple[Row, ...]:
    """Rows at a rate that is not carried, with a time that no queue has which ever empties."""
    usual = bend._replace(varies=max(bend.varies, 0.0))
    found = []
    for row in rows:
        curve, rate = curves[row.split], row.load.rate
        if rate is None or curve.load_of(rate, bend) < TOP:
            continue
        top = Load(TOP * curve.capacity * math.exp(-bend.scale), None)
        if row.log_time > curve.log_time(share_of(row.name), top, usual, unit):
            found.append(row)
    return tuple(found)


class _Model:
    """Log times of all rows under a bend."""

    def __init__(self, rows: Sequence[Row], curves: Sequence[Curve], unit: float) -> None:
        self.measured = np.array([row.log_time for row in rows])
        self.waits = np.array([0.0 if row.saturated else 1.0 for row in rows])
        # what tells a capacity tells it of one split; others are as much alike as arrivals and saturation
        self._scatter = np.array([math.hypot(row.scatter, _OPEN if row.saturated else 0.0) for row in rows])
        self._asked = list(zip(rows, curves, strict=True))
        self._shares = [share_of(row.name) for row in rows]
        self._unit = unit
        self._known: dict[Bend, Array] = {}

    def __call__(self, bend: Bend) -> Array:
        return self._all([bend])[0]

    def _all(self, bends: Sequence[Bend]) -> list[Array]:
        """Log times under several bends; their percentiles are found at once."""
        new = [bend for bend in dict.fromkeys(bends) if bend not in self._known]
        for bend, times in zip(new, self._log_times(new), strict=True):
            # in a queue that grows a request may take any longer time
            self._known[bend] = np.where(self._loads(bend) >= TOP, np.maximum(times, self.measured), times)
        return [self._known[bend] for bend in bends]

    def _log_times(self, bends: Sequence[Bend]) -> Array:
        """Shape (bends, rows)."""
        logs = np.zeros((len(bends), len(self._asked)))
        asked: list[tuple[int, int, Sum]] = []
        for i, bend in enumerate(bends):
            solved: dict[tuple[tuple[int, int], Load], tuple[Sum, float]] = {}
            for j, (row, curve) in enumerate(self._asked):
                if row.saturated:
                    logs[i, j] = math.log((row.load.clients or 1) / curve.capacity) + bend.scale
                    continue
                place = row.split, row.load
                if place not in solved:
                    solved[place] = curve.found(row.load, bend, self._unit)
                found, logs[i, j] = solved[place]
                if self._shares[j] is None:
                    logs[i, j] += curve.log_of(np.array(found.mean), bend, self._unit)
                else:
                    asked.append((i, j, found))
        times = quantiles([found for *_, found in asked], [self._shares[j] or 0.0 for _, j, _ in asked])
        for (i, j, _), time in zip(asked, times, strict=True):
            logs[i, j] += self._asked[j][1].log_of(time, bends[i], self._unit)
        return logs

    def scatter(self, bend: Bend) -> Array:
        """Standard deviations: of a run, or of what is known of a queue that grows."""
        return np.where(self._loads(bend) >= TOP, _CENSORED, self._scatter)

    def _loads(self, bend: Bend) -> Array:
        return np.array([curve.load_of(row.load.rate or 0.0, bend) for row, curve in self._asked])

    def slopes(self, bend: Bend) -> Array:
        """Of log times in each number of the bend, shape (rows, 4)."""
        steps = [Bend(*(np.array(bend) + step).tolist()) for step in np.eye(4) * _DIFFERENCE]
        here, *there = self._all([bend, *steps])
        return np.stack([(each - here) / _DIFFERENCE for each in there], axis=1)

    @property
    def starts(self) -> list[Bend]:
        """Where to begin a search: as planned; what is missing is an offset, or pauses; as fast as every rate needs."""
        missing = (np.exp(self.measured) - np.exp(self(Bend()))) / self._unit
        least, middle, most = float(missing.min()), median(missing.tolist()), float(missing.max())
        offset = Bend(offset=math.asinh(2.0 * middle))
        pauses = Bend(offset=math.asinh(2.0 * least), pause=math.log1p(most - least))
        load = float(self._loads(Bend()).max())
        return [Bend(), offset, pauses, *([] if load < _BELOW else [Bend(scale=math.log(_BELOW / load))])]


def _fits(model: _Model, places: Sequence[Place], prior: Array) -> Iterator[Posterior]:
    """The posterior under each size of the discrepancy; a search begins where that of the size before ended."""
    starts = model.starts
    correlated = alike(places, places) * np.outer(model.waits, model.waits)
    for size in _SIZES:
        search = _Search(model, size**2 * correlated, prior)
        starts = sorted((search.mode(start) for start in starts), key=search.worth)[:_KEPT]
        yield _posterior(model, search, starts[0], prior, size)


def _posterior(model: _Model, search: _Search, bend: Bend, prior: Array, size: float) -> Posterior:
    """What the rows say around the mode, under a size of the discrepancy."""
    _, inverse, _ = search.errors(bend)
    slopes, left = model.slopes(bend), model.measured - model(bend)
    known = slopes.T @ inverse @ slopes + np.diag(1.0 / prior)
    # Laplace's approximation of the evidence, constants left out
    likely = -0.5 * (search.worth(bend) + np.linalg.slogdet(known)[1])
    return Posterior(
        bend=bend,
        covariance=np.asarray(np.linalg.inv(known)),
        size=size,
        weights=inverse @ left,
        inverse=inverse,
        slopes=slopes,
        likely=float(likely - 0.5 * (np.log(size / _USUAL) / _FAR) ** 2),
    )


class _Search:
    """The likeliest a, h, b, u: Gauss-Newton steps, halved until they help."""

    def __init__(self, model: _Model, discrepancies: Array, prior: Array) -> None:
        self._model, self._discrepancies, self._prior = model, discrepancies, prior
        self._errors: dict[bytes, tuple[Array, Array, float]] = {}

    def errors(self, bend: Bend) -> tuple[Array, Array, float]:
        """Covariance of discrepancies and scatter, its inverse, the logarithm of its determinant."""
        scatter = self._model.scatter(bend)
        if scatter.tobytes() not in self._errors:
            covariance = self._discrepancies + np.diag(scatter**2)
            inverse = np.asarray(np.linalg.inv(covariance))
            self._errors[scatter.tobytes()] = covariance, inverse, float(np.linalg.slogdet(covariance)[1])
        return self._errors[scatter.tobytes()]

    def worth(self, bend: Bend) -> float:
        """Minus twice the logarithm of the posterior density."""
        left = self._model.measured - self._model(bend)
        _, inverse, volume = self.errors(bend)
        return float(left @ inverse @ left + volume + (np.array(bend) ** 2 / self._prior).sum())

    def mode(self, start: Bend) -> Bend:
        """The likeliest near a start."""
        bend, best = start, self.worth(start)
        for _ in range(_STEPS):
            slopes, left = self._model.slopes(bend), self._model.measured - self._model(bend)
            inverse = self.errors(bend)[1]
            normal = slopes.T @ inverse @ slopes + np.diag(1.0 / self._prior)
            step = np.linalg.solve(normal, slopes.T @ inverse @ left - np.array(bend) / self._prior)
            step = np.clip(step, -1.0, 1.0)
            for _ in range(8):
                tried = Bend(*(np.array(bend) + step).tolist())
                value = self.worth(tried)
                if value < best:
                    break
                step = step / 2.0
            else:
                break
            gained, bend, best = best - value, tried, value
            if gained < _CLOSE:
                break
        return bend
