"""Exact throughput of equal instances whose threads, more than the cores, share them evenly.

Models: ``count`` instances of one kind on one set of c cores; no other stations are shared.
Equations: those of ``model.laws.run_queue``: X = X0 / E0[max(1, r / c)]. Of an instance's k threads all are runnable
but the waiters of its sleeping locks, w = sum over those of (present - 1)+. With F the factors of each station and R
the constants of all others,

    P0(w) ~ sum_j H(j, w) R(k - j)        H(j, w) = sum over present_i, that sum to j and leave w waiting, of prod F_i

and the waiters of several instances are independent. Sums of positive terms on logarithms.
Cost: O(k^2) for one sleeping lock, O(k^3) for each further one. When not to use it: for batches of splits; a plan takes
the mean and a variance (``planner.splits.overcommit``).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.exact import series
from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.laws import run_queue
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.network import Instance


def throughput(instance: Instance, *, cores: int, sleeping: Iterable[str] = (), count: int = 1) -> float:
    """Cycles per second of ``count`` such instances on ``cores`` cores together.

    Args:
        instance: Threads and stations; every station needs a core, or is a lock of ``sleeping``.
        cores: Cores that all threads share.
        sleeping: Names of locks whose waiters sleep; those of all others spin.
        count: Number of equal instances.

    Raises:
        InputError: Fewer than one core or instance, a lock that is not there, or a cycle that takes no time.
    """
    if cores < 1 or count < 1:
        raise InputError(f"cores = {cores!r} and count = {count!r} must be at least 1")
    free = solve(instances=[instance] * count).throughput
    chances = runnable(instance, sleeping)
    total = chances
    for _ in range(count - 1):
        total = np.convolve(total, chances)
    stretched = run_queue.stretch(np, np.arange(float(total.size)), float(cores))
    return free / float(total @ stretched)


def runnable(instance: Instance, sleeping: Iterable[str] = ()) -> Array:
    """Probabilities of 0, 1, ... runnable threads of one instance with a core for each."""
    names = frozenset(sleeping)
    unknown = names - {station.name for station in instance.stations}
    if unknown:
        known = ", ".join(sorted({station.name for station in instance.stations}))
        raise InputError(f"no station is called {min(unknown)!r}; there are: {known}")
    locks = [station for station in instance.stations if station.name in names]
    others = [station for station in instance.stations if station.name not in names]
    threads = instance.threads
    waiting = _waiting([_factors(lock, threads) for lock in locks], threads)
    rest = series.product([_factors(station, threads) for station in others], threads)
    with np.errstate(divide="ignore"):
        logs = np.logaddexp.reduce(waiting + rest[::-1, None], axis=0)
    chances = np.exp(logs - logs.max())[::-1]
    return np.asarray(chances / chances.sum())


def _factors(station: Station, threads: int) -> Array:
    return series.station_factors(station.service_times(threads))


def _waiting(locks: list[Array], threads: int) -> Array:
    """Logarithms of H(j, w): shape (threads + 1, threads + 1)."""
    found = np.full((threads + 1, threads + 1), -np.inf)
    found[0, 0] = 0.0
    for factors in locks:
        before, found = found, np.full_like(found, -np.inf)
        for present, factor in enumerate(factors):
            waiting = max(present - 1, 0)
            into = found[present:, waiting:]
            np.logaddexp(into, before[: threads + 1 - present, : threads + 1 - waiting] + factor, out=into)
    return found
