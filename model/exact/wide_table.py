"""One shared single server and instances too large for plain tables: the same quadrature, on logarithms.

Models: as ``model.exact.tables.SharedQueue``, for instances whose constants leave the range of a double.
Equations: those of ``SharedQueue``; the sums are ``wide_kernel``'s.
Assumptions: local constants fit a long double, as they do up to some 4096 threads of a collapsing lock.
When not to use it: for small instances, which a plain table answers without a compiler.
Source: McKenna and Mitra, Journal of the ACM 31 (1984), for the integral.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cerberus_plan.model.exact.quadrature import laguerre
from cerberus_plan.model.exact.tables import LocalTable, Splits, by_name
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.record import Record

Whole = np.ndarray[Any, np.dtype[np.int64]]

# Quadratures are made for totals in this ratio; a split uses the next larger one.
_LADDER = 1.5


class WideSharedQueue(Record, kw_only=False):
    """One shared single server, on logarithms."""

    local: LocalTable
    splits: Splits
    queue: Queue

    def throughput(self) -> Array:
        """Cycles per second: shape (splits, draws)."""
        rate = self._mean(self.local.constants, fewer=1)
        return self.splits.vms[:, None] * rate / self.local.unit

    def occupancy(self, local: tuple[Station, ...], shared: tuple[Station, ...]) -> dict[str, Array]:  # noqa: ARG002
        """Mean customers by station name under the first draw: shape (splits,) each."""
        lengths = [self.splits.vms * self._mean(self.local.lengths(i))[:, 0] for i in range(len(self.local.queueing))]
        found = by_name(self.throughput()[:, 0], lengths, local, self.local.queueing)
        rest = self.splits.vms * self.splits.threads - sum(found.values())
        found[self.queue.name] = found.get(self.queue.name, 0.0) + rest
        return found

    def _mean(self, other: Array, fewer: int = 0) -> Array:
        """Mean of another polynomial over the instance's own: shape (splits, draws)."""
        from cerberus_plan.model.exact.wide_kernel import mean_ratios  # loads the compiler

        constants = self.local.constants
        size = self.splits.threads.astype(np.int64)
        demand = np.atleast_2d(np.asarray(self.queue.demand, dtype=np.float64)) / self.local.unit
        shape = (size.size, max(constants.shape[0], other.shape[0], demand.shape[1]))
        rows = np.broadcast_to(constants, (shape[1], constants.shape[1]))
        others = np.broadcast_to(other, rows.shape)
        head = (others[:, size - fewer] / rows[:, size]).astype(np.float64).T
        ladder, starts, nodes, log_weights = self._quadratures()
        scratch = np.empty((3, max(int(size.max()), nodes.size) + 2))
        found = np.empty(shape)
        mean_ratios(
            _steps(rows),
            _steps(others),
            np.ascontiguousarray(head),
            fewer,
            self.splits.vms.astype(np.int64),
            size,
            np.ascontiguousarray(np.broadcast_to(demand, shape)),
            ladder,
            starts,
            nodes,
            log_weights,
            scratch,
            found,
        )
        return found

    def _quadratures(self) -> tuple[Whole, Whole, Array, Array]:
        """Which quadrature each split uses, where each starts, and nodes and logarithms of weights of all."""
        total = self.splits.vms * self.splits.threads
        rungs = math.ceil(math.log(total.max() / total.min()) / math.log(_LADDER)) + 1
        totals = [int(np.ceil(total.max() / _LADDER**rung)) for rung in range(rungs)]
        made = [laguerre(most // 2 + 1) for most in totals]
        starts = np.cumsum([0, *(nodes.size for nodes, _ in made)])
        ladder = np.array([max(rung for rung, most in enumerate(totals) if most >= n) for n in total.tolist()])
        return ladder, starts, np.concatenate([nodes for nodes, _ in made]), np.concatenate([logs for _, logs in made])


def _steps(constants: Array) -> Array:
    """Each constant over the next: shape (draws, populations - 1)."""
    return np.ascontiguousarray((constants[:, :-1] / constants[:, 1:]).astype(np.float64))
