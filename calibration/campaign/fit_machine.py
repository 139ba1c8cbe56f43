"""From measured scaling to the parameters of a lock: how much of an operation is serial, and what passing it on costs.

An operation that takes T(1) alone is read as a part Z in parallel and a part s under one lock. Passing it on costs
c / 2 a waiter (ticket lock), or c however many wait (queue lock, as in kernels since Linux 4.2). n workers in a closed
loop then take, per operation of all together,

    T(n) = 1 / X(n),   X(n): throughput of n customers over Delay(Z phi) and lock(s phi, handover = c phi)

with Z + s = T(1), solved exactly. phi(n) is the slowdown that has nothing to do with the lock: of processes doing
the same in address spaces of their own, or of pure computing.

With two workers there is one number for two unknowns: the least hand-over that explains it is taken (usually none), and
said to be assumed. With more counts both are fitted on relative error.
When not to use it: where slowdown grows faster than waiters (search in a shared structure).
Source: the closed network of ``model.exact.solver``; ticket lock law of Boyd-Wickizer et al., Linux Symposium 2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.model.exact.solver import solve
from cerberus_plan.model.network import Delay, Instance, QueueLock, TicketLock
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cerberus_plan.calibration.harness.statistics import Estimate

Lock = type[TicketLock] | type[QueueLock]
#: Draws of the bootstrap that are fitted; the 5 % bound rests on four of them.
DRAWS = 80
#: A hand-over beyond this multiple of the whole operation is not looked for.
_MOST_HANDOVER = 64.0
#: Serial parts below this share of the operation cannot be told from none.
_RESOLVED = 0.01
#: Lowest bound of an interval, as a part of the value.
_WIDEST = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPart:
    """How an operation splits [s].

    Attributes:
        parallel: Time outside the lock.
        serial: Time under it.
        handover: What each waiter adds to passing it on, twice over; under a queue lock, what any number adds.
        lock: The law of the lock.
    """

    parallel: float
    serial: float
    handover: float
    lock: Lock = TicketLock


def time_per_operation(split: SerialPart, *, workers: int, slowdown: float = 1.0) -> float:
    """T(n): time per operation of ``workers`` together [s]."""
    stations = [
        Delay(split.parallel * slowdown),
        split.lock(split.serial * slowdown, handover=split.handover * slowdown),
    ]
    return 1.0 / float(solve(instances=[Instance(threads=workers, stations=stations)], shared=()).throughput)


def _bisect(time_at: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Where the rising ``time_at`` reaches ``target``, or the nearer end."""
    if time_at(low) >= target:
        return low
    if time_at(high) <= target:
        return high
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if time_at(middle) < target else (low, middle)
    return 0.5 * (low + high)


def split_from_one(
    alone: float, *, workers: int, time: float, slowdown: float = 1.0, lock: Lock = TicketLock
) -> SerialPart:
    """The split with the least hand-over that gives ``time`` per operation of ``workers`` together.

    Args:
        alone: T(1) [s].
        workers: n.
        time: T(n) [s].
        slowdown: phi(n).
        lock: its law.
    """

    def without_handover(serial: float) -> float:
        split = SerialPart(parallel=alone - serial, serial=serial, handover=0.0, lock=lock)
        return time_per_operation(split, workers=workers, slowdown=slowdown)

    serial = _bisect(without_handover, time, 0.0, alone)
    if serial < alone:
        return SerialPart(parallel=alone - serial, serial=serial, handover=0.0, lock=lock)

    def all_serial(handover: float) -> float:
        split = SerialPart(parallel=0.0, serial=alone, handover=handover, lock=lock)
        return time_per_operation(split, workers=workers, slowdown=slowdown)

    handover = _bisect(all_serial, time, 0.0, _MOST_HANDOVER * alone)
    return SerialPart(parallel=0.0, serial=alone, handover=handover, lock=lock)


