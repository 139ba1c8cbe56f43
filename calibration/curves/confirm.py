"""Which count to run to make sure of the choice: the middle of a wide bracket, else where least is expected to be lost.

Where throughput falls on the farther side of a gap beside the best measured count, the best lies within the bracket of
its two neighbours, and the geometric middle of the wider gap is asked for: bisection needs no law, and who just
saw the forecast's laws surprised, as by a lock that collapsed, should not ask them where. Elsewhere it is

    loses(n) = 1 - E[max(best measured, X(n)) / max(best measured, X(m) for all m)]

over joint draws X of the forecast: a count that may be much better is worth a run even where the forecast's middle
prefers another.

Assumptions: within a bracket one peak; a run counts for its own throughput, not for what it teaches about other counts
(looking two runs ahead chose no better on families left out). On those the bracket brings the regret after two runs at
four times the range from 2.6 to 1.6 %. When not to use it: to learn the law; `advise` does that.
Source: expected opportunity loss, Raiffa and Schlaifer (1961); expected improvement, Mockus (1975); bracketing of a
maximum, Kiefer (1953).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.curves.curve import Curve
from cerberus_plan.model.digits import percent

Array = NDArray[np.float64]

# A best measured count that is expected to lose less than this needs no further run. Small, for the draws are narrower
# than intervals that hold: without the bracket 0.7 % is lost on families left out after three runs at twice the range.
SURE = 0.001
# A gap between measured counts that are farther apart than this is wide, and throughput falls across it when it loses
# more than a run's noise. Families left out: alike for 1.3 to 1.5 and up to 0.05; twice asks too late.
WIDE = 1.5
FALLS = 0.05


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
    can = grid[open_]
    gap = _widest_fall(curve, can)
    if gap is not None:
        middle = int(np.abs(np.log(can) - np.log(gap).mean()).argmin())
        why = f"nothing was run between {gap[0]:g} and {gap[1]:g}, where a better count may lie"
        return Confirmation(n=float(can[middle]), why=why)
    best = float(np.log(curve.value.max()))
    reached = np.maximum(paths[:, ~known], best)
    share = np.exp(reached - reached.max(axis=1, keepdims=True)).mean(axis=0)
    now = 1 - float(np.exp(best - reached.max(axis=1)).mean())
    if now < SURE:
        return None
    loses = 1 - share[open_[~known]]
    asked = int(loses.argmin())
    return Confirmation(
        n=float(can[asked]),
        why=f"after it the best measured count is expected to lose {percent(loses[asked])}, without it {percent(now)}",
    )


def _widest_fall(curve: Curve, open_: Array) -> tuple[float, float] | None:
    """The widest gap beside the best measured count across which throughput falls, with a count inside that can be run.

    None where the best measured count is the first or the last: nothing brackets it.
    """
    best = int(curve.value.argmax())
    if best in (0, curve.n.size - 1):
        return None
    gaps = [
        (float(curve.n[left]), float(curve.n[left + 1]))
        for left, far in ((best, best + 1), (best - 1, best - 1))
        if curve.value[far] <= (1 - FALLS) * curve.value[best]
    ]
    wide = [(a, b) for a, b in gaps if b > WIDE * a and ((open_ > a) & (open_ < b)).any()]
    return max(wide, key=lambda gap: gap[1] / gap[0], default=None)
