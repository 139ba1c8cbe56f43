"""The family of mechanistic laws: how throughput grows with the count n, each relative to n = 1.

One registry: a law is a name, what causes it, the ranges of its parameters, and the logarithm of its
speed-up as a function of n and of the parameters on the unit interval (0 = low end, 1 = high end).

    linear      S = n
    amdahl      S = n / (1 + s (n-1))                        Amdahl 1967; also memory or hypervisor interference
    usl         S = n / (1 + s (n-1) + k n (n-1))            Gunther 1993, universal scalability law
    diffuse     S = n^p                                      contention spread over many small places
    ceiling     S = (n^-q + C^-q)^(-1/q), scaled             one saturating resource: queue lock (q = 1 .. 2),
                                                             machine repairman, memory bandwidth (q large)
    handover    ceiling, then D(h max(0, n-C))               ticket lock, whose hand-over slows with waiters
                                                             (Boyd-Wickizer 2012); reader-writer lock word
    line        S = n / (1 - s + s (1 + r (n-1))) D(h (n-1))
                                                             one cache line that is local at n = 1 and moves
                                                             between cores from n = 2 on, r times dearer
    step        Amdahl up to C, then growth like n^g         sockets, SMT siblings, cores filled by clients

A decline D(w) = f + (1 - f) / (1 + w)^b ends at a floor f: however many wait, a lock's throughput does not fall below
what one hand-over over the largest distance of the machine allows.

Assumptions: one law holds over the whole range; what it misses is the business of `drift`.
When not to use it: open workloads, where the arrival rate is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A parameter's range; `unit` maps [0, 1] to it, evenly or evenly in the logarithm."""

    name: str
    low: float
    high: float
    even: bool = False

    def at(self, unit: Array) -> Array:
        """The parameter at positions in [0, 1]."""
        if self.even:
            return self.low + unit * (self.high - self.low)
        return np.asarray(np.exp(np.log(self.low) + unit * np.log(self.high / self.low)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One mechanism: what it is called, what it means, and its curve."""

    name: str
    cause: str
    ranges: tuple[Range, ...]
    log_speedup: Callable[..., Array]  # (n, *parameters), all broadcast together

    def curves(self, unit: Array, n: Array) -> Array:
        """Logarithm of the speed-up.

        Args:
            unit: shape (draws, parameters), positions in [0, 1].
            n: shape (levels,), counts.

        Returns:
            Shape (draws, levels).
        """
        parameters = [span.at(unit[:, i, None]) for i, span in enumerate(self.ranges)]
        return np.broadcast_to(self.log_speedup(n[None, :], *parameters), (len(unit), n.size))


def _linear(n: Array) -> Array:
    return np.asarray(np.log(n))


def _amdahl(n: Array, serial: Array) -> Array:
    return np.asarray(np.log(n / (1 + serial * (n - 1))))


def _usl(n: Array, contention: Array, coherency: Array) -> Array:
    return np.asarray(np.log(n / (1 + contention * (n - 1) + coherency * n * (n - 1))))


def _diffuse(n: Array, exponent: Array) -> Array:
    return np.asarray(exponent * np.log(n))


def _ceiling(n: Array, limit: Array, sharpness: Array) -> Array:
    bent = -np.logaddexp(-sharpness * np.log(n), -sharpness * np.log(limit)) / sharpness
    return np.asarray(bent + np.log1p(limit**-sharpness) / sharpness)


def _handover(n: Array, limit: Array, sharpness: Array, *declining: Array) -> Array:
    slowing, power, floor = declining
    waiting = np.maximum(0.0, n - limit)
    return np.asarray(_ceiling(n, limit, sharpness) + _decline(slowing * waiting, power, floor))


def _line(n: Array, share: Array, dearer: Array, *declining: Array) -> Array:
    slowing, power, floor = declining
    cost = 1 - share + share * (1 + dearer * (n - 1))
    return np.asarray(np.log(n / cost) + _decline(slowing * (n - 1), power, floor))


def _decline(waiting: Array, power: Array, floor: Array) -> Array:
    """Logarithm of what is left of the throughput when hand-overs slow, never below the floor."""
    return np.asarray(np.log(floor + (1 - floor) * (1 + waiting) ** -power))


def _step(n: Array, edge: Array, growth: Array, serial: Array) -> Array:
    inside = np.minimum(n, edge)
    return np.asarray(_amdahl(inside, serial) + growth * np.log(n / inside))


_LIMIT = Range(name="limit", low=1.0, high=2000.0)
_SLOWING = Range(name="slowing", low=1e-3, high=1.0)
_POWER = Range(name="power", low=0.0, high=1.5, even=True)
_FLOOR = Range(name="floor", low=0.01, high=0.8)

LAWS: dict[str, Law] = {
    law.name: law
    for law in (
        Law(name="linear", cause="nothing shared", ranges=(), log_speedup=_linear),
        Law(
            name="amdahl",
            cause="a serial share, or memory interference",
            ranges=(Range(name="serial", low=1e-5, high=1.0),),
            log_speedup=_amdahl,
        ),
        Law(
            name="usl",
            cause="a serial share and pairwise coherency",
            ranges=(
                Range(name="contention", low=1e-4, high=1.0),
                Range(name="coherency", low=1e-7, high=0.3),
            ),
            log_speedup=_usl,
        ),
        Law(
            name="diffuse",
            cause="contention spread over many small places",
            ranges=(Range(name="exponent", low=-0.55, high=1.05, even=True),),
            log_speedup=_diffuse,
        ),
        Law(
            name="ceiling",
            cause="one saturating resource: queue lock, memory bandwidth, device",
            ranges=(_LIMIT, Range(name="sharpness", low=1.0, high=10.0)),
            log_speedup=_ceiling,
        ),
        Law(
            name="handover",
            cause="a lock whose hand-over slows with waiters: ticket spinlock, reader-writer lock",
            ranges=(
                Range(name="limit", low=1.0, high=200.0),
                Range(name="sharpness", low=1.5, high=10.0),
                _SLOWING,
                _POWER,
                _FLOOR,
            ),
            log_speedup=_handover,
        ),
        Law(
            name="line",
            cause="one cache line that every core writes",
            ranges=(
                Range(name="share", low=1e-2, high=1.0),
                Range(name="dearer", low=0.3, high=30.0),
                Range(name="slowing", low=1e-4, high=1.0),
                _POWER,
                _FLOOR,
            ),
            log_speedup=_line,
        ),
        Law(
            name="step",
            cause="a boundary of the machine: socket, SMT siblings, all cores in use",
            ranges=(
                Range(name="edge", low=2.0, high=300.0),
                Range(name="growth", low=-0.3, high=0.8, even=True),
                Range(name="serial", low=1e-4, high=0.3),
            ),
            log_speedup=_step,
        ),
    )
}


def positions(draws: int, dimensions: int) -> Array:
    """Evenly spread points of the unit cube, the same on every run (an additive recurrence).

    Source: Roberts (2018), the R-sequence: steps are powers of the inverse of the root of x^(d+1) = x + 1.
    """
    root = 2.0
    for _ in range(40):
        root = (1 + root) ** (1 / (dimensions + 1))
    steps = root ** -np.arange(1.0, dimensions + 1)
    return np.asarray((0.5 + np.arange(1, draws + 1)[:, None] * steps) % 1.0)
