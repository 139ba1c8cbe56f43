"""One shared single server under many draws: what ``queue_kernel`` needs, gathered.

Models: as ``model.exact.tables.SharedQueue``. A split uses a quadrature of little more nodes than its own threads need.
When not to use it: directly; ``SharedQueue`` knows when it pays.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cerberus_plan.model.exact.quadrature import laguerre
from cerberus_plan.model.exact.queue_kernel import Whole
from cerberus_plan.model.exact.queue_kernel import rates as compiled
from cerberus_plan.model.exact.tables import LocalTable, Splits, node_powers
from cerberus_plan.model.laws.station import Array

# Quadratures are made for totals in this ratio; a split uses the next larger one.
_LADDER = 1.3


def rates(local: LocalTable, splits: Splits, demand: Array) -> Array:
    """G with one thread of one instance less, over G: shape (splits, draws).

    Args:
        local: Constants of one instance.
        splits: The splits.
        demand: The shared server's, over the unit of the constants: shape (1 or splits, 1 or draws).
    """
    vms, threads = splits.vms.astype(np.int64), splits.threads.astype(np.int64)
    ladder, starts, scale, roots = _nodes(vms.tobytes(), threads.tobytes())
    n_draws = max(local.constants.shape[0], demand.shape[1])
    found = np.empty((vms.size, n_draws))
    scratch = np.empty((3, roots.shape[1]))
    compiled(local.constants, demand, vms, threads, ladder, starts, scale, roots, scratch, found)
    return found


@lru_cache(maxsize=8)
def _nodes(vms_bytes: bytes, threads_bytes: bytes) -> tuple[Whole, Whole, Array, Array]:
    """Quadrature of each split, where each starts, powers of all nodes over factorials, and roots of the weights."""
    vms, threads = np.frombuffer(vms_bytes, dtype=np.int64), np.frombuffer(threads_bytes, dtype=np.int64)
    totals = vms * threads
    rungs = [int(totals.max())]
    while rungs[-1] > totals.min():
        rungs.append(int(rungs[-1] / _LADDER))
    ladder = np.array([max(rung for rung, most in enumerate(rungs) if most >= n) for n in totals.tolist()])
    made = [laguerre(most // 2 + 1) for most in rungs]
    starts = np.cumsum([0, *(nodes.size for nodes, _ in made)])
    scale = node_powers(np.concatenate([nodes for nodes, _ in made]), int(threads.max()) + 1)
    roots = np.zeros((vms.size, made[0][0].size))
    for split, rung in enumerate(ladder.tolist()):
        roots[split, : made[rung][1].size] = np.exp(made[rung][1] / vms[split])
    return ladder, starts, scale, roots
