"""Packs instances into groups of CPUs so that as few pairs of their CPUs as possible are apart.

Models: one level of a machine (groups that share a cache, or NUMA nodes, or sockets) with room for c_g CPUs each,
and instances of k_v CPUs. Minimised: sum_v w_v (C(k_v, 2) - sum_g C(a_vg, 2)), a_vg CPUs of instance v in group g.
Method: best fit, largest instance first. If every instance then has its optimum on an empty machine, nothing can
be better: most even splits end here. Otherwise the integer programme of ``cutting`` decides.
When not to use it: for distances that are not levels of groups. ``bound`` says what is proven.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.planner.placing.cutting import cut, pairs

_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Who is where.

    Attributes:
        rows: CPUs of each instance (row) in each group (column).
        cost: Weighted pairs of CPUs of one instance in different groups.
        bound: No packing has a lower cost than this.
    """

    rows: tuple[tuple[int, ...], ...]
    cost: float
    bound: float

    @property
    def proven(self) -> bool:
        """True when no packing is better."""
        return self.cost <= self.bound * (1.0 + _SLACK) + _SLACK


def pack(
    sizes: Sequence[int], rooms: Sequence[int], weights: Sequence[float] | None = None, *, exact: bool = True
) -> Packing:
    """The best packing of instances of these sizes into groups with this room.

    Args:
        sizes: CPUs of each instance; 0 is allowed.
        rooms: CPUs of each group; what is left idle is left in the last ones.
        weights: Price of one pair apart, of each instance; 1 by default.
        exact: Ask the integer programme where best fit is not proven best.

    Raises:
        CannotAnswerError: More CPUs are asked for than there is room.
    """
    if sum(sizes) > sum(rooms):
        raise CannotAnswerError(f"instances need {sum(sizes)} CPUs, but only {sum(rooms)} may be used")
    prices = tuple(weights) if weights is not None else (1.0,) * len(sizes)
    rows = _best_fit(sizes, rooms)
    found = Packing(rows=rows, cost=_cost(rows, sizes, prices), bound=alone(sizes, rooms, prices))
    if found.proven or not exact:
        return found
    better, bound = cut(sizes, rooms, prices)
    bound = max(bound, found.bound)
    if better is not None and _cost(better, sizes, prices) < found.cost:
        return Packing(rows=better, cost=_cost(better, sizes, prices), bound=bound)
    return Packing(rows=found.rows, cost=found.cost, bound=bound)


def _cost(rows: Sequence[Sequence[int]], sizes: Sequence[int], prices: Sequence[float]) -> float:
    return sum(
        price * (pairs(size) - sum(pairs(part) for part in row))
        for row, size, price in zip(rows, sizes, prices, strict=True)
    )


def alone(sizes: Sequence[int], rooms: Sequence[int], prices: Sequence[float]) -> float:
    """Cost if each instance had the empty machine: the largest groups filled first majorise every other choice."""
    wide = sorted(rooms, reverse=True)
    total = 0.0
    for (size, price), count in Counter(zip(sizes, prices, strict=True)).items():
        left, together = size, 0
        for room in wide:
            part = min(left, room)
            together += pairs(part)
            left -= part
        total += count * price * (pairs(size) - together)
    return total


def _best_fit(sizes: Sequence[int], rooms: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Largest instance first; the tightest group that holds it, else whole groups first."""
    free = list(rooms)
    rows = [[0] * len(rooms) for _ in sizes]
    for v in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        left = sizes[v]
        while left:
            holding = [g for g, room in enumerate(free) if room >= left]
            if holding:
                g = min(holding, key=free.__getitem__)
            else:
                g = max(range(len(free)), key=free.__getitem__)
            part = min(left, free[g])
            rows[v][g] += part
            free[g] -= part
            left -= part
    return tuple(tuple(row) for row in rows)
