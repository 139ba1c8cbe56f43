"""The distribution of a response time that is a sum of independent parts, by its Laplace transform.

Models: part i lasts a hold of mean h_i, gamma distributed with squared coefficient of variation c_i (1: exponential),
and, with probability q_i, an exponential wait of mean w_i on top (``Sum``); or an exponential hold and, with
probability p_n, n exponential stages (``Stages``).
Equations: E exp(-s T) = prod_i (1 + c_i h_i s)^(-1 / c_i) (1 - q_i + q_i / (1 + w_i s));  P(T > t) is the inverse of
(1 - E exp(-s T)) / s, by the Fourier series of the Bromwich integral whose end is summed by Euler's transformation.
Accuracy: 1e-7 of a probability, for any number of parts, equal ones included (partial fractions lose all digits there).
Assumptions: the parts are independent. That is exact for first-come queues in tandem with Poisson arrivals.
When not to use it: beyond the 99.999th percentile.
Source: Abate and Whitt, ORSA Journal on Computing 7 (1995), algorithm EULER.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record

# The discretisation error is exp(-_DAMPING).
_DAMPING = 18.4
_TERMS, _AVERAGED = 20, 12
_SMALLEST_TAIL = 1e-5
# Holds that vary less have a corner that the Fourier series rounds off.
LEAST_VARIABILITY = 0.01
Complex = np.ndarray[Any, np.dtype[np.complex128]]
Indices = np.ndarray[Any, np.dtype[np.intp]]
# Relative width at which a percentile is found.
_CLOSE = 1e-9
# The same for many at once: the relative step of Newton's rule that is the last one, the longest, and most steps.
_NEAR, _LONGEST_STEP, _MOST_STEPS = 1e-7, 6.0, 60


def _weights() -> tuple[Array, Complex]:
    """Weights and abscissas (times t) of the Fourier series, Euler's averages worked in."""
    count = _TERMS + _AVERAGED + 1
    binomial = np.array([math.comb(_AVERAGED, i) for i in range(_AVERAGED + 1)], dtype=np.float64) * 2.0**-_AVERAGED
    share = np.ones(count)
    share[_TERMS:] = np.cumsum(binomial[::-1])[::-1]
    weights = share * (-1.0) ** np.arange(count) * math.exp(_DAMPING / 2.0)
    weights[0] /= 2.0
    return weights, np.asarray((_DAMPING + 2j * math.pi * np.arange(count)) / 2.0, dtype=np.complex128)


_WEIGHTS, _AT = _weights()


