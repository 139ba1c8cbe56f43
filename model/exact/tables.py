"""Tables of normalising constants that answer for every even split at once.

Models: equal instances with the same stations whatever the split, alone or with one shared single server.
Equations: alone, X = VMs g(k - 1) / g(k). With a shared single server of demand D, sum_J J! D^J q_J is the
integral of exp(-t) q(D t), and Gauss-Laguerre quadrature with N / 2 + 1 nodes is exact for N threads; every term
is positive, so nothing cancels.
Assumptions: those of ``model.network``; local parameters do not depend on the split.
When not to use it: directly. ``model.exact.splits`` chooses the form and falls back to the general solver.
Source: McKenna and Mitra, Journal of the ACM 31 (1984), for the integral.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cerberus_plan.model.exact import series
from cerberus_plan.model.exact.quadrature import laguerre
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.record import Record

# Bound on a constant and on its inverse: products of two stay within the number's range. Where a long double is no
# longer than a double, larger tables go to the general solver.
_SAFE: dict[type[np.floating[Any]], np.floating[Any]] = {np.float64: np.float64(1e130)}
if np.finfo(np.longdouble).maxexp > np.finfo(np.float64).maxexp:
    _SAFE[np.longdouble] = np.exp(np.longdouble(5000.0))
# exp(t) of a larger node may leave the range of a double.
LARGE_NODE = 600.0
_NO_TIME = np.zeros(1)
# From this length on a convolution row by row is quicker than all rows in one product.
_LONG = 256


class Splits(Record):
    """Instances and threads per instance of each split: two whole-number arrays of one length."""

    vms: Array
    threads: Array

    @property
    def columns(self) -> tuple[Array, Array]:
        """VMs and threads as columns, to broadcast against draws."""
        return self.vms[:, None], self.threads[:, None]


class LocalTable(Record, kw_only=False):
    """Local normalising constants for all populations, tilted into the range of a double.

    Attributes:
        constants: g(j) unit^-j, shape (draws, populations).
        factors: The same for each queueing station alone, and for the sum of all delays first.
        unit: The tilt, a time: shape (draws,).
    """

    constants: Array
    factors: tuple[Array, ...]
    queueing: tuple[Station, ...]
    delay: Array
    unit: Array

    @staticmethod
    def of(stations: tuple[Station, ...], most: int, number: type[np.floating[Any]] = np.float64) -> LocalTable | None:
        """Tables for populations 0..most in numbers of this type; None when they might leave its range."""
        if number not in _SAFE:
            return None
        delay = delays(stations)
        queueing = tuple(s for s in stations if not isinstance(s, Delay))
        times = [service_times(station, most) for station in queueing]
        with np.errstate(all="ignore"):
            unit = np.exp(_slope(delay, times, most))
            factors = [_cumulative((delay / unit)[:, None] / series.whole(most + 1)[1:], number)]
            factors += [_cumulative(rows / unit[:, None], number) for rows in times]
            constants = _product(factors)
        # No constant is smaller than a factor: what one of them leaves shows here, not a number included.
        safe = _SAFE[number]
        if not (
            np.minimum.reduce(constants, axis=None) > 1.0 / safe and np.maximum.reduce(constants, axis=None) < safe
        ):
            return None
        return LocalTable(constants, tuple(factors), queueing, delay, unit)

    def lengths(self, station: int) -> Array:
        """Constants with the queueing station's F(k) replaced by k F(k)."""
        changed = list(self.factors)
        changed[station + 1] = changed[station + 1] * np.arange(changed[station + 1].shape[1])
        return _product(changed)


def factor_logs(stations: tuple[Station, ...], most: int) -> list[Array]:
    """Logarithms of F(j), j = 0..most, of all delays together and of each queueing station: (draws or 1, j) each."""
    queueing = (station for station in stations if not isinstance(station, Delay))
    return [_delay_factors(delays(stations), np.arange(most + 1.0)), *(_factors(s, most) for s in queueing)]


def delays(stations: tuple[Station, ...]) -> Array:
    """Time at all delays together: shape (draws,) or (1,)."""
    return np.asarray(sum([_row(s.demand) for s in stations if isinstance(s, Delay)], _NO_TIME))


