"""All splits of one shared single server under all draws in one pass, compiled: for machines of tens of cores.

Equation: that of ``model.exact.tables.SharedQueue``; the weight of a node is w P^(VMs - 1), by repeated squaring of
f = w^(1 / VMs) P over its largest.
Numerics: all terms are positive; a polynomial that vanished or left the range makes the answer "not a number".
When not to use it: for a few splits under a few draws (numpy is done before a compiler starts), or where the powers
of a node leave the range of a double (``wide_kernel``).
Source: as ``model.exact.tables``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cerberus_plan.model.kernel import kernel
from cerberus_plan.model.laws.station import Array

Whole = np.ndarray[Any, np.dtype[np.int64]]


@kernel
def rates(  # noqa: PLR0917 - compiled functions take no keywords
    constants: Array,
    demand: Array,
    vms: Whole,
    threads: Whole,
    ladder: Whole,
    starts: Whole,
    scale: Array,
    roots: Array,
    scratch: Array,
    found: Array,
) -> None:
    """G with one thread of one instance less, over G, into ``found``.

    Args:
        constants: Of one instance, shape (draws, populations).
        demand: The shared server's, over the unit of the constants: shape (1 or splits, 1 or draws).
        vms: Instances of each split.
        threads: Threads of each instance.
        ladder: Which quadrature each split uses.
        starts: Where each quadrature starts among the nodes, and where the last one ends.
        scale: t^i / i! at the nodes of all quadratures: shape (populations, nodes).
        roots: w^(1 / VMs) at the nodes of each split's quadrature: shape (splits, most nodes).
        scratch: Shape (3, most nodes).
        found: Shape (splits, draws).
    """
    n_splits, n_draws = found.shape
    full, less, weight = scratch[0], scratch[1], scratch[2]
    for split in range(n_splits):
        size, first = threads[split], starts[ladder[split]]
        count = starts[ladder[split] + 1] - first
        for draw in range(n_draws):
            own = min(draw, constants.shape[0] - 1)
            d = demand[min(split, demand.shape[0] - 1), min(draw, demand.shape[1] - 1)]
            for n in range(count):
                full[n] = constants[own, size]
                less[n] = constants[own, size - 1]
            power = 1.0
            for i in range(1, size):
                power *= d
                one, other = constants[own, size - i] * power, constants[own, size - 1 - i] * power
                for n in range(count):
                    full[n] += one * scale[i, first + n]
                    less[n] += other * scale[i, first + n]
            last = constants[own, 0] * power * d
            largest, smallest = 0.0, math.inf
            for n in range(count):
                full[n] += last * scale[size, first + n]
                smallest = min(smallest, full[n])
                weight[n] = full[n] * roots[split, n]
                largest = max(largest, weight[n])
            above, below = 0.0, 0.0
            for n in range(count):
                square, part, step = weight[n] / largest, roots[split, n], vms[split] - 1
                while step > 0:
                    if step & 1:
                        part *= square
                    square *= square
                    step >>= 1
                above += part * less[n]
                below += part * full[n]
            found[split, draw] = above / below if smallest > 0.0 else math.nan
