"""Latencies of pairs of CPUs as a symmetric matrix: 8 bytes a cell where a dictionary takes 200 a pair.

Convention: one entry a pair (a, b) with a < b, as everywhere in a profile; NaN marks a pair that was not measured.
When not to use it: for latencies that differ by direction; the two directions of a pair are averaged on reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class LatencyMatrix(Mapping[tuple[int, int], float]):
    """Round trips of pairs of CPUs [s], read like a dictionary.

    Attributes:
        cpus: The operating system's numbers of the CPUs, ascending.
        seconds: Round trip between the CPUs at two places of ``cpus``; symmetric, NaN where not measured.
    """

    def __init__(self, cpus: Sequence[int], seconds: NDArray[np.float64]) -> None:
        order = np.argsort(cpus, kind="stable")
        self.cpus = tuple(int(cpus[i]) for i in order)
        self.seconds = seconds[np.ix_(order, order)]
        np.fill_diagonal(self.seconds, np.nan)
        self._place = {cpu: i for i, cpu in enumerate(self.cpus)}

    @classmethod
    def of(cls, latency: Mapping[tuple[int, int], float]) -> LatencyMatrix:
        """The matrix of a mapping; the same object when it is one already."""
        if isinstance(latency, cls):
            return latency
        cpus = sorted({cpu for pair in latency for cpu in pair})
        place = {cpu: i for i, cpu in enumerate(cpus)}
        seconds = np.full((len(cpus), len(cpus)), np.nan)
        for (a, b), value in latency.items():
            seconds[place[a], place[b]] = seconds[place[b], place[a]] = value
        return cls(cpus, seconds)

    def __getitem__(self, pair: tuple[int, int]) -> float:
        a, b = pair
        if a >= b or a not in self._place or b not in self._place:
            raise KeyError(pair)
        value = float(self.seconds[self._place[a], self._place[b]])
        if np.isnan(value):
            raise KeyError(pair)
        return value

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for i, a in enumerate(self.cpus):
            for j in np.flatnonzero(~np.isnan(self.seconds[i, i + 1 :])):
                yield a, self.cpus[i + 1 + int(j)]

    def triples(self) -> Iterator[tuple[int, int, float]]:
        """CPUs and round trip [s] of each pair, ascending: a row at a time, without a look-up for each."""
        for i, a in enumerate(self.cpus):
            row = self.seconds[i, i + 1 :]
            known = np.flatnonzero(~np.isnan(row))
            for j, value in zip(known.tolist(), row[known].tolist(), strict=True):
                yield a, self.cpus[i + 1 + j], value

    def __len__(self) -> int:
        return int(np.count_nonzero(~np.isnan(self.seconds))) // 2


def middle(values: NDArray[np.float64], axis: int | None = None) -> NDArray[np.float64]:
    """Median of the known values along an axis, NaN where none is known.

    Of two middle values the lower: disturbances only lengthen, and a core in a cache of three has two neighbours.
    """
    along = 0 if axis is None else axis
    ordered = np.sort(values.ravel() if axis is None else values, axis=along)  # NaN sorts last
    known = np.count_nonzero(~np.isnan(ordered), axis=along, keepdims=True)
    return np.squeeze(np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, axis=along), axis=along)
