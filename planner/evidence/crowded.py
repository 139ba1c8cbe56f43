"""More threads than cores in a plan that passes through runs: what the run queue makes of contention that runs showed.

Models: by the demands n threads on c cores take S times as long, 1 <= S <= n / c (``planner.splits.crowd``). Runs may
show contention beyond the demands, which leaves a share L of the rate of n threads with a core each. What waits there
has no name, so nobody knows whether it waits on a core (a spin lock, memory) or asleep (a mutex, a pipe).
Equations: with X the rate by the demands with a core for each thread,

    on a core   X L / S                     all n threads want a core
    asleep      X L / max(1, S L)           only the share L of them does

Each holds in half of the draws, the same for all splits: the doubt is in the interval and in the comparison.
Assumptions: runs with a core for each thread; how the contention goes on beyond the cores is the posterior's guess.
When not to use it: where more threads than cores were really run; then believe the run.
Source: work is conserved (``model.laws.run_queue``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.splits.measured import Split

Array = NDArray[np.float64]


def crowding(
    beyond: Array, free: Array, shared: Array, *, own: Sequence[bool], splits: Sequence[Split], cores: int
) -> Array:
    """What to add to log rates of splits with a core for each thread: shape (draws, splits).

    Args:
        beyond: Log rate that is lost beyond the demands, with a core for each thread.
        free: Log rate by the demands of the system that was run, with a core for each thread.
        shared: Log rate by the demands of each candidate's system, on the cores there are.
        own: Whether that is the system that was run; the ratio of another has the run queue in it already.
        splits: The candidates' splits.
        cores: Cores planned for.
    """
    most = np.log(np.maximum([m * k / cores for m, k in splits], 1.0))
    over = most > 0.0
    slowed = np.where(over & np.asarray(own), free - shared, 0.0)
    queue = np.clip(np.where(own, slowed, most), 0.0, most)
    asleep = np.random.default_rng(2).random((len(free), 1)) < 0.5
    return np.asarray(np.where(asleep, np.minimum(np.maximum(beyond, 0.0), queue), 0.0) - slowed)
