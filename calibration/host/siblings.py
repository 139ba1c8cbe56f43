"""Which CPUs are hardware threads of one core, from latencies alone.

Siblings share the first cache: a line passes between them in 4 to 17 ns one way, against 16 to 60 ns between cores
that share a last-level cache. A CPU has one sibling, so siblings are each other's nearest, by a step. Noise makes
mutual neighbours too, but neither with one numbering throughout (i with i + 1, or i with i + h) nor with all pairs
nearer than everything else: one of the two is asked for. Where a numbering holds, it also decides the few pairs that
a disturbance has hidden.

Assumption: two threads a core. When not to use it: for four or eight threads a core, which latencies do not tell from
a small cluster of cores; for cores that share the second cache (50 ns and more one way), which are no siblings.
Source of the latencies: https://github.com/KCORES/core-to-core-latency-plus, 50 machines.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from cerberus_plan.calibration.host.latency_matrix import middle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# The second nearest CPU is farther than the sibling by this factor at least.
_STEP = 1.12
# Round trips up to the first are of siblings; up to the second (slow clocks) only where the next CPU is not much
# farther: two cores at one second-level cache stand out more [s].
_SIBLINGS, _SLOW_SIBLINGS, _SLOW_STEP = 40e-9, 90e-9, 2.0
# Share of the mutual pairs that one numbering must explain, and share of its pairs seen before the rest is believed.
_EXPLAINED, _CONFIRMED = 0.8, 0.75
# Share of the CPUs in pairs: most of them; or, where second threads were not measured, fewer that stand out clearly;
# or, beside cores of one thread (hybrids), fewer still whose numbers follow one another.
_MOST, _SOME, _FEW, _CLEAR_STEP = 0.75, 0.3, 0.2, 1.5

Pair = tuple[int, int]


def sibling_pairs(cpus: Sequence[int], seconds: NDArray[np.float64]) -> list[Pair]:
    """Places of the CPUs of each pair of siblings; empty where the latencies do not show any.

    Args:
        cpus: Numbers of the CPUs, ascending.
        seconds: Round trips, NaN where unknown.
    """
    if len(cpus) < 4:
        return []
    distance = np.where(np.isnan(seconds), np.inf, seconds)
    pairs, steps = _mutual(distance)
    if len(pairs) < 2 or not _near_enough([float(distance[pair]) for pair in pairs], steps):
        return []
    numbered = _of_one_numbering(cpus, pairs)
    least = _MOST
    if float(np.median(steps)) >= _CLEAR_STEP:
        least = _FEW if _follow_one_another(numbered) else _SOME
    if len(numbered) >= _EXPLAINED * len(pairs) and 2 * len(numbered) >= least * len(cpus):
        return _completed(cpus, numbered, seconds)
    return pairs if _apart(distance, pairs) else []


def _mutual(distance: NDArray[np.float64]) -> tuple[list[Pair], list[float]]:
    """CPUs that are each other's nearest by a step, and that step."""
    near = np.argmin(distance, axis=1)
    first, second = np.partition(distance, 1, axis=1)[:, :2].T
    found, steps = [], []
    for i, j in enumerate(near.tolist()):
        if i < j and near[j] == i and np.isfinite(first[i]):
            step = float(min(second[i], second[j]) / first[i])
            if step >= _STEP:
                found.append((i, j))
                steps.append(step)
    return found, steps


def _near_enough(values: Sequence[float], steps: Sequence[float]) -> bool:
    """Whether these latencies are those of a shared first-level cache."""
    typical = float(np.median(values))
    return typical <= _SIBLINGS or (typical <= _SLOW_SIBLINGS and float(np.median(steps)) <= _SLOW_STEP)


def _scheme(cpus: Sequence[int], pair: Pair) -> tuple[int, int]:
    """How a pair is numbered: the difference, and for neighbours whether the first is even."""
    offset = cpus[pair[1]] - cpus[pair[0]]
    return offset, cpus[pair[0]] % 2 if offset == 1 else 0


def _of_one_numbering(cpus: Sequence[int], pairs: Sequence[Pair]) -> list[Pair]:
    schemes = Counter(_scheme(cpus, pair) for pair in pairs)
    commonest, _ = schemes.most_common(1)[0]
    return [pair for pair in pairs if _scheme(cpus, pair) == commonest]


def _follow_one_another(pairs: Sequence[Pair]) -> bool:
    """Whether these are pairs of neighbours with few gaps between them."""
    (first, second), (last, _) = pairs[0], pairs[-1]
    return second == first + 1 and len(pairs) >= _CONFIRMED * ((last - first) // 2 + 1)


def _completed(cpus: Sequence[int], pairs: Sequence[Pair], seconds: NDArray[np.float64]) -> list[Pair]:
    """The pairs, and those of the same numbering that a disturbance hid: not farther apart than CPUs usually are."""
    offset, odd = _scheme(cpus, pairs[0])
    place = {cpu: i for i, cpu in enumerate(cpus)}
    taken = {i for pair in pairs for i in pair}
    missing = [
        (i, place[cpu + offset])
        for i, cpu in enumerate(cpus)
        if cpu + offset in place and not {i, place[cpu + offset]} & taken and (offset != 1 or cpu % 2 == odd)
    ]
    if len(pairs) < _CONFIRMED * (len(pairs) + len(missing)):
        # beyond the pairs may be cores of one thread: only gaps between neighbours are sure
        missing = [pair for pair in missing if offset == 1 and pairs[0] < pair < pairs[-1]]
    usual = middle(seconds, axis=1)
    found = list(pairs)
    for i, j in missing:
        if not {i, j} & taken and not seconds[i, j] > 0.95 * min(usual[i], usual[j]):
            found.append((i, j))
            taken |= {i, j}
    return sorted(found)


def _apart(distance: NDArray[np.float64], pairs: Sequence[Pair]) -> bool:
    """Whether nearly all CPUs are paired, and every pair is nearer than any two CPUs of different pairs."""
    if 2 * len(pairs) < 0.9 * len(distance):
        return False
    rest = distance.copy()
    for i, j in pairs:
        rest[i, j] = rest[j, i] = np.inf
    return bool(max(distance[pair] for pair in pairs) * _STEP < rest.min())
