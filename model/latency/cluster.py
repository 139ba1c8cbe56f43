"""What one of several equal instances does with j requests at work while the others are as busy as they are.

Models: m equal instances of k workers that meet at shared stations, each fed the same rate a.
Equations: with P_j(z) of ``model.exact.solver`` for an instance with j at work, and <A> = sum_J J! G_s(J) [z^J] A,

    Q(z) = sum_{j<k} a^j P_j(z) + W P_k(z),   W = a^k / (1 - a / X(k))      one instance of unknown state
    X(j) = <P_{j-1} Q^(m-1)> / <P_j Q^(m-1)>                                 rate of an instance with j at work

W holds the requests that wait for a worker; X(k) is the same number on both sides, found by bracketing.
Assumptions: the state of the others is independent of how long their queues have been. The equations are exact in
three limits: one instance, unlimited workers (an open product-form network), and saturation, where X(k) is the
closed network's, so that the rate at which the cluster becomes unstable is exact. Between them the simulator judges
(``simulated``, tests/model/latency).
When not to use it: for instances of different sizes or rates.
Source: product form as in ``model.exact.solver``; flow equivalence as in ``chain``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property

import numpy as np

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact import series
from cerberus_plan.model.latency.chain import Chain, collapses, steady
from cerberus_plan.model.latency.response import Sum
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.record import Record

# Relative accuracy of the shared rate X(k), and most steps to it: each is a power of a polynomial.
_CLOSE = 1e-10
_MOST_STEPS = 80
# Secant steps from a guess before the bracket is cut instead.
_SECANTS = 5
# Sizes at which the rate of the whole cluster is solved, beside the smallest.
_POOLED_SIZES = 10


class Operating(Record):
    """One instance at one arrival rate.

    Attributes:
        rates: Completions a second with 1..k at work.
        lengths: Mean number at each station (local ones, then the instance's own at shared ones) with 0..k at work:
            shape (stations, k + 1).
        chain: Its steady state, None when there is none.
    """

    rates: Array
    lengths: Array
    chain: Chain | None


class Cluster:
    """Equal instances and what they share; all times in seconds.

    Attributes:
        stations: Local stations, then shared ones.
        threads: Workers of each instance.
        instances: Number of instances.
        variability: Squared coefficient of variation of the work at delays; 1 for exponential holds, 0 for fixed ones.
    """

    def __init__(
        self,
        *,
        local: Sequence[Station],
        threads: int,
        instances: int = 1,
        shared: Sequence[Station] = (),
        variability: float = 1.0,
    ) -> None:
        self.stations = (*local, *shared)
        self.threads, self.instances, self.variability = threads, instances, variability
        # what one instance does not share with another is its own
        self._n_local = len(self.stations) if instances == 1 else len(local)
        most = threads * instances
        self._local = [series.station_factors(s.service_times(threads)) for s in self.stations[: self._n_local]]
        self._shared = [series.station_factors(s.service_times(most)) for s in self.stations[self._n_local :]]
        self._constants = series.product(self._local, threads)
        self._known: dict[float, Operating] = {}
        self._rates_of_full: dict[float, float] = {}
        # response times that were worked out, by rate (``open_network``)
        self.responses: dict[float, Sum] = {}
        if not self._shared and not np.isfinite(self._constants[1]):
            raise InputError("the cycle takes no time; give the instance a station with a positive demand")

    def varied(self, variability: float) -> Cluster:
        """The same with work of another variability; what does not depend on it is kept and not solved again."""
        _ = self.full
        found = copy(self)
        found.variability, found.responses = variability, {}
        return found

    def afresh(self) -> Cluster:
        """The same without what was solved at any rate: answers depend on its own questions, to the last digit."""
        _ = self.full
        found = copy(self)
        found._known, found._rates_of_full, found.responses = {}, {}, {}  # noqa: SLF001 - of the same class
        return found

    @property
    def alone(self) -> float:
        """Time of a request that never waits [s]."""
        return sum(float(station.service_times(1)[0]) for station in self.stations)

    @property
    def n_shared(self) -> int:
        """Stations at which several instances meet."""
        return len(self._shared)

    @cached_property
    def capacity(self) -> float:
        """Completions a second of all instances with every worker at work: from there on queues grow for ever."""
        return self.instances * float(self.full.rates[-1])

    @cached_property
    def full(self) -> Operating:
        """One instance while all workers of the others are at work."""
        if not self._shared:
            return self._unshared
        table = series.correlate(self._weights, self._full_others)
        return Operating(rates=self._rates(table), lengths=self._lengths(self._full_others, table), chain=None)

    @cached_property
    def _full_others(self) -> Array:
        return series.power(self._polynomials[-1], self.instances - 1)

    @property
    def collapses(self) -> bool:
        """Whether a rate that fewer workers at work would bear is beyond all of them."""
        return collapses(self.at(self.capacity / self.instances * 0.5).rates)

    def at(self, arrivals: float) -> Operating:
        """One instance that ``arrivals`` requests a second come to, all others being fed the same."""
        if arrivals not in self._known:
            self._known[arrivals] = self._solved(arrivals)
        return self._known[arrivals]

    def _solved(self, arrivals: float) -> Operating:
        if not self._shared:
            alone = self._unshared
            return Operating(rates=alone.rates, lengths=alone.lengths, chain=steady(arrivals, alone.rates))
        if not arrivals * self.instances < self.capacity:
            return self.full
        others = self._others(arrivals, self._rate_of_full(arrivals))
        table = series.correlate(self._weights, others)
        rates = self._rates(table)
        return Operating(rates=rates, lengths=self._lengths(others, table), chain=steady(arrivals, rates))

    def seen(self) -> Iterator[Array]:
        """Probability that a request arriving at each station of a full closed cluster finds 0, 1, ... others there."""
        table = series.correlate(self._weights, self._full_others) if self._shared else None
        for i, factors in enumerate(self._local):
            rest = series.product([*self._local[:i], *self._local[i + 1 :]], self.threads - 1)
            if table is None:
                logs = factors[:-1] + rest[::-1]
            else:
                logs = factors[:-1] + _log_sum(self._rows(rest) + table[:-1], axis=1)[::-1]
            yield _probabilities(logs)
        if self._shared:
            one_less = self._polynomials[-2][: self.threads]
            population = series.convolve(self._full_others, one_less)
            for i, factors in enumerate(self._shared):
                yield _probabilities(self._seen_together(i, factors[: population.size], population))

    def _seen_together(self, station: int, factors: Array, population: Array) -> Array:
        """Logarithms of the weights of 0, 1, ... at a shared station."""
        most = population.size - 1
        rest = series.product([*self._shared[:station], *self._shared[station + 1 :]], most)
        there = population + series.log_factorial(most + 1)
        return factors + np.array([series.log_dot(rest[: most + 1 - q], there[q:]) for q in range(most + 1)])

    @cached_property
    def _unshared(self) -> Operating:
        """Rates and lengths of an instance that shares nothing."""
        g = self._constants
        rates = np.exp(g[:-1] - g[1:])
        lengths = [np.exp(self._varied(i) - g) for i in range(self._n_local)]
        return Operating(rates=rates, lengths=np.array(lengths), chain=None)

    @cached_property
    def pooled(self) -> Array:
        """Completions a second of all instances with 1, 2, ... requests at work, spread evenly.

        Exact for one request and where all instances have the same number; between the numbers that are solved the
        time of a request is a line, which it is almost.
        """
        sizes = {1, 2, 3, *np.geomspace(1, self.threads, _POOLED_SIZES).astype(int).tolist(), self.threads}
        at, times = [1.0], [self.alone]
        for size in sorted(size for size in sizes if size <= self.threads):
            at.append(float(size * self.instances))
            times.append(at[-1] / self._even(size))
        present = np.arange(1.0, self.threads * self.instances + 1.0)
        return np.asarray(present / np.interp(present, at, times))

    def _even(self, size: int) -> float:
        """Completions a second with ``size`` requests at work in each instance."""
        others = series.power(self._polynomials[size][: size + 1], self.instances - 1)
        table = series.correlate(self._weights[: size * self.instances + 1], others)
        constants = [series.log_dot(self._polynomials[j][: size + 1], table) for j in (size - 1, size)]
        return self.instances * math.exp(constants[0] - constants[1])

    def _varied(self, station: int) -> Array:
        """Logarithms of the local constants with the station's F(k) replaced by k F(k)."""
        factors = list(self._local)
        with np.errstate(divide="ignore"):
            factors[station] = factors[station] + np.log(np.arange(factors[station].size))
        return series.product(factors, self.threads)

    @cached_property
    def _weights(self) -> Array:
        """Logarithms of J! G_s(J), J up to all workers of all instances."""
        most = self.threads * self.instances
        return series.product(self._shared, most) + series.log_factorial(most + 1)

    @cached_property
    def _polynomials(self) -> Array:
        """Logarithms of P_j's coefficients, row by row: shape (k + 1, k + 1)."""
        return self._rows(self._constants)

    def _rows(self, constants: Array) -> Array:
        rows = np.full((constants.size, constants.size), -np.inf)
        inverse = -series.log_factorial(constants.size)
        for j in range(constants.size):
            rows[j, : j + 1] = constants[j::-1] + inverse[: j + 1]
        return rows

    def _others(self, arrivals: float, full: float) -> Array:
        """Q^(m-1), given the rate of an instance with all workers at work."""
        states = np.arange(self.threads + 1) * math.log(arrivals)
        states[-1] -= math.log1p(-arrivals / full)
        one = _log_sum(self._polynomials + states[:, None], axis=0)
        return series.power(one, self.instances - 1)

    def _rates(self, table: Array) -> Array:
        constants = _log_sum(self._polynomials + table, axis=1)
        return np.asarray(np.exp(constants[:-1] - constants[1:]))

    def _lengths(self, others: Array, table: Array) -> Array:
        constants = _log_sum(self._polynomials + table, axis=1)
        found = [_log_sum(rows + table, axis=1) for rows in self._varied_rows]
        # of J at the shared stations the share that is this instance's is with it at each of them
        with np.errstate(divide="ignore"):
            mine = self._polynomials + np.log(np.arange(self.threads + 1.0))
        found += [_log_sum(mine + series.correlate(weights, others), axis=1) for weights in self._weights_by_station]
        return np.asarray(np.exp(np.array(found) - constants))

    @cached_property
    def _varied_rows(self) -> list[Array]:
        return [self._rows(self._varied(i)) for i in range(self._n_local)]

    @cached_property
    def _weights_by_station(self) -> list[Array]:
        return [self._weights_at(i) for i in range(self.n_shared)]

    def _weights_at(self, station: int) -> Array:
        """Logarithms of J! G_s(J) u(J) / J, u(J) the mean number at the station of J at all shared ones."""
        factors, most = list(self._shared), self.threads * self.instances
        with np.errstate(divide="ignore"):
            factors[station] = factors[station] + np.log(np.arange(most + 1.0))
        found = series.product(factors, most) + series.log_factorial(most + 1)
        found[1:] -= np.log(np.arange(1.0, most + 1.0))
        return found

    def _rate_of_full(self, arrivals: float) -> float:
        """X(k) with the others as busy as X(k) makes them: what comes out less what goes in, by the Illinois rule.

        It changes smoothly with the arrivals, so what was found at others is where to look first.
        """
        bracket = _Bracket(low=arrivals, above=self.capacity / self.instances - arrivals)
        found = self._near(arrivals, bracket)
        if found is None:
            found = self._bracketed(arrivals, bracket)
        self._rates_of_full[arrivals] = found
        return found

    def _excess(self, arrivals: float, full: float) -> float:
        table = series.correlate(self._weights, self._others(arrivals, full))
        less, all_of_them = (series.log_dot(row, table) for row in self._polynomials[-2:])
        return math.exp(less - all_of_them) - full

    def _near(self, arrivals: float, bracket: _Bracket) -> float | None:
        """By secant steps from a line through what is known; None where they do not settle."""
        known = sorted(self._rates_of_full.items(), key=lambda pair: abs(pair[0] - arrivals))[:2]
        if not known:
            return None
        (x0, y0), (x1, y1) = known[0], known[-1]
        full = y0 if x1 == x0 else y0 + (arrivals - x0) * (y1 - y0) / (x1 - x0)
        slope = -1.0
        before: tuple[float, float] | None = None
        for _ in range(_SECANTS):
            if not arrivals < full < math.inf:
                return None
            value = self._excess(arrivals, full)
            if abs(value) <= _CLOSE * full:
                return full
            bracket.take(full, value)
            if before is not None and full != before[0]:
                slope = (value - before[1]) / (full - before[0])
            before = (full, value)
            full = full - value / slope if slope < 0.0 else -1.0
        return None

    def _bracketed(self, arrivals: float, bracket: _Bracket) -> float:
        """By the Illinois rule, whatever is known."""
        if not math.isfinite(bracket.high):
            high = 2.0 * max(self.capacity / self.instances, bracket.low)
            while (value := self._excess(arrivals, high)) > 0.0:
                bracket.take(high, value)
                high *= 2.0
            bracket.take(high, value)
        side = 0
        for _ in range(_MOST_STEPS):
            if bracket.high - bracket.low <= _CLOSE * bracket.high:
                break
            full = bracket.cut
            if not bracket.low < full < bracket.high:
                break
            value = self._excess(arrivals, full)
            if abs(value) <= _CLOSE * full:
                return full
            again = side > 0 if value > 0.0 else side < 0
            if again and value > 0.0:
                bracket.below /= 2.0
            elif again:
                bracket.above /= 2.0
            bracket.take(full, value)
            side = 1 if value > 0.0 else -1
        return (bracket.low + bracket.high) / 2.0


class _Bracket:
    """Where a falling function changes its sign: above 0 at ``low``, below at ``high``."""

    def __init__(self, *, low: float, above: float) -> None:
        self.low, self.above = low, above
        self.high, self.below = math.inf, -math.inf

    def take(self, at: float, value: float) -> None:
        """Narrow it by one more value."""
        if value > 0.0 and at > self.low:
            self.low, self.above = at, value
        elif value <= 0.0 and at < self.high:
            self.high, self.below = at, value

    @property
    def cut(self) -> float:
        """Where the line between the ends is zero."""
        return self.low + (self.high - self.low) * self.above / (self.above - self.below)


def _probabilities(logs: Array) -> Array:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _log_sum(terms: Array, axis: int) -> Array:
    """Logarithm of the sum of exponentials along an axis."""
    most = terms.max(axis=axis, keepdims=True)
    shift = np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(terms - shift).sum(axis=axis)) + shift.squeeze(axis))