def _delay_factors(delay: Array, population: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = np.log(delay)[:, None] * population - series.log_factorial(population.size)
    rows[:, 0] = 0.0
    return rows


def service_times(station: Station, most: int) -> Array:
    """Time per completion with 1..most present: shape (draws or 1, most)."""
    times = station.service_times(most)
    return times[0] if times.ndim == 3 else times.reshape(-1, most)


def _slope(delay: Array, times: list[Array], most: int) -> Array:
    """Logarithm of the unit that makes the largest of the last factors 1: shape (draws or 1,)."""
    slope = np.log(delay) - float(series.log_factorial(most + 1)[-1]) / most
    for rows in times:
        slope = np.maximum(slope, np.add.reduce(np.log(rows), axis=1) / most)
    return np.asarray(slope)


def _cumulative(steps: Array, number: type[np.floating[Any]]) -> Array:
    """1 and the products of the first 1, 2, ... steps of each row."""
    found = np.empty((steps.shape[0], steps.shape[1] + 1), dtype=number)
    found[:, 0] = 1.0
    np.multiply.accumulate(steps, axis=1, out=found[:, 1:], dtype=number)
    return found


def _factors(station: Station, most: int) -> Array:
    times = service_times(station, most)
    rows = np.zeros((times.shape[0], most + 1))
    with np.errstate(divide="ignore"):
        np.cumsum(np.log(times), axis=1, out=rows[:, 1:])
    return rows


def _row(parameter: Any) -> Array:
    """A parameter of shape (1, draws), (1, 1) or a number as (draws,) or (1,)."""
    return np.atleast_1d(np.asarray(parameter[0] if isinstance(parameter, np.ndarray) else parameter, dtype=np.float64))


def _product(factors: Sequence[Array]) -> Array:
    found = factors[0]
    for factor in factors[1:]:
        found = _convolve_rows(found, factor)
    return found


def _convolve_rows(left: Array, right: Array) -> Array:
    """Row by row product of two series, cut to their length: shapes (draws or 1, n) both."""
    n = left.shape[1]
    if left.shape[0] == right.shape[0] == 1:
        return _convolve_start(left[0], right[0])[None]
    if n > _LONG:
        rows = max(left.shape[0], right.shape[0])
        pairs = zip(np.broadcast_to(left, (rows, n)), np.broadcast_to(right, (rows, n)), strict=True)
        return np.array([_convolve_start(one, other) for one, other in pairs])
    padded = np.zeros((right.shape[0], 2 * n - 1), dtype=right.dtype)
    padded[:, n - 1 :] = right
    windows = np.lib.stride_tricks.sliding_window_view(padded, n, axis=1)
    return np.matmul(windows, left[:, ::-1, None])[..., 0]


def _convolve_start(left: Array, right: Array) -> Array:
    """As many coefficients of the product as either series has; those beyond, half of all, are never computed."""
    n = left.size
    if n <= _LONG:
        return np.convolve(left, right)[:n]
    half = (n + 1) // 2
    found = np.zeros(n, dtype=left.dtype)
    found[: 2 * half - 1] = np.convolve(left[:half], right[:half])[:n]
    found[half:] += _convolve_start(left[half:], right[: n - half])
    found[half:] += _convolve_start(left[: n - half], right[half:])
    return found


class Independent(Record, kw_only=False):
    """No shared station: X = VMs g(threads - 1) / g(threads)."""

    local: LocalTable
    splits: Splits

    def throughput(self) -> Array:
        """Cycles per second: shape (splits, draws)."""
        constants = self.local.constants
        rate = (constants[:, :-1] / constants[:, 1:]).astype(np.float64) / self.local.unit[:, None]
        return self.splits.vms[:, None] * rate[:, self.splits.threads.astype(int) - 1].T

    def occupancy(self, local: tuple[Station, ...], shared: tuple[Station, ...]) -> dict[str, Array]:  # noqa: ARG002
        """Mean customers by station name under the first draw: shape (splits,) each."""
        size = self.splits.threads.astype(int)
        lengths = [
            self.splits.vms * (self.local.lengths(i) / self.local.constants)[0, size].astype(np.float64)
            for i in range(len(self.local.queueing))
        ]
        return by_name(self.throughput()[:, 0], lengths, local, self.local.queueing)


def node_powers(nodes: Array, count: int) -> Array:
    """Powers t^i / i! of each node, i < count: shape (count, nodes)."""
    with np.errstate(over="ignore"):
        return np.exp(np.arange(float(count))[:, None] * np.log(nodes) - series.log_factorial(count)[:, None])


class SharedQueue(Record, kw_only=False):
    """One shared single server: G = integral of exp(-t) P(D t)^VMs, exactly by quadrature.

    Attributes:
        demand: The shared server's demand over the local unit, shape (1 or splits, draws).
        nodes: Of the quadrature.
        log_weights: Of the nodes.
        beyond: Nodes where exp(-t) leaves less than 1e-16 of the integral of t^threads, or None when all are small
            enough for a double: shape (splits, 1, nodes).
    """

    local: LocalTable
    splits: Splits
    queue: Queue
    demand: Array
    nodes: Array
    log_weights: Array
    beyond: np.ndarray[Any, np.dtype[np.bool_]] | None

    @staticmethod
    def of(local: LocalTable, queue: Queue, splits: Splits) -> SharedQueue:
        """The form with enough nodes for all threads."""
        total = splits.vms * splits.threads
        nodes, log_weights = laguerre(int(total.max()) // 2 + 1)
        demand = np.atleast_2d(np.asarray(queue.demand, dtype=np.float64)) / local.unit
        beyond = None
        if nodes[-1] > LARGE_NODE:
            beyond = (nodes > (total + 12.0 * np.sqrt(total) + 60.0)[:, None])[:, None, :]
        return SharedQueue(local, splits, queue, demand, nodes, log_weights, beyond)

    def _at_nodes(self, constants: Array, less: tuple[int, ...] = (0,)) -> list[Array]:
        """P(D t) of each split's instance, each number of ``less`` taken from its threads: (splits, draws, nodes)."""
        n_draws = max(constants.shape[0], self.demand.shape[1])
        found = [np.empty((self.splits.vms.size, n_draws, self.log_weights.size)) for _ in less]
        scale = node_powers(self.nodes, constants.shape[1])
        size = self.splits.threads.astype(int)
        # One instance size at a time: a short polynomial costs no more than its length.
        for threads in sorted(set(size.tolist())):
            rows = np.flatnonzero(size == threads)
            demand = self.demand[rows] if self.demand.shape[0] > 1 else self.demand
            powers = np.empty((*demand.shape[:1], n_draws, threads + 1))
            powers[..., 0] = 1.0
            powers[..., 1:] = demand[..., None]
            np.multiply.accumulate(powers, axis=2, out=powers)
            for into, fewer in zip(found, less, strict=True):
                degree = threads - fewer
                with np.errstate(over="ignore", invalid="ignore"):
                    terms = powers[..., : degree + 1] * constants[:, degree::-1]
                    into[rows] = np.matmul(terms, scale[: degree + 1])
        if self.beyond is not None:
            for into in found:
                np.copyto(into, 1.0, where=self.beyond)
        return found

    def _weights(self, full: Array) -> Array:
        """Weight of each node with the other instances' P in it, largest 1."""
        exponent = np.log(full)
        exponent *= (self.splits.vms - 1.0)[:, None, None]
        exponent += self.log_weights
        if self.beyond is not None:
            np.copyto(exponent, -np.inf, where=self.beyond)
        exponent -= exponent.max(axis=2, keepdims=True)
        return np.exp(exponent, out=exponent)

    def throughput(self) -> Array:
        """Cycles per second: shape (splits, draws); not a number where a term leaves the range of a double."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            full, less = self._at_nodes(self.local.constants, less=(0, 1))
            weights = self._weights(full)
            rate = np.einsum("sdn,sdn->sd", weights, less) / np.einsum("sdn,sdn->sd", weights, full)
        # A vanished term is a wrong one, unlike an infinite one: it leaves no trace in the result.
        rate[full.min(axis=2) <= 0.0] = np.nan
        return self.splits.vms[:, None] * rate / self.local.unit

    def occupancy(self, local: tuple[Station, ...], shared: tuple[Station, ...]) -> dict[str, Array] | None:  # noqa: ARG002
        """Mean customers by station name under the first draw: shape (splits,) each; None beyond a double's range."""
        rate = self.throughput()
        if not np.isfinite(rate).all():
            return None
        (full,) = self._at_nodes(self.local.constants)
        weights = self._weights(full)
        normal = (weights * full).sum(axis=2)[:, 0]
        lengths = [
            self.splits.vms * (weights * self._at_nodes(self.local.lengths(i))[0]).sum(axis=2)[:, 0] / normal
            for i in range(len(self.local.queueing))
        ]
        found = by_name(rate[:, 0], lengths, local, self.local.queueing)
        rest = self.splits.vms * self.splits.threads - sum(found.values())
        found[self.queue.name] = found.get(self.queue.name, 0.0) + rest
        return found


def by_name(
    rate: Array, lengths: list[Array], local: tuple[Station, ...], queueing: tuple[Station, ...]
) -> dict[str, Array]:
    """Delays by Little's law and queueing stations by their length, in their order, added up by name."""
    found: dict[str, Array] = {}
    for station in local:
        if isinstance(station, Delay):
            length = rate * (station.demand[..., 0] if isinstance(station.demand, np.ndarray) else station.demand)
        else:
            length = next(row for row, known in zip(lengths, queueing, strict=True) if known is station)
        found[station.name] = found.get(station.name, 0.0) + length
    return found
