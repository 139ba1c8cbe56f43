"""Equal instances of up to some thousand threads on plain doubles: what most calls of ``solve`` ask for.

Models, equations: those of ``model.exact.solver`` for instances that are all alike.
Numerics: times are tilted by one local and one shared unit so that constants are flat. With the coefficients of one
instance's polynomial P scaled to sum to 1, those of every power do, so G is at least the smallest weight J! g_s(J).
What vanishes, below 1e-308 over a sum of 1e-20, is then below 1e-30 of G as long as no weight is below ``_LEAST`` of
the largest; single servers' smallest is exp(-N / e). Where that does not hold, where G with a thread less is below
1e-20 of G, or where a number leaves the range, the answer is "not a number", and the solver takes logarithms.
Constants of k threads hold those of all fewer: they are kept by stations, so that split after split of one program
takes two tables.
Assumptions: at most ``MOST`` threads.
When not to use it: for many splits (``model.exact.splits``), for queue lengths.
Source: as ``model.exact.solver``.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from cerberus_plan.model.exact import series
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.network import Instance

MOST = 1536
# Smallest weight over the largest with which vanished coefficients are known not to matter.
_LEAST = 1e-250
_INDEX = np.arange(MOST + 1.0)
# Share of the customers at which a time that grows with them is about its geometric mean: (n!)^(1/n) = n / e.
_MEAN_AT = 1.0 / math.e
# Least sum of P's coefficients or ratio of sums, and least constant, that say that nothing of account vanished.
_LEAST_SUM, _LEAST_CONSTANT = 1e-20, 1e-300
# Populations of kept tables, each for all up to it: constants of a collapsing lock then reach down to exp(-n / e).
_SIZES = (16, 96)

_Table = tuple[Array | None, float]
_NOTHING: _Table = (None, 1.0)


def cycle_rate(instance: Instance, vms: int, shared: tuple[Station, ...]) -> float:
    """Cycles per second of one of ``vms`` instances; not a number where plain doubles cannot say."""
    threads = instance.threads
    if threads * vms > MOST:
        return math.nan
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        local, unit = _local(instance.stations, threads)
        if local is None:
            return math.nan
        if not shared:
            return float(local[-2] / local[-1] / unit)
        weights, shared_unit = _weights(shared, threads * vms)
        if weights is None:
            return math.nan
        powers = _powers(shared_unit * instance.shared_factor / unit, threads)
        full = local[::-1] * powers
        total = float(np.add.reduce(full))
        if not _LEAST_SUM < total < math.inf:
            return math.nan
        others = _power(full / total, vms - 1)
        sums = weights if others is None else np.correlate(weights, others, "valid")
        rate = float((local[-2::-1] * powers[:-1]) @ sums[:-1] / (full @ sums))
        return rate / unit if rate > _LEAST_SUM else math.nan


def _local(stations: tuple[Station, ...], threads: int) -> _Table:
    """Constants 0..threads of one instance."""
    for size in _SIZES:
        if threads <= size:
            found, unit = _kept(stations, size)
            if found is not None:
                return found[: threads + 1], unit
    return _kept(stations, threads)  # where a table of more spans too much, one of these may not


def _kept(stations: tuple[Station, ...], most: int) -> _Table:
    try:
        return _tables(stations, most)
    except TypeError:  # stations whose parameters are arrays have no hash, and no table either
        return _NOTHING


@lru_cache(maxsize=64)
def _tables(stations: tuple[Station, ...], most: int) -> _Table:
    found, unit = _constants(stations, most)
    if found is not None:
        found.flags.writeable = False
    return found, unit


def _constants(stations: tuple[Station, ...], most: int) -> _Table:
    """Normalising constants over powers of a unit, and the unit; None where a double cannot hold them."""
    delay, times, unit = 0.0, [], 0.0
    for station in stations:
        if type(station) is Delay:
            if isinstance(station.demand, np.ndarray):
                return _NOTHING
            delay += station.demand
        else:
            row = station.service_times(most)
            if row.ndim != 1:
                return _NOTHING
            times.append(row)
            unit = max(unit, float(row[int((most - 1) * _MEAN_AT)]))
    unit = max(unit, delay * math.e / most)
    if not unit > 0.0:
        return _NOTHING
    found = None if delay == 0.0 and times else _powers(delay / unit, most)
    for row in times:
        factor = _cumulative(row / unit, most)
        found = factor if found is None else np.convolve(found, factor)[: most + 1]
    # A constant that vanished shows here; one beyond the range makes the answer "not a number".
    if found is None or not found.min() > _LEAST_CONSTANT:
        return _NOTHING
    return found, unit


def _powers(x: float, most: int) -> Array:
    """Terms x^i / i!, i = 0..most."""
    return _cumulative(x / _INDEX[1 : most + 1], most)


def _cumulative(steps: Array, most: int) -> Array:
    """1 and the products of the first 1..most steps."""
    found = np.empty(most + 1)
    found[0] = 1.0
    np.multiply.accumulate(steps, out=found[1:])
    return found


def _weights(shared: tuple[Station, ...], total: int) -> _Table:
    """J! g_s(J), J = 0..total, over powers of a unit that makes both ends alike, and the unit."""
    factorials, unit = _flat_factorials(total)
    if len(shared) == 1 and type(shared[0]) is Queue and isinstance(shared[0].demand, float | int):
        return (factorials, unit * shared[0].demand) if shared[0].demand > 0.0 else _NOTHING
    constants, own = _kept(shared, total)
    if constants is None:
        return _NOTHING
    weights = factorials * constants
    return (weights, unit * own) if weights.min() > _LEAST * weights.max() else _NOTHING


@lru_cache(maxsize=256)
def _flat_factorials(total: int) -> tuple[Array, float]:
    """J! over powers of (total!)^(1 / total), and that unit."""
    logs = series.log_factorial(total + 1)
    slope = float(logs[-1]) / total
    found = np.exp(logs - slope * _INDEX[: total + 1])
    found.flags.writeable = False
    return found, math.exp(slope)


def _power(base: Array, exponent: int) -> Array | None:
    """The series to that power, by repeated squaring; None for the power 0."""
    found: Array | None = None
    while exponent:
        if exponent & 1:
            found = base if found is None else np.convolve(found, base)
        exponent >>= 1
        if exponent:
            base = np.convolve(base, base)
    return found
