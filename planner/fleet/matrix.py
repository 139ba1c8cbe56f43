"""The integer program of a fleet as the matrix that a solver takes: one matrix for every question asked of it.

Models: the equations of ``program``. A workload that must survive losses has one case for each threshold a, of which
one is chosen, and each case has machines of its own: x[i,w] = sum_a x[i,w,a], x[i,w,a] <= n[i] z[a], sum_a z[a] = 1,
sum_i x[i,w,a] min(r, a) >= t[a] + k a z[a], sum_a t[a] = t. That is the convex hull of the choice: bounds of the
relaxed program stay close, where one row with a large constant for each threshold leaves them far away.
Three more kinds of variables are nothing in a plan: ``short``, what a workload lacks of its rate, ``lack``, machines it
lacks of its spread, and ``extra``, machines bought of each type. Which of them may move, and what is smallest, tells
the questions apart: bounds and objective, not rows.
Assumptions: of more than twelve different loads of a workload twelve are thresholds; answers keep their rates then too,
but a cheaper one may exist.
When not to use it: to read an answer; ``program`` does.
Source: Balas, Disjunctive programming, Annals of Discrete Mathematics 5 (1979), for the convex hull.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cerberus_plan.model.distinct import distinct
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record

if TYPE_CHECKING:
    from cerberus_plan.planner.fleet.choice import Program

# Loads closer than this are one threshold of survival.
_ALIKE = 1e-9
_MOST_THRESHOLDS = 12
Places = np.ndarray[Any, np.dtype[np.int64]]


class Variables(Record):
    """Where each kind of variable stands; -1 where there is none.

    Attributes:
        owner: Workload of each case.
        threshold: Threshold of each case, infinite for a workload that need not survive anything.
        whole: Of x: shape (types, cases).
        part: Of h, likewise.
        chosen: Of z: (cases,), -1 for a sole case.
        short: Lacking share of the rate in each case.
        reached: Of t in each case.
        shared: Of s: (types,).
        extra: Machines bought of each type.
        lack: Lacking machines of each workload.
        level: Of t.
        total: Number of variables.
    """

    owner: Places
    threshold: Array
    whole: Places
    part: Places
    chosen: Places
    short: Places
    reached: Places
    shared: Places
    extra: Places
    lack: Places
    level: int
    total: int

    def cases(self, workload: int) -> list[int]:
        """Its cases."""
        return np.flatnonzero(self.owner == workload).tolist()


class _Numbering:
    """Hands out places."""

    def __init__(self) -> None:
        self.total = 0

    def of(self, wanted: Any) -> Places:
        """A place for each entry that is true."""
        chosen = np.asarray(wanted, dtype=bool)
        found = np.full(chosen.shape, -1, dtype=np.int64)
        found[chosen] = np.arange(self.total, self.total + int(chosen.sum()))
        self.total += int(chosen.sum())
        return found


def variables_of(program: Program) -> Variables:
    """Number the variables that can be other than zero."""
    pairs = [(w, threshold) for w in range(len(program.survive)) for threshold in _thresholds(program, w)]
    owner = np.array([w for w, _ in pairs], dtype=np.int64)
    threshold = np.array([value for _, value in pairs])
    sharing = program.parts > 1
    numbers = _Numbering()
    part = numbers.of((program.part[:, owner] > 0.0) & sharing)
    return Variables(
        owner=owner,
        threshold=threshold,
        part=part,
        whole=numbers.of(program.whole[:, owner] > 0.0),
        chosen=numbers.of(np.isfinite(threshold)),
        reached=numbers.of(np.isfinite(threshold)),
        short=numbers.of(np.ones(owner.size)),
        shared=numbers.of((part >= 0).any(axis=1)),
        extra=numbers.of(np.ones(len(program.counts))),
        lack=numbers.of(np.ones(len(program.survive))),
        level=int(numbers.of(np.ones(1))[0]),
        total=numbers.total,
    )


def _thresholds(program: Program, w: int) -> list[float]:
    """Different loads, ascending; the larger of those that are alike, so that no loss is made too small.

    The first is 0, where everything is lost: it is what is left where no rate can be kept.
    """
    if not program.survive[w]:
        return [np.inf]
    loads = np.concatenate([program.whole[:, w], program.part[:, w]])
    found = [0.0]
    for load in np.sort(loads[loads > 0.0]).tolist():
        if load <= found[-1] * (1.0 + _ALIKE):
            found[-1] = load
        else:
            found.append(load)
    if len(found) <= _MOST_THRESHOLDS + 1:
        return found
    kept = np.rint(np.linspace(1, len(found) - 1, _MOST_THRESHOLDS)).astype(int)
    return [0.0, *(found[n] for n in kept)]


class Matrix:
    """Rows of a sparse matrix with their bounds, as they are added."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._places: list[tuple[int, int, float]] = []
        self._low: list[float] = []
        self._high: list[float] = []

    def add(self, entries: Sequence[tuple[int, float]], *, low: float = -np.inf, high: float = np.inf) -> None:
        """A row; entries whose place is -1 are variables that do not exist."""
        row = len(self._low)
        self._places += [(row, int(place), value) for place, value in entries if place >= 0 and value != 0.0]
        self._low.append(low)
        self._high.append(high)

    def constraint(self) -> Any:
        """What ``scipy.optimize.milp`` takes."""
        from scipy.optimize import LinearConstraint
        from scipy.sparse import csc_array

        rows, columns, values = (np.array(column) for column in zip(*self._places, strict=True))
        shape = (len(self._low), self._columns)
        return LinearConstraint(csc_array((values, (rows, columns)), shape=shape), self._low, self._high)


