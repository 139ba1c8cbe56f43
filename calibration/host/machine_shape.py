"""Which of the levels that latencies show are last-level caches, and which are sockets.

A matrix has no names in it, so the kind of a level is judged by what silicon allows: links between sockets take 95 ns
one way and more, links between complexes or dies of one package mostly less; a socket has more than four cores; dies
of two small complexes (first Zen) are parts of a package. Two cores without siblings that stand out share a
second-level cache, which is no level here.

The home effect: a line is homed at the memory it was allocated from, and on many two-socket machines transfers within
the *other* socket go by way of that home, so its cores look as far from each other as from the first socket. One half
of the groups close together and the rest scattered is therefore two sockets.

When not to use it: where ``lstopo`` or /sys is at hand; those are told, this is concluded.
Source of the latencies: https://github.com/KCORES/core-to-core-latency-plus, 50 machines with the vendors' topology.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.host.clustering import between_cores, core_levels, cores_of, to_groups
from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix, middle
from cerberus_plan.calibration.host.linkage import joins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Groups = NDArray[np.intp]
    Matrix = NDArray[np.float64]

# Cores that a socket exceeds; smaller groups are complexes unless two of them are very far apart.
_SMALL = 4
# Round trips between sockets [s]: of two small groups (with siblings; without), of two others, of several.
_SMALL_APART, _SMALL_SINGLE_APART = 260e-9, 400e-9
_FAR, _VERY_FAR, _BEYOND = 190e-9, 250e-9, 400e-9
# Two groups farther apart than this multiple of their own round trip are complexes with a slow link: sockets that old
# have slow caches too.
_STEEPEST = 6.5
# Round trips within a socket that is one cache [s]: a ring or mesh is slower than a complex of eight cores.
_RING, _MESH = 60e-9, 76e-9
# Between sockets that consist of several complexes [s].
_NESTED = 240e-9
_MOST_SOCKETS = 8
# The near half of a home effect is nearer to itself than to the rest by the first factor, each group by the second.
_HOME, _HOME_EACH, _HOME_SINGLE = 1.35, 1.2, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the latencies say about each CPU: its core, last-level cache and socket, numbered from 0.

    Attributes:
        cpus: Numbers of the CPUs, ascending.
        cores: Core of each; siblings share one.
        l3_groups: Group of cores that share a last-level cache.
        sockets: Socket; all 0 where the latencies do not show several.
        home_effect: The sockets were told by where lines are homed.
    """

    cpus: tuple[int, ...]
    cores: tuple[int, ...]
    l3_groups: tuple[int, ...]
    sockets: tuple[int, ...]
    home_effect: bool = False


def shape_of(latency: Mapping[tuple[int, int], float]) -> Shape:
    """The machine that the latencies show; one core a CPU, one cache and one socket where they show nothing.

    Args:
        latency: Round trip of pairs of CPUs [s].
    """
    matrix = LatencyMatrix.of(latency)
    core = cores_of(matrix)
    paired = bool(core.max() + 1 < len(core))
    seconds = between_cores(matrix, core)
    levels = [groups for groups in core_levels(seconds) if paired or np.median(np.bincount(groups)) > 2]
    one = np.zeros(len(seconds), dtype=np.intp)
    caches = levels[0] if levels else one
    home = _home_half(seconds, caches if levels else np.arange(len(seconds)), single=not levels)
    if home is not None:
        sockets = home[caches] if levels else home
        caches = caches if levels else home
    else:
        sockets = levels[-1] if levels and _are_sockets(seconds, levels, paired=paired) else one
    return Shape(
        cpus=matrix.cpus,
        cores=tuple(core.tolist()),
        l3_groups=tuple(caches[core].tolist()),
        sockets=tuple(sockets[core].tolist()),
        home_effect=home is not None,
    )


def _are_sockets(seconds: Matrix, levels: Sequence[Groups], *, paired: bool) -> bool:
    """Whether the groups of the coarsest level are sockets rather than complexes or dies."""
    groups = levels[-1]
    count, size = int(groups.max()) + 1, float(np.median(np.bincount(groups)))
    same = groups[:, None] == groups[None, :]
    within, between = float(middle(seconds[same])), float(middle(seconds[~same]))
    if len(levels) > 1:
        finer = np.bincount(levels[-2])
        dies_of_two = len(finer) <= 2 * count and float(np.median(finer)) <= _SMALL
        return between >= _NESTED and not dies_of_two
    if size <= _SMALL:
        return count == 2 and between >= (_SMALL_APART if paired else _SMALL_SINGLE_APART)
    if count == 2:
        return (between >= _FAR and within >= _RING) or _VERY_FAR <= between <= _STEEPEST * within
    return count <= _MOST_SOCKETS and (between >= _BEYOND or (between >= _FAR and within >= _MESH))


def _home_half(seconds: Matrix, groups: Groups, *, single: bool) -> Groups | None:
    """Socket of each group where half of the groups are near each other and the others near none; else None.

    Args:
        seconds: Round trips between cores [s].
        groups: Group of each core.
        single: The groups are single cores, whose noise asks for a clearer effect.
    """
    count = int(groups.max()) + 1
    small = float(np.median(np.bincount(groups))) <= _SMALL
    if count < 4 or count % 2 or (not single and small and count < 6):
        return None
    between = seconds if single else _between_groups(seconds, groups)
    near = _half(between)
    if near is None:
        return None
    inside, outside = between[np.ix_(near, near)], between[np.ix_(near, ~near)]
    rest = between[np.ix_(~near, ~near)]
    each = middle(outside, axis=1) >= _HOME_EACH * middle(inside, axis=1)
    found = bool(each.all() and middle(outside) >= _HOME * middle(inside) and middle(rest) >= 0.75 * middle(outside))
    if single:
        found = found and bool(np.nanmax(inside) * _HOME_SINGLE < min(np.nanmin(outside), np.nanmin(rest)))
    return np.where(near, near[0], ~near[0]).astype(np.intp) ^ 1 if found else None


def _half(between: Matrix) -> NDArray[np.bool_] | None:
    """The members of a cluster of exactly half of the items, if there is one."""
    members = {i: [i] for i in range(len(between))}
    for _, first, second in joins(np.log(between)):
        members[first] += members.pop(second)
        if 2 * len(members[first]) == len(between):
            near = np.zeros(len(between), dtype=bool)
            near[members[first]] = True
            return near
    return None


def _between_groups(seconds: Matrix, groups: Groups) -> Matrix:
    """Median round trip between groups [s], NaN on the diagonal."""
    rows = to_groups(seconds, groups)
    found = np.stack([middle(rows[groups == g], axis=0) for g in range(int(groups.max()) + 1)])
    np.fill_diagonal(found, np.nan)
    return found
