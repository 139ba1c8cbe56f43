"""Throughput of one instance of every size, with a given waiting time at what it shares with others.

Equation: the shared stations become a delay of ``wait`` times their demand; with local constants g(j) and that delay
D_k, x(k) = h_k(k - 1) / h_k(k), h_k(n) = sum_j g(j) D_k^(n - j) / (n - j)!, which by Little's law is the mean number in
the delay over D_k. Exact for the wait given.
Assumptions: local stations do not depend on the size (they may on the number of instances); where a system's do,
each size is solved by itself.
When not to use it: for final numbers of coupled instances; ``mixture`` has those.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cerberus_plan.model.exact import series
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.exact.splits import station_at
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.network import Instance
from cerberus_plan.model.structure import Structure
from cerberus_plan.planner.mixtures.mixture import Mixture


class Curves:
    """Curves of all workloads of a mixture.

    Attributes:
        coupled: For each workload, True when its instances share a station.
        counted: The same, when some demand depends on the number of instances.
    """

    def __init__(self, mixture: Mixture, most: int) -> None:
        self._mixture = mixture
        self._most = most
        self._known: dict[tuple[int, float, int], Array] = {}
        one = np.ones((1, 1))
        few = [mixture.described(w, one, 2) for w in range(len(mixture.workloads))]
        many = [mixture.described(w, one, 9) for w in range(len(mixture.workloads))]
        self.coupled = [bool(structure.shared) for structure in few]
        self.counted = [_demands(a) != _demands(b) for a, b in zip(few, many, strict=True)]

    def rates(self, workload: int, wait: float, instances: int) -> Array:
        """Units of work a second of one instance of 1, 2, ... cores among ``instances``: shape (sizes,)."""
        # a workload is only computed again for what its own demands depend on
        key = (workload, wait * self.coupled[workload], instances * self.counted[workload])
        if key not in self._known:
            self._known[key] = self._rates(workload, wait, instances)
        return self._known[key]

    def _rates(self, workload: int, wait: float, instances: int) -> Array:
        sizes = np.arange(1.0, self._most + 1.0)
        structure = self._mixture.described(workload, sizes[:, None], instances)
        shared = wait * sum((_alone(s, sizes.size) for s in structure.shared), np.zeros(sizes.size))
        if any(_varies(station) for station in structure.local):
            found = np.array([_solved(structure, k, float(shared[k])) for k in range(sizes.size)])
        else:
            found = _table(structure.local, shared, self._most)
        stretch = np.broadcast_to(np.asarray(structure.stretch).reshape(-1), sizes.shape)
        return found / stretch * self._mixture.workloads[workload].units_per_cycle


def _demands(structure: Structure) -> list[Any]:
    return [
        float(np.asarray(parameter).reshape(-1)[0])
        for station in (*structure.local, *structure.shared)
        for parameter in station.parameters
    ]


def _varies(station: Station) -> bool:
    return any(isinstance(p, np.ndarray) and p.shape[0] > 1 for p in station.parameters)


def _alone(station: Station, sizes: int) -> Array:
    """Time at the station without anybody else, for each size."""
    time = type(station).law(np, 1.0, *station.parameters)
    return np.broadcast_to(np.asarray(time, dtype=np.float64).reshape(-1), (sizes,))


def _solved(structure: Structure, k: int, delay: float) -> float:
    local = [station_at(station, (k, 0)) for station in structure.local]
    return solve(instances=[Instance(threads=k + 1, stations=[*local, Delay(delay, name="shared")])]).throughput


def _table(stations: tuple[Station, ...], delays: Array, most: int) -> Array:
    """The ratio h_k(k - 1) / h_k(k) for every k at once, on logarithms."""
    local = [station_at(station, (0, 0)) for station in stations]
    factors = [series.station_factors(s.service_times(most)) for s in local]
    if (delays == delays[0]).all():
        # One delay for all sizes is one more station.
        factors += [_delay_factors(delays[0], most)] if delays[0] else []
        constants = series.product(factors, most)
        return np.exp(constants[:-1] - constants[1:])
    constants = series.product(factors, most)
    in_delay = np.arange(1.0, most + 1.0)[:, None] - np.arange(most + 1)
    logs = np.where(delays > 0.0, np.log(np.maximum(delays, 1e-300)), -np.inf)[:, None]
    with np.errstate(invalid="ignore"):
        terms = constants + np.where(in_delay == 0.0, 0.0, in_delay * logs)
    terms -= series.log_factorial(most + 1)[np.maximum(in_delay, 0).astype(np.int64)]
    terms[in_delay < 0.0] = -np.inf
    weights = np.exp(terms - terms.max(axis=1, keepdims=True))
    # Little's law at the delay; where it takes no time, the constants alone say it.
    customers = (weights * np.maximum(in_delay, 0.0)).sum(axis=1) / weights.sum(axis=1)
    return np.where(delays > 0.0, customers / np.maximum(delays, 1e-300), np.exp(constants[:-1] - constants[1:]))


def _delay_factors(delay: float, most: int) -> Array:
    return np.asarray(np.arange(most + 1) * np.log(delay) - series.log_factorial(most + 1))
