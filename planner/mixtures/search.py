"""Searches the best allocation of cores to instances: programmes for several waits, then small changes, judged exactly.

Method: see ``allocate``. Every allocation is evaluated exactly by ``mixture``; the programmes only propose.
When not to use it: directly; ``allocate`` sets its targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.planner.mixtures.bounds import Bounds
from cerberus_plan.planner.mixtures.instance_curves import Curves
from cerberus_plan.planner.mixtures.knapsack import Table, table
from cerberus_plan.planner.mixtures.mixture import Allocation, Mixture
from cerberus_plan.planner.mixtures.sharing import share
from cerberus_plan.planner.plan import Constraints

# Residence at the shared stations over their demand, as tried: from nobody waits to everybody does.
_WAITS = (1.0, 2.0, 5.0, 15.0, 60.0)
# Shares of the cores tried where instances share a station, and the step to smaller ones down to a few cores: what
# collapses at thirty cores does so on a machine of two thousand, too.
_PARTS, _STEP = (1.0, 0.75, 0.5, 0.3, 0.15, 0.06), 0.5
# Exact evaluations spent on improving the best allocation; they cost more on larger machines.
_TRIES_SMALL, _TRIES_LARGE, _SMALL = 400, 60, 64


def search(
    programmes: Programmes, targets: Sequence[float], chosen: Sequence[int]
) -> tuple[Allocation, tuple[float, ...]]:
    """The best allocation to the chosen workloads of a mixture and the throughput of each of them."""
    mixture = programmes.mixture.of(chosen)
    bounds = Bounds.of(mixture, programmes.constraints)
    curves = programmes.curves
    coupled, counted = any(curves.coupled[w] for w in chosen), any(curves.counted[w] for w in chosen)
    judge = _Judge(mixture, targets)
    # fewer cores can be faster where a shared lock collapses, which curves of one instance cannot know
    sizes = _sizes(bounds.cores, least=4 * len(chosen)) if coupled else [bounds.cores]
    for wait in _WAITS if coupled else _WAITS[:1]:
        # some systems' messages depend on the number of instances: the second turn uses the first one's
        for _ in range(2 if counted else 1):
            tables = [programmes.table(chosen[w], wait, judge.instances, bounds.rows(w)) for w in bounds.order]
            for cores in sizes:
                shared = share(tables, [targets[w] for w in bounds.order], bounds.budget(cores))
                if shared is not None:
                    judge.consider(tuple(shared[bounds.order.index(w)] for w in range(len(targets))))
    if judge.best is None:
        raise CannotAnswerError(
            f"{len(targets)} workloads do not fit the cores ({bounds.cores}) and instances ({bounds.instances}) "
            "given; allow more cores or instances"
        )
    if coupled or counted:
        _improve(judge, bounds)
    return judge.best, judge.rates


def _sizes(cores: int, least: int) -> list[int]:
    """Numbers of cores to try, the largest first."""
    parts = list(_PARTS)
    while cores * parts[-1] * _STEP >= least:
        parts.append(parts[-1] * _STEP)
    return list(dict.fromkeys(max(int(cores * part), 1) for part in parts))


class Programmes:
    """Tables of a mixture's workloads, each made once for all searches: alone and together they ask for the same.

    Attributes:
        mixture: All workloads.
        constraints: What the user allows.
        curves: Of all workloads.
    """

    def __init__(self, mixture: Mixture, constraints: Constraints) -> None:
        self.mixture = mixture
        self.constraints = constraints
        self.curves = Curves(mixture, Bounds.of(mixture, constraints).size)
        self._known: dict[tuple[int, int, int | None], Table] = {}

    def table(self, workload: int, wait: float, instances: int, rows: int | None) -> Table:
        """The table of a workload at a wait at the shared stations and a number of instances of all."""
        rates = self.curves.rates(workload, wait, instances)
        # The curves keep their arrays, so that one address is one array.
        key = workload, id(rates), rows
        if key not in self._known:
            self._known[key] = table(rates, self.constraints.usable, rows)
        return self._known[key]


class _Judge:
    """Evaluates allocations exactly and keeps the best: highest level, then highest sum."""

    def __init__(self, mixture: Mixture, targets: Sequence[float]) -> None:
        self._mixture = mixture
        self._targets = targets
        self._score = (-1.0, -1.0)
        self._seen: set[Allocation] = set()
        self.best: Allocation | None = None
        self.rates: tuple[float, ...] = ()
        self.instances = max(2, len(targets))

    @property
    def evaluations(self) -> int:
        return len(self._seen)

    def consider(self, allocation: Allocation) -> bool:
        """True when it is the best so far."""
        self.instances = sum(map(len, allocation))
        if allocation in self._seen:
            return False
        self._seen.add(allocation)
        rates = self._mixture.throughputs(allocation)
        levels = [rate / target for rate, target in zip(rates, self._targets, strict=True)]
        score = (min(levels), sum(levels))
        # a gain in the last digits is no reason to go on
        if score[0] > self._score[0] * (1.0 + 1e-9) or (
            score[0] >= self._score[0] * (1.0 - 1e-9) and score[1] > self._score[1] * (1.0 + 1e-9)
        ):
            self._score, self.best, self.rates = score, allocation, rates
            return True
        return False


def _improve(judge: _Judge, bounds: Bounds) -> None:
    """Exchange cores, split and merge instances while the exact evaluation gains."""
    budget = judge.evaluations + (_TRIES_SMALL if bounds.cores <= _SMALL else _TRIES_LARGE)
    improved = True
    while improved:
        improved = False
        assert judge.best is not None
        for neighbour in _neighbours(judge.best, bounds):
            if judge.evaluations >= budget:
                return
            if judge.consider(neighbour):
                improved = True
                break


def _neighbours(allocation: Allocation, bounds: Bounds) -> Iterator[Allocation]:
    """Allocations one change away: a core moved, taken up or dropped, an instance split, moved or two merged."""
    idle = bounds.cores - sum(map(sum, allocation))
    kinds = [(w, size) for w, split in enumerate(allocation) for size in sorted(set(split))]
    changes: list[list[tuple[int, int, int]]] = [[(*kind, 1)] for kind in kinds if idle]
    changes += [[(*kind, -1)] for kind in kinds]
    changes += [[(*a, -1), (*b, 1)] for a in kinds for b in kinds]
    changes += [[(*a, by), (*b, by)] for a in kinds for b in kinds for by in ((1, -1) if idle > 1 else (-1,))]
    changes += [[(w, 0, 1)] for w in range(len(allocation)) if idle]
    changes += [[(w, size, -(size // 2)), (w, 0, size // 2)] for w, size in kinds if size > 1]
    changes += [[(w, size, -1), (w, 0, 1)] for w, size in kinds if size > 2]
    changes += [[(w, size, -size), (v, 0, size)] for w, size in kinds for v in range(len(allocation)) if v != w]
    changes += [[(w, a, -a), (w, b, a)] for w, a in kinds for v, b in kinds if v == w]
    changes += [[(w, 0, idle)] for w in range(len(allocation)) if idle]
    for change in changes:
        found = _changed(allocation, change)
        if found is not None and bounds.allow(found):
            yield found


def _changed(allocation: Allocation, change: Sequence[tuple[int, int, int]]) -> Allocation | None:
    """The allocation with sizes changed: (workload, size before, difference); size 0 is a new instance."""
    splits = [list(split) for split in allocation]
    for w, size, _ in change:
        if size:
            if size not in splits[w]:
                return None
            splits[w].remove(size)
    for w, size, difference in change:
        if size + difference:
            splits[w].append(size + difference)
    return tuple(tuple(sorted(split, reverse=True)) for split in splits)
