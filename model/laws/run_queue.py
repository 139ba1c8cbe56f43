"""The run queue: more runnable threads than cores share them evenly, so everything on a core slows alike.

Equations: with r of an instance's threads runnable on c cores each has the speed min(1, c / r), so its times stretch by

    stretch(r) = max(1, r / c)

All rates out of a state are multiplied by the same speed, so the states keep their product-form odds against each
other up to the time spent in them: p(x) ~ p0(x) stretch(r(x)), p0 with a core for each thread, and

    X = X0 / E0[stretch(r)]        X times the core time of a cycle = c E0[r] / E0[max(c, r)] <= c: work is conserved.

A thread computes, holds a lock or spins: it is runnable. A thread that sleeps at a lock is not. Where none sleeps r is
all n threads, and without locks this is the station of c servers, demand / min(k, c) (``laws.servers``).
``mean_stretch`` is E0 for a number of runnable threads of known mean and variance, taken as normal; without variance
it is exact.
Assumptions: one class of equal weight; a slice is either short against a cycle, or the program waits nowhere in a spin
(else ``preempted_holder``); switching costs nothing (its price is part of the demand).
When not to use it: where threads wait without a core for long (disk, network): those times do not stretch.
Source: the time change follows from the balance equations (Kelly, Reversibility and Stochastic Networks, 1979); even
shares: Stoica and Abdel-Wahab, Earliest eligible virtual deadline first (1995), Linux's fair scheduler since 6.6.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# math's own function for each element: numpy has none, and scipy takes longer to import than a plan to make.
_erf = np.frompyfunc(math.erf, 1, 1)
# Standard deviations beyond which nothing is left of a normal distribution.
_FAR = 38.0


def stretch(lib: Any, runnable: Any, cores: Any) -> Any:
    """Factor on all times with ``runnable`` threads on ``cores`` cores."""
    return lib.maximum(1, runnable / cores)


def mean_stretch(mean: Any, variance: Any, cores: Any) -> Any:
    """Mean factor over a normal number of runnable threads, exact where it does not vary."""
    mean, spread = np.asarray(mean, dtype=np.float64), np.sqrt(np.asarray(variance, dtype=np.float64))
    over = mean - cores
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.where(spread > 0.0, over / spread, np.where(over > 0.0, np.inf, -np.inf))
    z = np.clip(z, -_FAR, _FAR)
    above = 0.5 * (1.0 + np.asarray(_erf(z / math.sqrt(2.0)), dtype=np.float64))
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return 1.0 + np.maximum(over * above + spread * density, 0.0) / cores
