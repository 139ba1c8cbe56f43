"""Which count to run to make sure of the choice: the one after which the best measured count is expected to lose least.

    loses(n) = 1 - E[max(best measured, X(n)) / max(best measured, X(m) for all m)]

over joint draws X of the forecast. A count that may be much better is worth a run even where the forecast's middle
prefers another; of a lock that collapses nobody knows where between a and b, the geometric middle of both is
asked for, which minimises that loss where all places are as likely on a logarithmic scale.

Assumptions: a run counts for its own throughput, not for what it teaches about other counts; looking two runs ahead
chose no better on families left out. When not to use it: to learn the law; `advise` does that.
Source: expected opportunity loss, Raiffa and Schlaifer (1961); expected improvement, Mockus (1975).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.model.digits import percent

Array = NDArray[np.float64]

# A best measured count that is expected to lose less than this needs no further run. Small, for the draws are narrower
# than intervals that hold: on families left out 0.7 % is lost after three runs at twice the range all the same.
SURE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The count to run, and why."""

    n: float
    why: str


def confirmation(curve: Curve, grid: Array, paths: Array, runnable: Array | None = None) -> Confirmation | None:
    """The next run that confirms the choice; None when the best measured count is nearly sure.

    Args:
        curve: what is measured.
        grid: counts of the forecast, ascending.
        paths: joint draws of log throughput at the grid, shape (draws, counts).
        runnable: counts of the grid that can be run; by default all whole ones.
    """
    known = np.isin(grid, curve.n)
    open_ = ~known & (grid == np.round(grid) if runnable is None else np.isin(grid, runnable))
    if not open_.any():
        return None
    best = float(np.log(curve.value.max()))
    drawn = paths[:, ~known]
    reached = np.maximum(drawn, best)
    share = np.exp(reached - reached.max(axis=1, keepdims=True)).mean(axis=0)
    now = 1 - float(np.exp(best - reached.max(axis=1)).mean())
    if now < SURE:
        return None
    loses = 1 - share[open_[~known]]
    asked = int(loses.argmin())
    return Confirmation(
        n=float(grid[open_][asked]),
        why=f"after it the best measured count is expected to lose {percent(loses[asked])}, without it {percent(now)}",
    )
