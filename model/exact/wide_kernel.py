"""Equal instances with one shared server on logarithms, compiled: for instances of hundreds to thousands of threads.

Equation: P(x) = sum_{i=0..k} c(k - i) x^i / i!, by the ratio of neighbouring terms; the answer is the mean of
P_other / P over the nodes of a quadrature, each weighed by w_n P^VMs.
Numerics: all terms are positive, so nothing cancels. Terms and sum carry a power of 2^600, so neither the rise nor
the fall of a collapsing instance leaves the range of a double; two peaks far apart are both seen. Of the nodes one in
``_STRIDE`` is looked at first, and only those between two of which one matters are summed: the integrand is smooth on
the scale of many nodes.
When not to use it: where ``model.exact.tables`` fits; starting a compiler costs more than it saves.
Source: as ``model.exact.tables``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cerberus_plan.model.kernel import inlined, kernel
from cerberus_plan.model.laws.station import Array

Whole = np.ndarray[Any, np.dtype[np.int64]]

_UP = 2.0**600
_DOWN = 2.0**-600
_LOG_UP = 600.0 * math.log(2.0)
# A term that fell behind is added again before it can matter.
_SEEN = 2.0**300
# Terms are looked at once in so many steps; a step's ratio stays below 2^37.
_BLOCK = 8
_STRIDE = 16
# Nodes between two that lie so far below the largest, in logarithms, are left out.
_NOTHING = 120.0


@inlined
def _log_sum(ratios: Array, degree: int, x: float) -> float:
    """Logarithm of 1 + r_1 x + r_1 r_2 x^2 + ..., of ``degree`` ratios."""
    term = 1.0
    total = 1.0
    behind = 0  # powers of 2^600 by which the term's own scale lies below the total's
    shift = 0  # powers of 2^600 taken out of the total
    i = 0
    while i < degree:
        last = min(i + _BLOCK, degree)
        while i < last:
            term *= ratios[i] * x
            i += 1
            if behind == 0:
                total += term
        if behind == 0 and term > _UP:
            term *= _DOWN
            total *= _DOWN
            shift += 1
        elif behind > 0 and term > _SEEN:
            term *= _DOWN
            behind -= 1
        elif 0.0 < term < _DOWN:
            term *= _UP
            behind += 1
    return math.log(total) + shift * _LOG_UP


@kernel
def mean_ratios(  # noqa: PLR0917 - compiled functions take no keywords
    steps: Array,
    other: Array,
    head: Array,
    fewer: int,
    vms: Whole,
    threads: Whole,
    demand: Array,
    ladder: Whole,
    starts: Whole,
    nodes: Array,
    log_weights: Array,
    scratch: Array,
    found: Array,
) -> None:
    """Mean of P_other / P at the nodes, weighed by w P^VMs, for every split and draw, into ``found``.

    Args:
        steps: c(j) / c(j + 1) of each draw: shape (draws, populations).
        other: The same of the other polynomial's constants.
        head: Its constant of ``threads - fewer`` over c(threads): shape (splits, draws).
        fewer: By how many threads the other polynomial's degree is less.
        vms: Instances of each split.
        threads: Threads of each instance, ``fewer`` or more.
        demand: The shared server's, over the unit of the constants: shape (splits, draws).
        ladder: Which quadrature each split uses.
        starts: Where each quadrature starts in ``nodes``, and where the last one ends.
        nodes: Nodes of all quadratures.
        log_weights: Logarithms of their weights.
        scratch: Shape (3, at least the most threads and the most nodes).
        found: Shape (splits, draws).
    """
    splits, draws = found.shape
    ratios, others, coarse = scratch[0], scratch[1], scratch[2]
    for split in range(splits):
        size, count = threads[split], float(vms[split])
        first, end = starts[ladder[split]], starts[ladder[split] + 1]
        for draw in range(draws):
            d = demand[split, draw]
            for i in range(size):
                ratios[i] = steps[draw, size - 1 - i] / (i + 1.0)
            for i in range(size - fewer):
                others[i] = other[draw, size - fewer - 1 - i] / (i + 1.0)
            largest = -math.inf
            n = 0
            for at in range(first, end, _STRIDE):
                coarse[n] = log_weights[at] + count * _log_sum(ratios, size, d * nodes[at])
                largest = max(largest, coarse[n])
                n += 1
            coarse[n] = -math.inf
            weight, mean = 0.0, 0.0
            for block in range(n):
                if max(coarse[block], coarse[block + 1]) < largest - _NOTHING:
                    continue
                begin = first + block * _STRIDE
                for at in range(begin, min(begin + _STRIDE, end)):
                    x = d * nodes[at]
                    whole = _log_sum(ratios, size, x)
                    height = log_weights[at] + count * whole
                    if height > largest:
                        scale = math.exp(largest - height)
                        weight *= scale
                        mean *= scale
                        largest = height
                    part = math.exp(height - largest)
                    weight += part
                    mean += part * math.exp(_log_sum(others, size - fewer, x) - whole)
            found[split, draw] = head[split, draw] * mean / weight
