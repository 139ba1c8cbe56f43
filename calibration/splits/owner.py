"""Whose contention it is: which scope takes most throughput, in how many of the posterior's draws.

`inside` and `machine` are looked at for one instance on all cores, `between` for as many instances as cores: each
where it hurts most. A draw that loses less than `NOTHING` everywhere has none. Only a run of several instances
decides between the first two; with a curve alone the answer stays near what is believed beforehand.
When not to use it: as a proof; the names are mechanisms that explain the numbers, not observed locks.
"""

from __future__ import annotations

import numpy as np

from cerberus_plan.calibration.splits.posterior import Posterior

# Logarithm of a loss of five per cent.
NOTHING = 0.05
OWNERS = ("inside", "machine", "between", "none")


def owner(posterior: Posterior, cores: int) -> dict[str, float]:
    """Probability of each of `OWNERS`; sums to 1."""
    parts = posterior.prior.draws.parts([(1, cores), (cores, 1)], posterior.draw)
    losses = np.stack([-parts["inside"][:, 0], -parts["machine"][:, 0], -parts["between"][:, 1]], axis=1)
    of = np.where(losses.max(axis=1) < NOTHING, len(OWNERS) - 1, losses.argmax(axis=1))
    share = np.bincount(of, minlength=len(OWNERS)) / of.size
    return {name: float(p) for name, p in zip(OWNERS, share, strict=True)}
