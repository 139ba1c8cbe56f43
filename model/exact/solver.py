"""Exact solution of a closed network of OS instances.

Models: a product-form multichain network: every instance is a chain with its own stations, all meet at the
shared ones.
Equations: for instance v with k_v threads and local normalising constants g_v(j), and G_s(J) those of the shared
stations,

    P_v(z) = sum_i g_v(k_v - i) (f_v z)^i / i!        G = sum_J J! G_s(J) [z^J] prod_v P_v(z)
    X_v = G(one thread of v less) / G

(f_v: shared demand factor). Every other measure is a ratio of the same kind with one station's factor replaced:
k F(k) for F(k) gives its queue length, F(k) without F(0) its utilisation.
Numerics: all terms are positive, so nothing cancels. Constants are scaled by a common rate; where the range still
exceeds a double, the same sums are done on logarithms. Equal instances are answered on plain numbers where these
provably fit (``equal_instances``). Cost O(N^2), exact to 1e-9 and better for N in the thousands.
Plain load-dependent mean value analysis is unstable here (Casale 2005) and is not used.
Assumptions: those of ``model.network``. When not to use it: see there.
Source: Buzen (1973); Reiser and Kobayashi (1975); the generating function follows from collecting the shared
stations' multinomials by instance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact import series
from cerberus_plan.model.exact.equal_instances import cycle_rate
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.network import MOST_THREADS, Instance, check_instances, check_stations


@dataclass(frozen=True, kw_only=True)
class StationResult:
    """What happens at one station.

    Attributes:
        name: The station's name.
        instance: Index of the owning instance, None for a shared station.
        queue_length: Mean customers present, those in service included.
        residence: Mean time a cycle spends here, waiting included [s].
        utilisation: Probability that somebody is present.
    """

    name: str
    instance: int | None
    queue_length: float
    residence: float
    utilisation: float


class Solution:
    """Throughput and, computed when asked for, what happens at each station.

    Attributes:
        throughput: Cycles per second of all instances together.
        per_instance: The same for each instance, in the order given.
    """

    per_instance: tuple[float, ...]
    throughput: float

    def __init__(self, instances: tuple[Instance, ...], shared: tuple[Station, ...]) -> None:
        self._instances = instances
        self._shared = shared
        if instances.count(instances[0]) == len(instances):
            rate = cycle_rate(instances[0], len(instances), shared)
            if math.isfinite(rate):
                self.per_instance = (rate,) * len(instances)
                self.throughput = rate * len(instances)
                return
        by_group = {group: self._constants.throughput(group) for group in self._groups}
        self.per_instance = tuple(by_group[instance] for instance in instances)
        self.throughput = math.fsum(by_group[group] * count for group, count in self._groups.items())

    @cached_property
    def _groups(self) -> Counter[Instance]:
        """How many instances are alike."""
        # Equal instances are often one object: comparing identities first spares most of the hashing.
        same = {id(instance): instance for instance in self._instances}
        found: Counter[Instance] = Counter()
        for key, count in Counter(map(id, self._instances)).items():
            found[same[key]] += count
        return found

    @cached_property
    def _constants(self) -> _Constants:
        return _Constants(self._groups, self._shared)

    def __repr__(self) -> str:
        return f"Solution(throughput={self.throughput!r}, instances={len(self._instances)})"

    @cached_property
    def stations(self) -> tuple[StationResult, ...]:
        """Queue length, residence and utilisation of every station: instances in order, then the shared ones."""
        local = {group: self._local_results(group) for group in self._groups}
        results = [
            StationResult(name=name, instance=index, queue_length=length, residence=residence, utilisation=busy)
            for index, instance in enumerate(self._instances)
            for name, length, residence, busy in local[instance]
        ]
        for position, station in enumerate(self._shared):
            length, busy = self._constants.shared_measures(position)
            results.append(
                StationResult(
                    name=station.name,
                    instance=None,
                    queue_length=length,
                    residence=length / self.throughput,
                    utilisation=busy,
                )
            )
        return tuple(results)

    def _local_results(self, group: Instance) -> list[tuple[str, float, float, float]]:
        rate = self._constants.throughput(group)
        rows = []
        for position, station in enumerate(group.stations):
            length, busy = self._constants.local_measures(group, position)
            rows.append((station.name, length, length / rate, busy))
        return rows


def solve(*, instances: Sequence[Instance], shared: Iterable[Station] = ()) -> Solution:
    """Solve the network exactly.

    Args:
        instances: OS instances with their threads and own stations; equal ones are solved once.
        shared: Stations visited by the threads of all instances.

    Returns:
        Throughput [cycles/s], in total and per instance, and per-station measures on demand.

    Raises:
        InputError: No instance, too many threads, not a station, or a cycle that takes no time.
    """
    chosen, common = check_instances(instances), check_stations(shared)
    total = sum([instance.threads for instance in chosen])
    if total > MOST_THREADS:
        raise InputError(f"{total} threads in all; at most {MOST_THREADS} can be solved")
    return Solution(chosen, common)


class _Constants:
    """Normalising constants of all groups of equal instances, everything scaled by one rate."""

    def __init__(self, groups: Counter[Instance], shared: tuple[Station, ...]) -> None:
        self.groups = groups
        self.total = sum(group.threads * count for group, count in groups.items())
        self.shared_factors = [series.station_factors(s.service_times(self.total)) for s in shared]
        self.local_factors = {
            group: [series.station_factors(s.service_times(group.threads)) for s in group.stations] for group in groups
        }
        self.local = {group: series.product(f, group.threads) for group, f in self.local_factors.items()}
        self.polynomials = {group: self._polynomial(group, self.local[group]) for group in groups}
        for group, constants in self.local.items():
            if constants[-1] == -math.inf and not shared:
                raise InputError(
                    f"an instance of {counted(group.threads, 'thread')} has a cycle that takes no time; "
                    "give it a Delay or another station with a positive demand"
                )
        self._weights = _shared_weights(shared, self.total) if shared else None
        self._tables: dict[Instance, Array] = {}
        self._normal: dict[Instance, float] = {}

    @staticmethod
    def _polynomial(group: Instance, constants: Array) -> Array:
        """Logarithms of P_v's coefficients from local constants of the same length or shorter."""
        powers = np.arange(constants.size)
        return constants[::-1] + powers * math.log(group.shared_factor) - series.log_factorial(constants.size)

    @cached_property
    def _others(self) -> dict[Instance, Array]:
        """Logarithms of the coefficients of the product over all instances but one of each group."""
        less = {
            group: series.power(self.polynomials[group], count - 1) if count > 1 else np.zeros(1)
            for group, count in self.groups.items()
        }
        if len(less) == 1:
            return less
        whole = [series.convolve(less[group], self.polynomials[group]) for group in less]
        rest = series.products_without_each(whole, self.total)
        return {group: series.convolve(other, less[group]) for group, other in zip(less, rest, strict=True)}

    def _table(self, group: Instance) -> Array:
        """T_i: what i threads of one instance of the group at the shared stations weigh, i = 0..threads."""
        if group not in self._tables:
            if self._weights is None:
                table = np.full(group.threads + 1, -np.inf)
                table[0] = 0.0
            else:
                table = series.correlate(self._weights, self._others[group])
            self._tables[group] = table
            self._normal[group] = series.log_dot(self.polynomials[group], table)
        return self._tables[group]

    def throughput(self, group: Instance) -> float:
        """Cycles per second of one instance of the group."""
        table = self._table(group)
        less = self._polynomial(group, self.local[group][:-1])
        normal = self._normal[group]
        if normal == -math.inf:
            raise InputError("the cycle takes no time; give the instances a station with a positive demand")
        return math.exp(series.log_dot(less, table[:-1]) - normal)

    def _ratio(self, group: Instance, constants: Array) -> float:
        """Normalising constant with the group's local constants replaced, over the true one."""
        table = self._table(group)
        return math.exp(series.log_dot(self._polynomial(group, constants), table) - self._normal[group])

    def local_measures(self, group: Instance, position: int) -> tuple[float, float]:
        """Queue length and probability of not being empty at one local station."""
        rest = self._rest_of_local[group][position]
        products = _varied(self.local_factors[group][position], rest)
        length, busy = (self._ratio(group, constants[: group.threads + 1]) for constants in products)
        return length, busy

    def shared_measures(self, position: int) -> tuple[float, float]:
        """Queue length and probability of not being empty at one shared station."""
        group = next(iter(self.groups))
        self._table(group)
        factorials = series.log_factorial(self.total + 1)
        length, busy = (
            math.exp(series.log_dot(constants[: self.total + 1] + factorials, self._everyone) - self._normal[group])
            for constants in _varied(self.shared_factors[position], self._rest_of_shared[position])
        )
        return length, busy

    @cached_property
    def _everyone(self) -> Array:
        """Logarithms of the coefficients of the product over all instances."""
        group = next(iter(self.groups))
        return series.convolve(self._others[group], self.polynomials[group])

    @cached_property
    def _rest_of_local(self) -> dict[Instance, list[Array]]:
        """For each group the products of its local stations without each one."""
        return {
            group: series.products_without_each(factors, group.threads) for group, factors in self.local_factors.items()
        }

    @cached_property
    def _rest_of_shared(self) -> list[Array]:
        return series.products_without_each(self.shared_factors, self.total)


def _shared_weights(shared: tuple[Station, ...], total: int) -> Array:
    """Logarithms of J! g_s(J), J from 0 to all threads; those of the next power of two are kept for other splits."""
    try:
        return _kept_weights(shared, 1 << (total - 1).bit_length())[: total + 1]
    except TypeError:  # stations whose parameters are arrays have no hash
        return _kept_weights.__wrapped__(shared, total)


@lru_cache(maxsize=16)
def _kept_weights(shared: tuple[Station, ...], total: int) -> Array:
    constants = series.product([series.station_factors(s.service_times(total)) for s in shared], total)
    found = constants + series.log_factorial(total + 1)
    found.flags.writeable = False
    return found


def _varied(factors: Array, rest: Array) -> tuple[Array, Array]:
    """``rest``, the product of all others, times a station with F(k) replaced by k F(k), and by F(k) without F(0)."""
    with np.errstate(divide="ignore"):
        lengths = factors + np.log(np.arange(factors.size))
    present = factors.copy()
    present[0] = -np.inf
    return series.convolve(rest, lengths), series.convolve(rest, present)
