"""Equal instances of tens of threads on plain doubles: what most calls of ``solve`` ask for.

Models, equations: those of ``model.exact.solver`` for instances that are all alike.
Numerics: times are tilted by one local and one shared unit so that constants are flat; where a term vanishes or leaves
the range of a double the answer is "not a number", and the solver goes on with logarithms.
Assumptions: at most ``MOST`` threads, whose factorials fit a double; then weights reach from 1 down to 1e-50 at the
least, so what vanishes below 1e-300 of the largest coefficient is not seen in a sum.
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

MOST = 160
_FACTORIALS = np.array([float(math.factorial(i)) for i in range(MOST + 1)])
_INDEX = np.arange(MOST + 1.0)
# Share of the customers at which a time that grows with them is about its geometric mean: (n!)^(1/n) = n / e.
_MEAN_AT = 1.0 / math.e


def cycle_rate(instance: Instance, vms: int, shared: tuple[Station, ...]) -> float:
    """Cycles per second of one of ``vms`` instances; not a number where plain doubles cannot say."""
    threads = instance.threads
    if threads * vms > MOST:
        return math.nan
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        local, unit = _constants(instance.stations, threads)
        if local is None:
            return math.nan
        if not shared:
            return float(local[-2] / local[-1] / unit)
        weights, shared_unit = _weights(shared, threads * vms)
        if weights is None:
            return math.nan
        powers = (shared_unit * instance.shared_factor / unit) ** _INDEX[: threads + 1] / _FACTORIALS[: threads + 1]
        instance_terms = local[::-1] * powers
        scale = 1.0 / instance_terms.max()
        others = _power(instance_terms * scale, vms - 1)
        sums = np.correlate(weights, others, "valid") if others.size > 1 else weights
        return float((local[-2::-1] * powers[:-1]) @ sums[:-1] / (instance_terms @ sums) / unit)


def _constants(stations: tuple[Station, ...], most: int) -> tuple[Array | None, float]:
    """Normalising constants over powers of a unit, and the unit; None where a double cannot hold them."""
    delay, times, unit = 0.0, [], 0.0
    for station in stations:
        if type(station) is Delay:
            if isinstance(station.demand, np.ndarray):
                return None, 1.0
            delay += station.demand
        else:
            row = station.service_times(most)
            if row.ndim != 1:
                return None, 1.0
            times.append(row)
            unit = max(unit, float(row[int((most - 1) * _MEAN_AT)]))
    unit = max(unit, delay * math.e / most)
    if not unit > 0.0:
        return None, 1.0
    found = None if delay == 0.0 and times else (delay / unit) ** _INDEX[: most + 1] / _FACTORIALS[: most + 1]
    for row in times:
        factor = np.empty(most + 1)
        factor[0] = 1.0
        np.cumprod(row / unit, out=factor[1:])
        found = factor if found is None else np.convolve(found, factor)[: most + 1]
    # A constant that vanished shows here; one beyond the range makes the answer "not a number".
    if found is None or not found.min() > 0.0:
        return None, 1.0
    return found, unit


def _weights(shared: tuple[Station, ...], total: int) -> tuple[Array | None, float]:
    """J! g_s(J), J = 0..total, over powers of a unit that makes both ends alike, and the unit."""
    factorials, unit = _flat_factorials(total)
    if len(shared) == 1 and type(shared[0]) is Queue and isinstance(shared[0].demand, float | int):
        return (factorials, unit * shared[0].demand) if shared[0].demand > 0.0 else (None, 1.0)
    constants, own = _constants(shared, total)
    return (None if constants is None else factorials * constants), unit * own


@lru_cache(maxsize=256)
def _flat_factorials(total: int) -> tuple[Array, float]:
    """J! over powers of (total!)^(1 / total), and that unit."""
    logs = series.log_factorial(total + 1)
    slope = float(logs[-1]) / total
    found = np.exp(logs - slope * _INDEX[: total + 1])
    found.flags.writeable = False
    return found, math.exp(slope)


def _power(base: Array, exponent: int) -> Array:
    """The series to that power, by repeated squaring."""
    found: Array | None = None
    while exponent:
        if exponent & 1:
            found = base if found is None else np.convolve(found, base)
        exponent >>= 1
        if exponent:
            base = np.convolve(base, base)
    return np.ones(1) if found is None else found