def split_from_many(
    alone: float, times: Mapping[int, float], slowdowns: Mapping[int, float], *, lock: Lock = TicketLock
) -> SerialPart:
    """The split that fits T(n) at several n best on relative error."""
    from scipy.optimize import least_squares

    most = max(times)
    start = split_from_one(alone, workers=most, time=times[most], slowdown=slowdowns[most], lock=lock)

    def split(x: np.ndarray) -> SerialPart:
        return SerialPart(parallel=alone * (1.0 - x[0]), serial=alone * x[0], handover=alone * x[1], lock=lock)

    def errors(x: np.ndarray) -> list[float]:
        found = {n: time_per_operation(split(x), workers=n, slowdown=slowdowns[n]) for n in times}
        return [float(np.log(found[n] / times[n])) for n in times]

    guesses = [[min(start.serial / alone, 0.99), min(start.handover / alone, _MOST_HANDOVER / 2)]]
    if lock is QueueLock:  # a crowd sees the sum of hold and passing only: begin from a share of either kind
        guesses.append([0.5 * guesses[0][0], min(0.5 * guesses[0][0] + guesses[0][1], _MOST_HANDOVER / 2)])
    bounds = ([0.0, 0.0], [1.0, _MOST_HANDOVER])
    found = [least_squares(errors, guess, bounds=bounds, xtol=1e-8, ftol=1e-8) for guess in guesses]
    best = min(found, key=lambda one: float(one.cost))
    return split(best.x)


def _draws(estimate: Estimate) -> np.ndarray:
    return np.concatenate([[estimate.value], estimate.replicates[: DRAWS - 1]])


def fit_serial_part(
    alone: Estimate,
    crowd: Mapping[int, Estimate],
    control_alone: Estimate | None = None,
    control: Mapping[int, Estimate] | None = None,
    *,
    lock: Lock = TicketLock,
) -> tuple[SerialPart, list[SerialPart]]:
    """Fit the split and its doubt.

    Args:
        alone: T(1).
        crowd: T(n) by n > 1.
        control_alone: The same operation where it cannot contend, one worker; None for no control.
        control: The same by n workers.
        lock: Its law.

    Returns:
        The split of the estimates, and splits of bootstrap draws.
    """
    first = _draws(alone)
    times = {n: _draws(estimate) for n, estimate in crowd.items()}
    slow = {n: np.ones(DRAWS) for n in crowd}
    for n in crowd:
        if control_alone is not None and control and n in control:
            slow[n] = np.maximum(n * _draws(control[n]) / _draws(control_alone), 1.0)
    splits = [
        _split(
            float(first[i]),
            {n: float(t[i]) for n, t in times.items()},
            {n: float(s[i]) for n, s in slow.items()},
            lock,
        )
        for i in range(DRAWS)
    ]
    return splits[0], splits[1:]


def _split(alone: float, times: Mapping[int, float], slowdowns: Mapping[int, float], lock: Lock) -> SerialPart:
    if len(times) == 1:
        n = next(iter(times))
        return split_from_one(alone, workers=n, time=times[n], slowdown=slowdowns[n], lock=lock)
    return split_from_many(alone, times, slowdowns, lock=lock)


def quantities_of(
    best: SerialPart, draws: list[SerialPart], names: tuple[str, str, str], *, what: str, counts: list[int]
) -> dict[str, Quantity]:
    """Serial part, hand-over and parallel part as quantities under ``names``.

    A hand-over that two workers cannot show is marked assumed, with the widest value that the data allow.
    """
    shown = f"{what}; {', '.join(map(str, counts))} workers against 1"
    found = {}
    for name, attribute in zip(names, ("serial", "handover", "parallel"), strict=True):
        drawn = np.array([float(getattr(draw, attribute)) for draw in draws])
        value = float(getattr(best, attribute))
        low, high = (float(bound) for bound in np.quantile(drawn, [0.05, 0.95]))
        provenance, note = Provenance.DERIVED, ""
        if attribute == "serial" and value < _RESOLVED * (best.serial + best.parallel):
            # A plan for many cores must not be told that nothing is serial because two workers did not show it.
            value = max(float(np.mean(drawn)), 0.5 * _RESOLVED * (best.serial + best.parallel))
            note = "; too small to be told from 0, given by the noise of the measurement"
        if attribute == "handover" and len(counts) == 1:
            high, provenance = max(high, best.serial), Provenance.ASSUMED
            note = "; the least hand-over that explains it, more cores are needed to see it"
        found[name] = Quantity(
            value=value,
            unit="s",
            low=min(value, max(low, value / _WIDEST)),  # a bound of 0 has no logarithm to draw from
            high=max(value, high),
            provenance=provenance,
            source=shown + note,
        )
    return found
