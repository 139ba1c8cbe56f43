"""All splits of one shared single server under all draws in one pass, compiled: for machines of tens of cores.

Equations: those of ``model.exact.tables``: local constants by convolution, tilted by a unit that makes the largest
last factor 1; the weight of a node of the quadrature is w P^(VMs - 1), by repeated squaring of f = w^(1 / VMs) P over
its largest.
Numerics: all terms are positive; where a constant or a polynomial vanished or left the range the answer is "not a
number".
When not to use it: for a few splits under a few draws (numpy is done before a compiler starts), or where the powers
of a node leave the range of a double (``wide_kernel``).
Source: as ``model.exact.tables``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cerberus_plan.model.kernel import inlined, kernel
from cerberus_plan.model.laws.station import Array

Whole = np.ndarray[Any, np.dtype[np.int64]]

# Bound on a local constant and on its inverse: products of two stay within the range.
_SAFE = 1e130


@inlined
def _unit(delay: float, times: Array, draw: int) -> float:
    """The time that makes the largest of the last factors 1; 0 where no time is spent."""
    most = times.shape[2]
    slope = math.log(delay) - math.lgamma(most + 1.0) / most if delay > 0.0 else -math.inf
    for station in range(times.shape[0]):
        own, total = min(draw, times.shape[1] - 1), 0.0
        for k in range(most):
            total += math.log(times[station, own, k]) if times[station, own, k] > 0.0 else -math.inf
        slope = max(slope, total / most)
    return math.exp(slope)


@inlined
def _constants(delay: float, times: Array, draw: int, unit: float, work: Array) -> bool:
    """Local constants over powers of the unit into the first row of ``work``; whether all are safe."""
    most = times.shape[2]
    found, before = work[0], work[1]
    found[0] = 1.0
    for j in range(1, most + 1):
        found[j] = found[j - 1] * (delay / unit) / j
    for station in range(times.shape[0]):
        own, factor = min(draw, times.shape[1] - 1), 1.0
        for j in range(most + 1):
            before[j] = found[j]
        for i in range(1, most + 1):
            factor *= times[station, own, i - 1] / unit
            for j in range(most + 1 - i):
                found[i + j] += factor * before[j]
    smallest, largest = math.inf, 0.0
    for j in range(most + 1):
        smallest, largest = min(smallest, found[j]), max(largest, found[j])
    return smallest > 1.0 / _SAFE and largest < _SAFE


@inlined
def _at_nodes(size: int, demand: float, scale: Array, first: int, count: int, work: Array) -> None:  # noqa: PLR0917
    """P of an instance, and of one with a thread less, at the nodes: the third and fourth row of ``work``."""
    constants, full, less = work[0], work[2], work[3]
    for n in range(count):
        full[n] = constants[size]
        less[n] = constants[size - 1]
    power = 1.0
    for i in range(1, size):
        power *= demand
        one, other = constants[size - i] * power, constants[size - 1 - i] * power
        row = scale[i, first : first + count]  # known to start at 0, it is read four numbers at a time
        for n in range(count):
            full[n] += one * row[n]
            less[n] += other * row[n]
    last = constants[0] * power * demand
    row = scale[size, first : first + count]
    for n in range(count):
        full[n] += last * row[n]


@inlined
def _mean(others: int, root: Array, count: int, work: Array) -> float:
    """P of one thread less over P, in the mean over the weights with the other instances' P in them."""
    full, less, weight, square = work[2], work[3], work[4], work[5]
    largest, smallest = 0.0, math.inf
    for n in range(count):
        smallest = min(smallest, full[n])
        square[n] = full[n] * root[n]
        largest = max(largest, square[n])
    for n in range(count):
        square[n] /= largest
        weight[n] = root[n]
    while others > 0:
        if others & 1:
            for n in range(count):
                weight[n] *= square[n]
        for n in range(count):
            square[n] *= square[n]
        others >>= 1
    above, below = 0.0, 0.0
    for n in range(count):
        above += weight[n] * less[n]
        below += weight[n] * full[n]
    return above / below if smallest > 0.0 else math.nan


@kernel
def rates(  # noqa: PLR0917 - compiled functions take no keywords
    delay: Array,
    times: Array,
    demand: Array,
    vms: Whole,
    threads: Whole,
    ladder: Whole,
    starts: Whole,
    scale: Array,
    roots: Array,
    work: Array,
    found: Array,
) -> None:
    """Cycles per second of all instances of each split under each draw, into ``found``.

    Args:
        delay: Time at all local delays: shape (1 or draws,).
        times: Service times of the local queueing stations with 1.. present: shape (stations, 1 or draws, most).
        demand: The shared server's: shape (1 or splits, 1 or draws).
        vms: Instances of each split.
        threads: Threads of each instance.
        ladder: Which quadrature each split uses.
        starts: Where each quadrature starts among the nodes, and where the last one ends.
        scale: t^i / i! at the nodes of all quadratures: shape (populations, nodes).
        roots: w^(1 / VMs) at the nodes of each split's quadrature: shape (splits, most nodes).
        work: Shape (6, the more of most + 1 and most nodes).
        found: Shape (splits, draws).
    """
    n_splits, n_draws = found.shape
    unit, safe = 0.0, False
    for draw in range(n_draws):
        if draw == 0 or delay.size > 1 or times.shape[1] > 1:
            own = delay[min(draw, delay.size - 1)]
            unit = _unit(own, times, draw)
            safe = unit > 0.0 and _constants(own, times, draw, unit, work)
        for split in range(n_splits):
            if not safe:
                found[split, draw] = math.nan
                continue
            first, end = starts[ladder[split]], starts[ladder[split] + 1]
            relative = demand[min(split, demand.shape[0] - 1), min(draw, demand.shape[1] - 1)] / unit
            _at_nodes(threads[split], relative, scale, first, end - first, work)
            found[split, draw] = vms[split] * _mean(vms[split] - 1, roots[split], end - first, work) / unit
