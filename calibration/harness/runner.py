"""Run cases in random order, round by round, and keep every batch.

Each round visits all cases in a fresh random order, so a slow phase of the machine falls on all cases alike.
Counting loops are sized first: the best of three tries sets the operations of a batch, and a batch off by more
than a factor two sets them anew. Cases left with too few clean batches get more rounds, up to twice as many.

The runner knows no primitive and no clock: it is given a function that runs one batch. Source: the procedure
of pyperf and criterion, with random interleaving of all cases.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.case import Batch, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: Fewer clean batches than this are no result.
ENOUGH_CLEAN = 5
#: Rounds that are run even when time is out.
FEWEST_ROUNDS = 2
_SIZING_ROUND = -1
_LARGEST_COUNT = 100_000_000


def wanted_count(case: Case, batch: Batch) -> int:
    """Operations that would make a batch of the wanted duration at this batch's speed."""
    return max(1, min(_LARGEST_COUNT, round(batch.count * case.batch_s / max(batch.wall_s, 1e-9))))


def find_count(case: Case, execute: Callable[[Case, int, int], Batch], keep: Callable[[Batch], None]) -> int:
    """Operations of a batch: grow until a batch is long enough to judge, then take the best of three.

    One bad first sample would otherwise leave a handful of operations for the whole run.
    """
    count = case.count
    if case.deadline:
        keep(execute(case, count, _SIZING_ROUND))  # touches memory and warms caches
        return count
    while True:
        batch = execute(case, count, _SIZING_ROUND)
        keep(batch)
        if batch.wall_s >= case.batch_s / 8.0 or count >= _LARGEST_COUNT:
            break
        count = min(_LARGEST_COUNT, max(2 * count, min(wanted_count(case, batch), 10 * count)))
    tries = [batch]
    for _ in range(2):
        tries.append(execute(case, count, _SIZING_ROUND))
        keep(tries[-1])
    return wanted_count(case, min(tries, key=lambda b: b.wall_s))


class Runner:
    """Measures cases in rounds.

    Args:
        execute: Runs one batch: (case, count, round) -> Batch.
        keep: Receives every batch, sizing included.
        seed: Seed of the random order.
        may_go_on: Asked before each round whether there is time for another one.
        sizes: Operations of a batch by case, as found by an earlier process; such cases are only warmed up.
    """

    def __init__(
        self,
        *,
        execute: Callable[[Case, int, int], Batch],
        keep: Callable[[Batch], None],
        seed: int,
        may_go_on: Callable[[], bool] = lambda: True,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self._may_go_on = may_go_on
        self._execute = execute
        self._keep = keep
        self._random = random.Random(seed)  # noqa: S311 - an order, not a secret
        self._counts: dict[str, int] = dict(sizes or {})
        self._clean: dict[str, int] = {}

    def size(self, cases: Sequence[Case]) -> None:
        """Find the operations of each case's batches."""
        for case in cases:
            if case.name in self._counts:
                self._keep(self._execute(case, self._counts[case.name], _SIZING_ROUND))
            else:
                self._counts[case.name] = find_count(case, self._execute, self._keep)

    @property
    def sizes(self) -> dict[str, int]:
        """Operations of a batch by case, as they are now."""
        return dict(self._counts)

    @staticmethod
    def expected(cases: Sequence[Case], *, rounds: int) -> int:
        """Batches that a run will take if none has to be repeated; sizing is counted with four a case."""
        return sum((1 if case.deadline else 4) - (-rounds // case.every) for case in cases)

    def run(self, cases: Sequence[Case], *, rounds: int) -> None:
        """Run ``rounds`` rounds, then up to as many again for cases short of clean batches, while there is time."""
        self.size(cases)
        self._clean = {case.name: 0 for case in cases}
        for number in range(rounds):
            if number >= FEWEST_ROUNDS and not self._may_go_on():
                return
            self.run_round([case for case in cases if number % case.every == 0], number)
        for number in range(rounds, 2 * rounds):
            short = [case for case in cases if self._clean[case.name] < min(ENOUGH_CLEAN, -(-rounds // case.every))]
            if not short or not self._may_go_on():
                break
            self.run_round(short, number)

    def run_round(self, cases: Sequence[Case], number: int) -> None:
        """Run each case once, in random order, as round ``number``; ``size`` must have seen the cases."""
        for case in self._random.sample(list(cases), len(cases)):
            batch = self._execute(case, self._counts[case.name], number)
            self._keep(batch)
            self._clean[case.name] = self._clean.get(case.name, 0) + batch.clean
            off = batch.wall_s / case.batch_s
            if batch.clean and not case.deadline and not 0.5 <= off <= 2.0:
                self._counts[case.name] = wanted_count(case, batch)
