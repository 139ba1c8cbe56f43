"""What the best split is, and what another one would lose: samples of all splits at once.

Models: every draw of the costs with several samples of the model's own error, which varies together over splits
(``model.discrepancy``): log rate = log rate under the draw + L z, L L^T the covariance of the errors.
Number: 35 draws with 12 antithetic samples each; a probability of a half is known within 5 percentage points (90 %).
Splits whose rate is far below the best's under the central values take no part: their probability of being best is
0, and they keep as much less of the best than the fastest does as they are slower.
Assumptions: those of ``model.discrepancy``; the error does not depend on the draw.
When not to use it: for the interval of one split; ``spread`` has it without sampling.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from cerberus_plan.model.discrepancy import Discrepancy
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.record import Record

Rows = np.ndarray[Any, np.dtype[np.intp]]
# Samples of the model's error for each draw: six antithetic pairs.
PER_DRAW = 12
# Most splits that are compared jointly, the fastest ones: the work grows with the cube.
_MOST = 64
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_STEP = np.uint64(0x9E3779B97F4A7C15)
# Added to a variance so that a covariance of equal splits has a root.
_JITTER = 1e-10


class Joint(Record):
    """Samples of log rates.

    Attributes:
        rows: Rows of the evaluation that are compared, in its order.
        logs: Log rate of each of them: shape (rows, samples).
        best: Largest of them in each sample.
    """

    rows: Rows
    logs: Array
    best: Array

    def probability_best(self, n_rows: int) -> Array:
        """Probability of being the fastest, for all rows of the evaluation; ties count half."""
        first = self.logs >= self.best
        found = np.zeros(n_rows)
        found[self.rows] = (first / first.sum(axis=0)).mean(axis=1)
        return found

    def regret(self, central: Array) -> Array:
        """Expected loss against the best under each sample, as a share of it, for all rows of the evaluation."""
        inside = (1.0 - np.exp(self.logs - self.best)).mean(axis=1)
        # Those left out are slower than the fastest that is compared, and most of the doubt is about both: what that
        # one keeps of the best they keep in proportion. A mean of 1 / best alone is made by the samples in which all
        # splits are slow. No loss is less than the smallest.
        fastest = int(np.argmax(central[self.rows]))
        kept = np.exp(central - central[self.rows][fastest]) * (1.0 - inside[fastest])
        found: Array = np.maximum(1.0 - kept, inside.min())
        found[self.rows] = inside
        return np.clip(found, 0.0, 1.0)

    def lead(self, row: int) -> Array:
        """How far a row is ahead of each compared one in each sample, in logarithms: shape (rows, samples)."""
        found: Array = self.logs[int(np.flatnonzero(self.rows == row)[0])] - self.logs
        return found


def sample(
    rate: Array,
    systems: tuple[str, ...],
    splits: Splits,
    discrepancy: Discrepancy,
    *,
    ceiling: Array | None = None,
    compared: Rows | None = None,
) -> Joint:
    """Samples of the fastest splits.

    Args:
        rate: Rate of each split under each draw, the central one first.
        systems: System of each split.
        splits: The splits.
        discrepancy: The model's own error.
        ceiling: Rate that no error of the model takes a split beyond, at least its central one: what memory moves.
        compared: Rows to choose from; None for all.
    """
    among = np.arange(rate.shape[0]) if compared is None else compared
    rows = np.sort(among[np.argsort(-np.log(rate[among, 0]), kind="stable")[:_MOST]])
    covariance = discrepancy.covariance([systems[row] for row in rows], splits.vms[rows], splits.threads[rows])
    covariance[np.diag_indices_from(covariance)] += _JITTER
    n_draws = rate.shape[1]
    errors = np.linalg.cholesky(covariance) @ _normals(rows.size, n_draws * PER_DRAW)
    logs = np.log(rate[rows])[:, :, None] + errors.reshape(rows.size, n_draws, PER_DRAW)
    flat = logs.reshape(rows.size, -1)
    if ceiling is not None:
        flat = np.minimum(flat, np.log(np.maximum(ceiling, rate[:, 0]))[rows, None])
    return Joint(rows=rows, logs=flat, best=flat.max(axis=0))


@cache
def _normals(rows: int, samples: int) -> Array:
    """Standard normal numbers in antithetic pairs, the same at every start: counters mixed (splitmix64), Box-Muller."""
    half = samples // 2
    with np.errstate(over="ignore"):
        mixed = np.arange(1, 2 * rows * half + 1, dtype=np.uint64) * _STEP
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[0]
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[1]
        mixed ^= mixed >> np.uint64(31)
    uniform = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    radius = np.sqrt(-2.0 * np.log(uniform[: rows * half]))
    normals = (radius * np.cos(2.0 * math.pi * uniform[rows * half :])).reshape(rows, half)
    found = np.empty((rows, samples))
    found[:, 0::2], found[:, 1::2] = normals, -normals
    return found