class ResponseTime(Record):
    """A distribution that is known by its mean and its Laplace transform."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """Mean [s]."""

    @abstractmethod
    def transform(self, s: Complex) -> Complex:
        """E exp(-s T) at each s."""

    def tail(self, seconds: float) -> float:
        """Probability of taking longer."""
        if seconds <= 0.0:
            return 1.0
        s = _AT / seconds
        values = ((1.0 - self.transform(s)) / s).real
        return min(max(float(_WEIGHTS @ values) / seconds, 0.0), 1.0)

    def quantile(self, probability: float) -> float:
        """The time that a share ``probability`` stays below [s]."""
        wanted = max(1.0 - probability, _SMALLEST_TAIL)
        if math.isinf(self.mean):
            return math.inf
        low, high = 0.0, self.mean
        while self.tail(high) > wanted:
            low, high = high, 2.0 * high
        return _crossing(self, wanted, low, high)


class Sum(ResponseTime):
    """Parts of a hold and, with some probability, a wait.

    Attributes:
        holds: Mean hold of each part [s].
        chances: Probability of a wait at each part.
        waits: Mean of that wait, given that there is one [s].
        variability: Squared coefficient of variation of each hold, at least ``LEAST_VARIABILITY``.
    """

    holds: Array
    chances: Array
    waits: Array
    variability: Array

    @property
    def mean(self) -> float:
        """Mean [s]."""
        return float(self.holds.sum() + (self.chances * self.waits).sum())

    def transform(self, s: Complex) -> Complex:
        """E exp(-s T) at each s."""
        found = np.ones_like(s)
        some = self.holds > 0.0
        for hold, varies in zip(self.holds[some].tolist(), self.variability[some].tolist(), strict=True):
            found *= 1.0 + hold * s if varies == 1.0 else (1.0 + varies * hold * s) ** (1.0 / varies)
        found = 1.0 / found
        some = self.chances * self.waits > 0.0
        for chance, wait in zip(self.chances[some].tolist(), self.waits[some].tolist(), strict=True):
            found *= 1.0 - chance + chance / (1.0 + wait * s)
        return found


class Stages(ResponseTime):
    """Parts of a hold and a random number of equal exponential stages.

    Attributes:
        holds: Mean hold of each part [s].
        stages: Mean of a stage of each part [s].
        numbers: Probability of 0, 1, ... stages, one array a part.
    """

    holds: tuple[float, ...]
    stages: tuple[float, ...]
    numbers: tuple[Array, ...]

    @property
    def mean(self) -> float:
        """Mean [s]."""
        waits = (stage * float(np.arange(p.size) @ p) for stage, p in zip(self.stages, self.numbers, strict=True))
        return math.fsum((*self.holds, *waits))

    def transform(self, s: Complex) -> Complex:
        """E exp(-s T) at each s."""
        found = np.ones_like(s)
        for hold, stage, numbers in zip(self.holds, self.stages, self.numbers, strict=True):
            powers = (1.0 / (1.0 + stage * s))[:, None] ** np.arange(numbers.size)
            found = found * (powers @ numbers) / (1.0 + hold * s)
        return found


def _crossing(response: ResponseTime, wanted: float, low: float, high: float) -> float:
    """Where the tail falls to a probability: the Illinois rule on its logarithm, which is nearly straight."""

    def excess(t: float) -> float:
        return math.log(max(response.tail(t), 1e-300) / wanted)

    above, below = excess(low) if low else -math.log(wanted), excess(high)
    side = 0
    while high - low > _CLOSE * high:
        t = low + (high - low) * above / (above - below) if above - below > 0.0 else (low + high) / 2.0
        if not low < t < high:
            break
        value = excess(t)
        if value == 0.0:
            return t
        if value > 0.0:
            low, above = t, value
            below = below / 2.0 if side > 0 else below
            side = 1
        else:
            high, below = t, value
            above = above / 2.0 if side < 0 else above
            side = -1
    return (low + high) / 2.0


class _Parts:
    """Parts of several sums, a row each; what has fewer parts than others is filled up with parts that take no time."""

    def __init__(self, found: Sequence[Sum]) -> None:
        shape = len(found), max((each.holds.size for each in found), default=0)
        self._holds, self._chances, self._waits = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._varies = np.ones(shape)
        for row, each in enumerate(found):
            known = slice(each.holds.size)
            self._holds[row, known], self._chances[row, known] = each.holds, each.chances
            self._waits[row, known], self._varies[row, known] = each.waits, each.variability

    def tails(self, rows: Indices, times: Array) -> tuple[Array, Array]:
        """Probability of taking longer, and the density, of some of the sums, each at its own time."""
        s = _AT / times[:, None]
        product, logs = np.ones_like(s), np.zeros_like(s)
        for part in range(self._holds.shape[1]):
            held = 1.0 + (self._varies[rows, part] * self._holds[rows, part])[:, None] * s
            varies = self._varies[rows, part, None]
            if (varies == 1.0).all():
                product /= held
            else:
                logs += _logarithm(held) / varies
            chance = self._chances[rows, part, None]
            if chance.any():
                product *= 1.0 - chance + chance / (1.0 + self._waits[rows, part, None] * s)
        if logs.any():
            product *= np.exp(-logs)
        return ((1.0 - product) / s).real @ _WEIGHTS / times, product.real @ _WEIGHTS / times


def _logarithm(z: Complex) -> Complex:
    """Of numbers to the right of the imaginary axis: half the time of numpy's for any."""
    return np.asarray(0.5 * np.log(z.real**2 + z.imag**2) + 1j * np.arctan(z.imag / z.real))


def quantiles(found: Sequence[Sum], probability: float | Sequence[float]) -> Array:
    """The same percentile of several sums, or one of each, all at once: as ``quantile``, to 1e-7.

    A call for each of them spends its time between numpy's calls, not in them. Newton's rule on the logarithm of the
    tail, which is nearly straight, within what is known to be too short and too long.
    """
    wanted = np.maximum(1.0 - np.broadcast_to(np.asarray(probability, dtype=np.float64), len(found)), _SMALLEST_TAIL)
    parts, times = _Parts(found), np.array([each.mean for each in found])
    low, high = np.zeros_like(times), np.full_like(times, math.inf)
    left = np.arange(times.size)
    for _ in range(_MOST_STEPS):
        if not left.size:
            break
        t = times[left]
        tails, densities = parts.tails(left, t)
        tails = np.clip(tails, 1e-300, 1.0)
        excess = np.log(tails / wanted[left])
        low[left], high[left] = np.where(excess > 0.0, t, low[left]), np.where(excess > 0.0, high[left], t)
        step = excess * tails / np.maximum(densities, 1e-300)
        # beyond the digits of the tail there is none, nor a direction
        near = (np.abs(step) <= _NEAR * t) & (tails > 1e-300) & (densities > 0.0)
        tried = np.clip(t + step, t / _LONGEST_STEP, t * _LONGEST_STEP)
        within = near | ((low[left] < tried) & (tried < high[left]) & (tails > 1e-300))
        times[left] = np.where(within, tried, (low[left] + high[left]) / 2.0)
        left = left[~near]
    return times
