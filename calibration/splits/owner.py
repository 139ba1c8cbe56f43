"""Whose contention it is: which scope takes most throughput, in how many of the posterior's draws.

`inside` and `machine` are looked at for one instance on all cores, `between` for as many instances as cores: each
where it hurts most. A draw that loses less than `NOTHING` everywhere has none. Only a run of several instances
decides between the first two; with a curve alone the answer stays near what is believed beforehand.
Below `KNOWN`, or without a run of several instances, the owner counts as unknown, and a run that shows the contrast
that is missing is named (`deciding`).
When not to use it: as a proof; the names are mechanisms that explain the numbers, not observed locks.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cerberus_plan.calibration.splits.measured import Measured, Split
from cerberus_plan.calibration.splits.posterior import Posterior

# Logarithm of a loss of five per cent.
NOTHING = 0.05
OWNERS = ("inside", "machine", "between", "none")
# Probability from which an owner is called known.
KNOWN = 0.8


def owner(posterior: Posterior, cores: int) -> dict[str, float]:
    """Probability of each of `OWNERS`; sums to 1."""
    parts = posterior.prior.draws.parts([(1, cores), (cores, 1)], posterior.draw)
    losses = np.stack([-parts["inside"][:, 0], -parts["machine"][:, 0], -parts["between"][:, 1]], axis=1)
    of = np.where(losses.max(axis=1) < NOTHING, len(OWNERS) - 1, losses.argmax(axis=1))
    share = np.bincount(of, minlength=len(OWNERS)) / of.size
    return {name: float(p) for name, p in zip(OWNERS, share, strict=True)}


def deciding(measured: Measured, whose: Mapping[str, float], cores: int) -> Split | None:
    """The run that tells whose the contention is; None where it is known, or no run on so many cores would tell more.

    What an instance loses shows beside several smaller ones of as many cores, what the machine loses beside fewer
    cores, and anything inside an instance only in one that has several cores.

    Args:
        measured: what was run.
        whose: probability of each owner.
        cores: of the machine that is asked for; no run needs more.
    """
    several = any(instances > 1 for instances, _ in measured.splits)
    if max(whose.values()) >= KNOWN and several:
        return None
    n = min(measured.largest, cores)
    wanted = [(2, n // 2), (n, 1)] if n > 1 else [(2, 1), (1, 2)]
    if several and all(size == 1 for _, size in measured.splits):
        wanted.insert(0, (1, n))
    if several and all(2 * instances * size > n for instances, size in measured.splits):
        wanted.insert(0, (1, 1))
    return next((split for split in wanted if split not in measured.splits), None)
