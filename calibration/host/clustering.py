"""Groups of cores from measured latencies: SMT siblings, last-level caches, NUMA nodes, sockets.

Average-linkage clustering of the logarithms of cache line round trips: repeatedly join the two nearest groups. Heights
of the joins rise in steps; a step by ``STEP`` or more between two joins is a level, and the groups just below it are
its groups, if they are of like size. Pairs that were not measured count as unknown, so a sample of pairs suffices as
long as every core is joined to a near one (``choose_pairs`` of the measuring process takes neighbours in cache order).

Assumption: hardware is regular, so groups of one level do not differ in size by more than a factor of two. When not to
use it: for two cores, whose single latency has nothing to be compared with.
Source: Sokal and Michener (1958), unweighted average linkage.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

#: Joining across a level must cost at least this much more than within it.
STEP = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of the hierarchy.

    Attributes:
        groups: Cores of each group, ascending; groups in order of their first core.
        within_s: Median round trip inside groups [s].
        between_s: Median round trip between groups [s].
    """

    groups: tuple[tuple[int, ...], ...]
    within_s: float
    between_s: float


def _matrices(
    latency: Mapping[tuple[int, int], float], place: Mapping[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of log latencies and numbers of pairs between single cores."""
    n = len(place)
    total, count = np.zeros((n, n)), np.zeros((n, n))
    for (a, b), value in latency.items():
        i, j = place[a], place[b]
        total[i, j] += np.log(value)
        count[i, j] += 1.0
        total[j, i], count[j, i] = total[i, j], count[i, j]
    return total, count


def _joins(total: NDArray[np.float64], count: NDArray[np.float64]) -> list[tuple[float, list[list[int]]]]:
    """Each join: its height (log latency, never falling), and the groups that there were before it."""
    groups: list[list[int]] = [[i] for i in range(len(total))]
    alive = np.ones(len(total), dtype=bool)
    found: list[tuple[float, list[list[int]]]] = []
    top = -np.inf
    while alive.sum() > 1:
        mean = np.where(count > 0.0, total / np.maximum(count, 1.0), np.inf)
        mean[~alive, :] = np.inf
        mean[:, ~alive] = np.inf
        np.fill_diagonal(mean, np.inf)
        i, j = divmod(int(np.argmin(mean)), len(mean))
        if not np.isfinite(mean[i, j]):
            break  # cores that no measured pair joins to the rest
        top = max(top, float(mean[i, j]))
        found.append((top, [list(group) for group, living in zip(groups, alive, strict=True) if living]))
        groups[i] += groups[j]
        total[i, :] += total[j, :]
        count[i, :] += count[j, :]
        total[:, i], count[:, i] = total[i, :], count[i, :]
        alive[j] = False
    return found


def _is_regular(groups: Sequence[Sequence[int]]) -> bool:
    """Several groups of two cores or more, and of like size."""
    sizes = [len(group) for group in groups]
    return len(groups) > 1 and min(sizes) > 1 and min(sizes) * 2 > max(sizes)


def _level(cpus: Sequence[int], groups: list[list[int]], latency: Mapping[tuple[int, int], float]) -> Level:
    named = sorted(tuple(sorted(cpus[i] for i in group)) for group in groups)
    home = {cpu: number for number, group in enumerate(named) for cpu in group}
    inside = [value for (a, b), value in latency.items() if home[a] == home[b]]
    across = [value for (a, b), value in latency.items() if home[a] != home[b]]
    return Level(groups=tuple(named), within_s=float(np.median(inside)), between_s=float(np.median(across)))


def find_levels(latency: Mapping[tuple[int, int], float]) -> list[Level]:
    """Levels of the hierarchy that the latencies show, the finest first; none where all pairs are alike.

    Args:
        latency: Round trip of pairs of cores, any unit.
    """
    cpus = sorted({cpu for pair in latency for cpu in pair})
    if len(cpus) < 3:
        return []
    joins = _joins(*_matrices(latency, {cpu: i for i, cpu in enumerate(cpus)}))
    found = []
    for (below, _), (above, groups) in pairwise(joins):
        if above - below >= np.log(STEP) and _is_regular(groups):
            level = _level(cpus, groups, latency)
            if level.between_s >= STEP * level.within_s:
                found.append(level)
    return found
