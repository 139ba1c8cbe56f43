"""Cuts groups of CPUs into parts and builds instances from the parts, at the least price: an integer programme.

Equations: x_w groups cut in way w, y_b instances built in way b; for each part size, parts cut >= parts used;
minimise sum_b y_b price (C(k, 2) - sum over b's parts C(part, 2)).
Exact: groups of equal room and instances of equal size are interchangeable, so the programme is small and has no
symmetry; two parts of one instance that meet in one group only lower the price, and the joined part is a way of its
own. When not to use it: when best fit already reaches the bound (``packing`` asks first). Above
`MOST_WAYS` ways it gives no packing.
Source: Gilmore and Gomory (1961), configurations of the cutting-stock problem; solved by HiGHS in scipy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from cerberus_plan.planner.integer_program import solve_integer_program

_Name = TypeVar("_Name")
MOST_WAYS = 4000
_SECONDS = 5.0

Kind = tuple[int, float]  # size of an instance and price of a pair apart
Way = tuple[int, ...]  # parts, largest first
Rows = tuple[tuple[int, ...], ...]


def pairs(count: int) -> int:
    """Unordered pairs among ``count`` CPUs."""
    return count * (count - 1) // 2


def cut(sizes: Sequence[int], rooms: Sequence[int], prices: Sequence[float]) -> tuple[Rows | None, float]:
    """CPUs of each instance in each group, None when not found, and a price that no packing goes below."""
    groups = Counter(room for room in rooms if room)
    kinds = Counter((size, price) for size, price in zip(sizes, prices, strict=True) if size)
    biggest = max(size for size, _ in kinds)
    cuts = [(room, way) for room in groups for way in _partitions(room, min(room, biggest), room)]
    builds = [(kind, way) for kind in kinds for way in _partitions(kind[0], max(groups), groups.total())]
    if len(cuts) > MOST_WAYS or len(builds) > MOST_WAYS:
        return None, 0.0
    counts, bound = _solve(groups, kinds, cuts, builds)
    if counts is None:
        return None, bound
    used, made = counts[: len(cuts)], counts[len(cuts) :]
    return _assemble(sizes, rooms, prices, _repeat(cuts, used), _repeat(builds, made)), bound


def _repeat(ways: Sequence[tuple[_Name, Way]], counts: Sequence[int]) -> list[tuple[_Name, Way]]:
    return [way for way, count in zip(ways, counts, strict=True) for _ in range(count)]


@lru_cache(maxsize=1024)
def _partitions(total: int, largest: int, most_parts: int) -> tuple[Way, ...]:
    """Partitions of ``total`` into at most ``most_parts`` parts up to ``largest``; one more than allowed at most."""
    return tuple(islice(_generate(total, largest, most_parts), MOST_WAYS + 1))


def _generate(total: int, largest: int, most_parts: int) -> Iterator[Way]:
    if total == 0:
        yield ()
        return
    for first in range(min(total, largest), 0, -1):
        if first * most_parts < total:
            return
        for rest in _generate(total - first, first, most_parts - 1):
            yield (first, *rest)


def _solve(
    groups: Counter[int], kinds: Counter[Kind], cuts: list[tuple[int, Way]], builds: list[tuple[Kind, Way]]
) -> tuple[list[int] | None, float]:
    """How often each cut and build is used, and the proven bound."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint
    from scipy.sparse import lil_array

    rows = {name: row for row, name in enumerate([*groups, *kinds])}
    demand = np.array([*groups.values(), *kinds.values()], dtype=np.float64)
    first_part = demand.size - 1
    columns = [*cuts, *builds]
    matrix = lil_array((demand.size + max(groups), len(columns)))
    for column, (name, way) in enumerate(columns):
        matrix[rows[name], column] = 1
        for part, count in Counter(way).items():
            matrix[first_part + part, column] = count if column < len(cuts) else -count
    objective = [0.0] * len(cuts) + [kind[1] * (pairs(kind[0]) - sum(map(pairs, way))) for kind, way in builds]
    result = solve_integer_program(
        np.array(objective),
        LinearConstraint(
            matrix.tocsr(),
            np.concatenate([demand, np.zeros(max(groups))]),
            np.concatenate([demand, np.full(max(groups), np.inf)]),
        ),
        integrality=np.ones(len(columns), dtype=np.int64),
        bounds=Bounds(0, np.inf),
        seconds=_SECONDS,
    )
    bound = 0.0 if result.mip_dual_bound is None else float(result.mip_dual_bound)
    return (None if result.x is None else [round(x) for x in result.x]), bound


def _assemble(
    sizes: Sequence[int],
    rooms: Sequence[int],
    prices: Sequence[float],
    cuts: Sequence[tuple[int, Way]],
    builds: Sequence[tuple[Kind, Way]],
) -> Rows:
    """Hand the parts that groups were cut into to the instances built from them."""
    slots = _slots(rooms, cuts, Counter(part for _, way in builds for part in way))
    waiting: dict[Kind, list[int]] = {}
    for v, kind in enumerate(zip(sizes, prices, strict=True)):
        waiting.setdefault(kind, []).append(v)
    rows = [[0] * len(rooms) for _ in sizes]
    for kind, way in builds:
        v = waiting[kind].pop(0)
        for part in way:
            rows[v][slots[part].pop(0)] += part
    return tuple(tuple(row) for row in rows)


def _slots(rooms: Sequence[int], cuts: Sequence[tuple[int, Way]], needed: Counter[int]) -> dict[int, list[int]]:
    """Groups that offer a part of each size; those with parts that nobody needs are the last of their room."""
    spare = Counter(part for _, way in cuts for part in way)
    spare.subtract(needed)
    open_groups: dict[int, list[int]] = {}
    for g, room in enumerate(rooms):
        open_groups.setdefault(room, []).append(g)
    slots: dict[int, list[int]] = {}
    for room, way in sorted(cuts, key=lambda each: sum(part for part in each[1] if spare[part] > 0)):
        g = open_groups[room].pop(0)
        for part in way:
            slots.setdefault(part, []).append(g)
    return {part: sorted(found) for part, found in slots.items()}
