"""Average-linkage clustering of a matrix in which some pairs are unknown.

Equation: repeatedly join the two groups with the smallest mean distance; the mean is over the known pairs between
them. Each row remembers its nearest group, so that n items take O(n^2) in nearly all cases.
When not to use it: for items that no known pair joins to the rest; they stay alone.
Source: Sokal and Michener (1958), unweighted average linkage; nearest-neighbour lists after Anderberg (1973).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Join(NamedTuple):
    """One step: at ``height`` the group of ``second`` joins the group of ``first``."""

    height: float
    first: int
    second: int


def joins(distance: NDArray[np.float64]) -> list[Join]:
    """All steps from single items to one group, heights never falling.

    Args:
        distance: Symmetric; NaN where unknown and on the diagonal.
    """
    known = ~np.isnan(distance)
    total, count = np.where(known, distance, 0.0), known.astype(float)
    mean = np.where(known, distance, np.inf)
    alive = np.ones(len(distance), dtype=bool)
    near = np.argmin(mean, axis=1)
    nearest = mean[np.arange(len(mean)), near]
    found: list[Join] = []
    for _ in range(len(distance) - 1):
        first = int(np.argmin(nearest))
        if not np.isfinite(nearest[first]):
            break
        first, second = sorted((first, int(near[first])))
        height = float(mean[first, second])
        found.append(Join(max(height, found[-1].height) if found else height, first, second))
        total[first] += total[second]
        count[first] += count[second]
        total[:, first], count[:, first] = total[first], count[first]
        alive[second] = False
        open_ = alive & (count[first] > 0.0)
        open_[first] = False
        row = np.full(len(mean), np.inf)
        row[open_] = total[first, open_] / count[first, open_]
        mean[first], mean[:, first] = row, row
        mean[second], mean[:, second] = np.inf, np.inf
        nearest[second] = np.inf
        closer = row < nearest
        near[closer], nearest[closer] = first, row[closer]
        stale = np.append(np.flatnonzero(((near == first) | (near == second)) & ~closer & alive), first)
        near[stale] = np.argmin(mean[stale], axis=1)
        nearest[stale] = mean[stale, near[stale]]
    return found


def after(size: int, steps: Sequence[Join]) -> NDArray[np.intp]:
    """Group of each of ``size`` items after these steps, numbered in order of first members."""
    root = np.arange(size)
    for _, first, second in reversed(steps):
        root[second] = first
    for item in range(size):  # a root is always the smaller number, so its own is final already
        root[item] = root[root[item]]
    return np.unique(root, return_inverse=True)[1]
