"""Nests instances into the levels of a machine: sockets, NUMA nodes, L3 groups, cores with SMT siblings.

Minimised: the pairs of CPUs of one instance that are apart, added over the levels; a pair counts 2 / (k - 1) in an
instance of k, so that every instance counts with its vCPUs.
Method: ``packing`` of the outermost level, then of each of its groups in turn, then exchanges of two CPUs as long as
one helps. Proven best where every level reaches the bound of an empty machine (all splits that fit the levels), or
where the machine has one level and its packing is proven. Elsewhere the best found: tests hold it against
exhaustive search.
When not to use it: for machines whose levels do not nest; the result is valid there, but not near any optimum.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.placing.cutting import pairs
from cerberus_plan.planner.placing.packing import alone, pack

# Exchanges are tried up to this many CPUs: their number grows with the square.
_MOST_EXCHANGED = 128
_SLACK = 1e-9


def where(topology: Topology, i: int) -> tuple[int, ...]:
    """Sort key that puts neighbours next to each other."""
    return tuple(level[i] for level in (*_levels(topology), topology.cpus))


def nest(
    topology: Topology, positions: Sequence[int], split: tuple[int, ...], *, exact: bool = True
) -> tuple[list[list[int]], bool]:
    """Positions of the CPUs of each instance, and whether nothing can be better.

    Args:
        topology: Where the CPUs are.
        positions: Places in the topology's tuples of the CPUs that may be used.
        split: CPUs of each instance; together at most the usable ones.
        exact: Spend time on programmes and exchanges where best fit is not proven best.
    """
    owner: dict[int, int] = {}
    packed_best = _descend(topology, positions, dict(enumerate(split)), owner, _Task(split=split, exact=exact))
    levels = _distinct(topology, positions)
    bound = sum(alone(split, list(Counter(level).values()), _prices(split)) for level in levels)
    groups = _Groups(levels, positions, split, owner)
    if exact and groups.cost() > bound + _SLACK and len(levels) > 1 and len(positions) <= _MOST_EXCHANGED:
        groups.exchange()
    proven = groups.cost() <= bound + _SLACK or (len(levels) == 1 and packed_best)
    return [[i for i in positions if groups.owner.get(i) == v] for v in range(len(split))], proven


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """CPUs of each instance, and whether packings are to be exact."""

    split: tuple[int, ...]
    exact: bool


def _levels(topology: Topology) -> tuple[tuple[int, ...], ...]:
    return topology.sockets, topology.numa_nodes, topology.l3_groups, topology.cores


def _prices(split: Sequence[int]) -> list[float]:
    """A pair of one instance counts with its share of the instance's hand-overs, times the instance's vCPUs."""
    return [2.0 / max(size - 1, 1) for size in split]


def _distinct(topology: Topology, positions: Sequence[int]) -> list[tuple[int, ...]]:
    """Group of each position at every level that divides the machine in a way of its own."""
    found: dict[tuple[tuple[int, ...], ...], tuple[int, ...]] = {}
    for level in _levels(topology):
        keys = tuple(level[i] for i in positions)
        members: dict[int, list[int]] = defaultdict(list)
        for i, key in zip(positions, keys, strict=True):
            members[key].append(i)
        if 1 < len(members) < len(positions):
            found.setdefault(tuple(sorted(map(tuple, members.values()))), keys)
    return list(found.values())


def _descend(
    topology: Topology,
    positions: Sequence[int],
    parts: Mapping[int, int],
    owner: dict[int, int],
    task: _Task,
) -> bool:
    """Give the instances' parts their CPUs among ``positions``; True when every packing on the way is proven."""
    groups = next((found for level in _levels(topology) if len(found := _groups(level, positions)) > 1), None)
    if groups is None or not parts:
        ordered = iter(sorted(positions, key=topology.cpus.__getitem__))
        owner.update((next(ordered), v) for v, size in parts.items() for _ in range(size))
        return True
    rooms = _order(topology, groups, idle=len(positions) - sum(parts.values()))
    prices = _prices(task.split)
    weights = [prices[v] for v in parts]
    packing = pack(list(parts.values()), [len(room) for room in rooms], weights, exact=task.exact)
    proven = packing.proven
    for g, room in enumerate(rooms):
        inside = {v: row[g] for v, row in zip(parts, packing.rows, strict=True) if row[g]}
        proven &= _descend(topology, room, inside, owner, task)
    return proven


def _groups(level: Sequence[int], positions: Sequence[int]) -> list[list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for i in positions:
        found[level[i]].append(i)
    return list(found.values())


def _order(topology: Topology, groups: list[list[int]], *, idle: int) -> list[list[int]]:
    """Groups in order of their CPUs; where CPUs stay idle the first CPU's group is last, so that they are there.

    The first CPU takes the interrupts that nobody has moved.
    """
    groups.sort(key=lambda group: min(topology.cpus[i] for i in group))
    return groups[1:] + groups[:1] if idle else groups


class _Groups:
    """Who owns which CPU, and how many pairs that leaves apart."""

    def __init__(
        self,
        levels: Sequence[Sequence[int]],
        positions: Sequence[int],
        split: Sequence[int],
        owner: dict[int, int],
    ) -> None:
        self.positions = positions
        self.owner = owner
        self._split = split
        self._price = _prices(split)
        self._group_of = {i: tuple(level[n] for level in levels) for n, i in enumerate(positions)}
        # CPUs of each instance in each group of each level
        self._count = [Counter((v, self._group_of[i][n]) for i, v in owner.items()) for n in range(len(levels))]

    def cost(self) -> float:
        """Priced pairs apart, over all levels."""
        everything = sum(price * pairs(size) for price, size in zip(self._price, self._split, strict=True))
        return len(self._count) * everything - sum(
            self._price[v] * pairs(n) for count in self._count for (v, _), n in count.items()
        )

    def exchange(self) -> None:
        """Exchange owners of two CPUs while that lowers the cost."""
        while any(self._try(i, j) for i, j in self._couples()):
            pass

    def _couples(self) -> Iterator[tuple[int, int]]:
        for n, i in enumerate(self.positions):
            for j in self.positions[n + 1 :]:
                if self.owner.get(i) != self.owner.get(j) and self._group_of[i] != self._group_of[j]:
                    yield i, j

    def _try(self, i: int, j: int) -> bool:
        before = self._gain(i, j)
        if before <= _SLACK:
            return False
        self._move(i, j)
        return True

    def _gain(self, i: int, j: int) -> float:
        """What the exchange saves."""
        saved = 0.0
        for here, there in ((i, j), (j, i)):
            v = self.owner.get(here)
            if v is None:
                continue
            for count, old, new in zip(self._count, self._group_of[here], self._group_of[there], strict=True):
                if old != new:
                    saved += self._price[v] * (count[v, new] - count[v, old] + 1)
        return saved

    def _move(self, i: int, j: int) -> None:
        a, b = self.owner.pop(i, None), self.owner.pop(j, None)
        for v, old, new in ((a, i, j), (b, j, i)):
            if v is None:
                continue
            self.owner[new] = v
            for count, left, entered in zip(self._count, self._group_of[old], self._group_of[new], strict=True):
                count[v, left] -= 1
                count[v, entered] += 1
