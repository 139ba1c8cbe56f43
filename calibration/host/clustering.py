"""Groups of cores from measured latencies: SMT siblings, groups that share a last-level cache, dies, sockets.

Siblings are found first (``siblings``) and count as one core from then on. Cores are joined by average linkage of the
logarithms of their round trips (``linkage``); where the heights of the joins rise, the groups just below are a
candidate. It is a level if its cores say so one by one: for nine cores in ten the median to the nearest other group
is ``STEP`` times the median to their own. A few disturbed pairs move no median. A core or two that lie in no group
(disturbed as a whole) join their nearest; groups of unlike size must each stand out clearly (missing CPUs).

Pairs that were not measured count as unknown: a sample suffices as long as every core is joined to a near one.
When not to use it: for two cores, whose single latency has nothing to be compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix, middle
from cerberus_plan.calibration.host.linkage import after, joins
from cerberus_plan.calibration.host.siblings import sibling_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Groups = NDArray[np.intp]
    Matrix = NDArray[np.float64]

#: Crossing a level costs nine cores in ten at least this much more than staying within it.
STEP = 1.3
# Groups of two or three cores are easily found in noise: each core has picked its nearest of many.
_FEW, _STEP_OF_FEW = 3, 1.7
# Smallest rise of the heights that is looked at: the cores decide, the heights only propose.
_RISE = 1.08
# A group much smaller than the others is one only if it stands out by this factor.
_CLEAR = 1.5
# Share of the cores that may lie outside every group, and that groups of the usual size must hold.
_STRAYS, _USUAL = 0.15, 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of the hierarchy.

    Attributes:
        groups: CPUs of each group, ascending; groups in order of their first CPU.
        within_s: Median round trip inside groups [s].
        between_s: Median round trip between groups [s].
        siblings: The groups are hardware threads of one core.
    """

    groups: tuple[tuple[int, ...], ...]
    within_s: float
    between_s: float
    siblings: bool = False


def find_levels(latency: Mapping[tuple[int, int], float]) -> list[Level]:
    """Levels of the hierarchy that the latencies show, the finest first; none where all pairs are alike.

    Args:
        latency: Round trip of pairs of CPUs [s].
    """
    matrix = LatencyMatrix.of(latency)
    if len(matrix.cpus) < 3:
        return []
    core = cores_of(matrix)
    found = [] if len(set(core)) == len(core) else [_level(matrix, core, siblings=True)]
    return found + [_level(matrix, groups[core]) for groups in core_levels(between_cores(matrix, core))]


def cores_of(matrix: LatencyMatrix) -> Groups:
    """Core of each CPU, numbered in order of first CPUs: siblings share one."""
    first = np.arange(len(matrix.cpus))
    for i, j in sibling_pairs(matrix.cpus, matrix.seconds):
        first[j] = i
    return np.unique(first, return_inverse=True)[1]


def between_cores(matrix: LatencyMatrix, core: Groups) -> Matrix:
    """Median round trip between two cores over their threads [s]."""
    threads = [np.flatnonzero(core == one) for one in range(int(core.max()) + 1)]
    most = max(len(thread) for thread in threads)
    at = np.array([[thread[min(turn, len(thread) - 1)] for turn in range(most)] for thread in threads])
    seconds = matrix.seconds
    stack = [seconds[np.ix_(at[:, a], at[:, b])] for a in range(most) for b in range(most)]
    found = stack[0].copy() if most == 1 else middle(np.stack(stack), axis=0)
    np.fill_diagonal(found, np.nan)
    return found


def core_levels(seconds: Matrix) -> list[Groups]:
    """Group of each core at every level, the finest first."""
    found: list[Groups] = []
    for proposed in _proposals(seconds):
        groups = _settled(seconds, proposed)
        if groups is None or any(np.array_equal(groups, known) for known in found):
            continue
        inside, outside = own_and_next(seconds, groups)
        step = outside / inside
        step = step[~np.isnan(step)]
        few = np.median(np.bincount(groups)) <= _FEW
        if len(step) and np.quantile(step, 0.1) >= (_STEP_OF_FEW if few else STEP):
            found.append(groups)
    return found


def _proposals(seconds: Matrix) -> Iterator[Groups]:
    """Groups just below each rise of the heights."""
    steps = joins(np.log(seconds))
    for n in range(len(steps) - 1):
        if steps[n + 1].height - steps[n].height >= np.log(_RISE):
            yield after(len(seconds), steps[: n + 1])


def to_groups(seconds: Matrix, groups: Groups) -> Matrix:
    """Median round trip from each core (row) to each group (column) [s]; negative groups are nobody's."""
    return np.stack([middle(seconds[:, groups == g], axis=1) for g in range(int(groups.max()) + 1)], axis=1)


def own_and_next(seconds: Matrix, groups: Groups) -> tuple[Matrix, Matrix]:
    """Of each core the median round trip to its own group, and to the nearest other one [s]; NaN where unknown."""
    medians = to_groups(seconds, groups)
    row = np.arange(len(medians))
    own = medians[row, groups]
    medians[row, groups] = np.inf
    nearest = np.where(np.isnan(medians), np.inf, medians).min(axis=1)
    return own, np.where(np.isinf(nearest), np.nan, nearest)


def _settled(seconds: Matrix, groups: Groups) -> Groups | None:
    """The groups with strays in their nearest one; None where these are no groups of a regular machine."""
    sizes = np.bincount(groups)
    usual = float(np.median(sizes[groups]))
    small = sizes * 2 <= usual
    if usual < 2 or np.count_nonzero(~small) < 2:
        return None
    if small.any():
        small &= ~_stand_out(seconds, groups)
    stray = small[groups]
    if stray.mean() > _STRAYS or np.mean(sizes[groups] * 2 > usual) < _USUAL:
        return None
    if not stray.any():
        return groups
    medians = to_groups(seconds, groups)
    medians = np.where(np.isnan(medians), np.inf, medians)
    nearest = np.argmin(medians, axis=1)
    if small[nearest[stray]].any() or np.isinf(medians[stray].min(axis=1)).any():
        return None  # strays that belong to each other are parts of a group that has not been joined yet
    found = np.where(stray, nearest, groups)
    if np.bincount(found).max() >= 2 * usual:
        return None
    return np.unique(found, return_inverse=True)[1]


def _stand_out(seconds: Matrix, groups: Groups) -> NDArray[np.bool_]:
    """Which groups have two cores or more, each of them much nearer to its own group than to any other."""
    own, nearest = own_and_next(seconds, groups)
    clear = nearest >= _CLEAR * own  # false where either is unknown, as for a single core
    return np.array([bool(clear[groups == g].all()) for g in range(int(groups.max()) + 1)])


def _level(matrix: LatencyMatrix, groups: Groups, *, siblings: bool = False) -> Level:
    same = groups[:, None] == groups[None, :]
    np.fill_diagonal(same, False)
    apart = groups[:, None] != groups[None, :]
    cpus = np.array(matrix.cpus)
    return Level(
        groups=tuple(sorted(tuple(cpus[groups == g].tolist()) for g in np.unique(groups))),
        within_s=float(middle(matrix.seconds[same])),
        between_s=float(middle(matrix.seconds[apart])),
        siblings=siblings,
    )