def rows_of(program: Program, at: Variables, *, stricter: Array, most_level: float, most_machines: Array) -> Matrix:
    """All rows but those on cost.

    Args:
        program: The program.
        at: Where its variables stand.
        stricter: Factor on each rate, 1 unless a solver's tolerance has to be made up for.
        most_level: The level is never above this.
        most_machines: Machines of each type, with those that may be bought.
    """
    matrix = Matrix(at.total)
    _machines(matrix, program, at)
    for w in range(len(program.survive)):
        cases = at.cases(w)
        for case in cases:
            _rate(matrix, program, at, case, stricter=float(stricter[w]))
        if program.survive[w]:
            _choice(matrix, at, cases, most_level=most_level, most_machines=most_machines)
        taken = [(place, 1.0) for c in cases for place in (*at.whole[:, c], *at.part[:, c])]
        matrix.add([*taken, (at.lack[w], 1.0)], low=program.least[w])
    return matrix


def _machines(matrix: Matrix, program: Program, at: Variables) -> None:
    """Machines there are, and what fits on those that are shared."""
    labels = np.array(program.groups)[at.owner]
    for i, count in enumerate(program.counts):
        taken = [(place, 1.0) for place in (*at.whole[i], at.shared[i])]
        matrix.add([*taken, (at.extra[i], -1.0)], high=count)
        if at.shared[i] < 0:
            continue
        matrix.add([*((place, 1.0) for place in at.part[i]), (at.shared[i], -float(program.parts))], high=0.0)
        for label in distinct(labels):
            members = [(place, 1.0) for place in at.part[i, labels == label]]
            matrix.add([*members, (at.shared[i], -1.0)], high=0.0)


def _rate(matrix: Matrix, program: Program, at: Variables, case: int, *, stricter: float) -> None:
    """What a workload's machines carry in a case reaches its level and, beside it, what may be lost."""
    w, threshold = int(at.owner[case]), float(at.threshold[case])
    sole = at.chosen[case] < 0
    carried = [
        *zip(at.whole[:, case], np.minimum(program.whole[:, w], threshold), strict=True),
        *zip(at.part[:, case], np.minimum(program.part[:, w], threshold), strict=True),
        (at.short[case], 1.0),
        (at.level if sole else at.reached[case], -stricter),
    ]
    if not sole:
        carried.append((at.chosen[case], -program.survive[w] * threshold))
    matrix.add(carried, low=0.0)


def _choice(matrix: Matrix, at: Variables, cases: Sequence[int], *, most_level: float, most_machines: Array) -> None:
    """One case is chosen; the others have no machines and no level."""
    matrix.add([(at.chosen[c], 1.0) for c in cases], low=1.0, high=1.0)
    matrix.add([*((at.reached[c], 1.0) for c in cases), (at.level, -1.0)], low=0.0, high=0.0)
    for c in cases:
        matrix.add([(at.reached[c], 1.0), (at.chosen[c], -most_level)], high=0.0)
        for i, most in enumerate(most_machines):
            for place in (at.whole[i, c], at.part[i, c]):
                if place >= 0:
                    matrix.add([(place, 1.0), (at.chosen[c], -most)], high=0.0)


def spent(program: Program, at: Variables) -> Iterator[tuple[int, float]]:
    """What each variable adds to the cost."""
    for i, price in enumerate(program.prices):
        for place in (*at.whole[i], at.shared[i]):
            if place >= 0:
                yield int(place), price


def spent_on(program: Program, at: Variables, w: int) -> Iterator[tuple[int, float]]:
    """What each variable adds to the cost of one workload, a part its share of a machine."""
    for i, price in enumerate(program.prices):
        for case in at.cases(w):
            yield int(at.whole[i, case]), price
            yield int(at.part[i, case]), price / program.parts
