"""Cache sizes and the latency of each level, read from the time of a load over the size of what is chased through.

A load of a random line of W bytes hits a cache of C bytes with probability min(1, C / W), as it holds a random part of
them, so with caches C_1 < C_2 < C_3 of latencies l_1 < l_2 < l_3 and memory of latency l_4

    L(W) = l_1 + sum over j of (l_{j+1} - l_j) (1 - min(1, C_j / W))

which is linear in the latencies: every triple of sizes on a grid is tried, by least squares on relative error.
Assumptions: three levels, the last one no smaller than a 32nd of the largest size; where a machine has two, one of the
steps is small.
When not to use it: where small pages make the walk through page tables a level of its own, which is taken for a cache.
Source: the sweep is that of lmbench, McVoy and Staelin, USENIX (1996); the hit rate is that of uniform reuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

#: Sizes tried, per factor of two.
_PER_OCTAVE = 3
_LEVELS = 3
_RIDGE = 1e-10
#: The last cache is looked for from this part of the largest size on: the sweep was made for it.
_SMALLEST_LAST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What a machine's caches are.

    Attributes:
        sizes: Capacity of each level [B], rising.
        latencies: Time of a load from each of them, and from memory [s].
    """

    sizes: tuple[float, ...]
    latencies: tuple[float, ...]


def find_levels(sizes: NDArray[np.float64], seconds: NDArray[np.float64]) -> Levels | None:
    """The levels that explain a sweep best; None where nothing rises with the size.

    Args:
        sizes: What was chased through, rising to a few last-level caches [B].
        seconds: Time of a load at each size [s].
    """
    if len(sizes) <= _LEVELS + 1:
        return None
    octaves = np.log2(sizes[-1] / sizes[0])
    grid = sizes[0] * 2.0 ** (np.arange(1, int(octaves * _PER_OCTAVE)) / _PER_OCTAVE)
    triples = np.array(list(combinations(grid, _LEVELS)))
    missed = 1.0 - np.minimum(1.0, triples[:, None, :] / sizes[None, :, None])
    design = np.concatenate([np.ones((*missed.shape[:2], 1)), missed], axis=2) / seconds[None, :, None]
    normal = np.einsum("tij,tik->tjk", design, design)
    # two caches larger than all sizes but one cannot be told apart: a trace of a ridge keeps the equations solvable
    normal += _RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(_LEVELS + 1)
    steps = np.linalg.solve(normal, design.sum(axis=1)[:, :, None])[:, :, 0]
    errors = np.sum((np.einsum("tij,tj->ti", design, steps) - 1.0) ** 2, axis=1)
    errors[(steps < 0.0).any(axis=1) | (triples[:, -1] < sizes[-1] / _SMALLEST_LAST)] = np.inf
    best = int(np.argmin(errors))
    if not np.isfinite(errors[best]):
        return None
    return Levels(
        sizes=tuple(triples[best].tolist()),
        latencies=tuple(np.cumsum(steps[best]).tolist()),
    )
