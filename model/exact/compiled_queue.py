"""One shared single server under many draws: what ``queue_kernel`` needs, gathered.

Models: as ``model.exact.tables.SharedQueue``. A split uses a quadrature of little more nodes than its own threads need.
When not to use it: directly; ``model.exact.splits`` knows when it pays.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cerberus_plan.model.exact.quadrature import laguerre
from cerberus_plan.model.exact.queue_kernel import Whole, rates
from cerberus_plan.model.exact.tables import LARGE_NODE, Splits, delays, node_powers, service_times
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.record import Record

# Quadratures are made for totals in this ratio; a split uses the next larger one.
_LADDER = 1.3


class _Nodes(Record, kw_only=False):
    """Quadratures of some splits, as ``queue_kernel.rates`` takes them."""

    vms: Whole
    threads: Whole
    ladder: Whole
    starts: Whole
    scale: Array
    roots: Array
    work: tuple[int, int]
    most: int


def throughput(local: tuple[Station, ...], queue: Queue, splits: Splits, n_draws: int) -> Array | None:
    """Cycles per second: shape (splits, draws); None where a node's powers leave the range of a double.

    Args:
        local: Stations of one instance, alike in all splits.
        queue: The shared single server.
        splits: The splits.
        n_draws: Number of draws.
    """
    made = _nodes(splits.vms.astype(np.int64).tobytes(), splits.threads.astype(np.int64).tobytes())
    if made is None:
        return None
    rows = [service_times(station, made.most) for station in local if not isinstance(station, Delay)]
    times = rows[0][None] if len(rows) == 1 else _stacked(rows, made.most)
    demand = np.asarray(queue.demand, dtype=np.float64)
    found = np.empty((splits.vms.size, n_draws))
    rates(
        delays(local),
        times,
        demand if demand.ndim == 2 else demand.reshape(1, -1),
        made.vms,
        made.threads,
        made.ladder,
        made.starts,
        made.scale,
        made.roots,
        np.empty(made.work),
        found,
    )
    return found


def _stacked(rows: list[Array], most: int) -> Array:
    """Service times of stations of which some differ by draw: shape (stations, 1 or draws, most)."""
    n_draws = max([1, *(row.shape[0] for row in rows)])
    found = np.empty((len(rows), n_draws, most))
    for into, row in zip(found, rows, strict=True):
        into[:] = row
    return found


@lru_cache(maxsize=8)
def _nodes(vms_bytes: bytes, threads_bytes: bytes) -> _Nodes | None:
    """Quadrature of each split, where each starts, powers of all nodes over factorials, and roots of the weights."""
    vms, threads = np.frombuffer(vms_bytes, dtype=np.int64), np.frombuffer(threads_bytes, dtype=np.int64)
    totals = vms * threads
    rungs = [int(totals.max())]
    if laguerre(rungs[0] // 2 + 1)[0][-1] > LARGE_NODE:
        return None
    while rungs[-1] > totals.min():
        rungs.append(int(rungs[-1] / _LADDER))
    ladder = np.array([max(rung for rung, most in enumerate(rungs) if most >= n) for n in totals.tolist()])
    made = [laguerre(most // 2 + 1) for most in rungs]
    starts = np.cumsum([0, *(nodes.size for nodes, _ in made)])
    most = int(threads.max())
    scale = node_powers(np.concatenate([nodes for nodes, _ in made]), most + 1)
    roots = np.zeros((vms.size, made[0][0].size))
    for split, rung in enumerate(ladder.tolist()):
        roots[split, : made[rung][1].size] = np.exp(made[rung][1] / vms[split])
    return _Nodes(vms, threads, ladder, starts, scale, roots, (6, max(roots.shape[1], most + 1)), most)
