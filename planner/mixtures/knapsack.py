"""Most throughput from c cores in at most m instances of any sizes: dynamic programming.

Equation: F(c, m) = max over sizes k of F(c - k, m - 1) + x(k), x(k) the throughput of one instance of k cores.
Exact for instances that do not disturb each other; coupling is the caller's.
Cost: sizes x cores without a bound on instances, times the bound with one; vectorised.
When not to use it: where instances of one size differ.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record

# Cores whose sums are made at once: they need no sizes beyond the last of them.
_AT_ONCE = 64
# Throughputs this close are one.
_ALIKE = 1e-12

Whole = npt.NDArray[np.int64]


class Table(Record, kw_only=False):
    """Best throughput and how it is reached.

    Attributes:
        best: F, shape (instances + 1, cores + 1); one row for "any number" when there is no bound.
        choice: Size of one instance of the best split, 0 for none.
    """

    best: Array
    choice: Whole

    @property
    def most(self) -> int:
        """Largest number of instances of a row; 0 for the only row without bound."""
        return self.best.shape[0] - 1

    @cached_property
    def rows(self) -> list[list[float]]:
        """``best`` as lists, in which one number is found sooner than in an array."""
        found: list[list[float]] = self.best.tolist()
        return found

    def split(self, cores: int, instances: int) -> tuple[int, ...]:
        """Sizes of the best split of at most so many cores and instances, largest first."""
        found = []
        row = self.choice[instances].tolist()
        while (size := row[cores]) > 0:
            found.append(size)
            cores -= size
            if instances:
                instances -= 1
                row = self.choice[instances].tolist()
        return tuple(sorted(found, reverse=True))


def table(rates: Array, cores: int, instances: int | None) -> Table:
    """The table for one workload.

    Args:
        rates: x(k) for k = 1, 2, ...: shape (sizes,).
        cores: Most cores.
        instances: Most instances, None for no bound.
    """
    sizes = min(rates.size, cores)
    if instances is None or instances >= cores:
        return _without_bound(rates[:sizes], cores)
    best = np.zeros((instances + 1, cores + 1))
    choice = np.zeros((instances + 1, cores + 1), dtype=np.int64)
    backwards = rates[:sizes][::-1]
    for m in range(1, instances + 1):
        padded = np.concatenate([np.full(sizes, -np.inf), best[m - 1]])
        # entry (c, i) is F(c - sizes + i, m - 1), so size k is column sizes - k
        windows = np.lib.stride_tricks.sliding_window_view(padded[:-1], sizes)
        column, taken = np.empty(cores + 1, dtype=np.int64), np.empty(cores + 1)
        for start in range(0, cores + 1, _AT_ONCE):
            stop = min(start + _AT_ONCE, cores + 1)
            beyond = max(0, sizes - stop)
            gains = windows[start:stop, beyond:] + backwards[beyond:]
            largest = gains.argmax(axis=1)
            taken[start:stop] = gains[np.arange(stop - start), largest]
            column[start:stop] = largest + beyond
        better = taken > best[m - 1]
        best[m] = np.where(better, taken, best[m - 1])
        choice[m] = np.where(better, sizes - column, 0)
        _inherit(best, choice, m)
    return Table(best, choice)


def _inherit(best: Array, choice: Whole, m: int) -> None:
    """Where one instance more does not help, keep the choice of the row before; idle cores may help too."""
    same = choice[m] == 0
    choice[m][same] = choice[m - 1][same]
    highest = np.maximum.accumulate(best[m])
    reached = np.maximum.accumulate(np.where(best[m] >= highest, np.arange(best.shape[1]), 0))
    best[m], choice[m] = highest, choice[m][reached]


def _without_bound(rates: Array, cores: int) -> Table:
    best = np.zeros((1, cores + 1))
    choice = np.zeros((1, cores + 1), dtype=np.int64)
    for c in range(1, cores + 1):
        sizes = min(c, rates.size)
        gains = best[0, c - sizes : c][::-1] + rates[:sizes]
        # Of sizes that are alike but for rounding, the smallest.
        size = int((gains >= gains.max() * (1.0 - _ALIKE)).argmax()) + 1
        best[0, c], choice[0, c] = gains[size - 1], size
        if best[0, c] < best[0, c - 1]:
            best[0, c], choice[0, c] = best[0, c - 1], choice[0, c - 1]
    return Table(best, choice)
