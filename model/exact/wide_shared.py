"""Every even split with any shared stations on scaled series: for hundreds to thousands of threads.

Models: as ``model.exact.shared_series``, whatever the number of threads and the depth of a collapse.
Equations: those of ``weights_kernel`` and ``chains_kernel``; constants of local stations are products of their series.
Work that splits share is done once: constants of k threads serve every number of instances, and weights, which many
splits have alike, every total up to the largest.
Numerics: those of ``scaled_kernel``; splits whose series span too much are "not a number".
Memory: draws are taken in blocks, so that tables stay within some 24 MB.
Assumptions: those of ``model.network``. When not to use it: for few threads, which ``shared_series`` answers without a
compiler; for one shared single server (``tables``, ``wide_table``).
Source: as ``model.exact.shared_series``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cerberus_plan.model.distinct import distinct
from cerberus_plan.model.exact import series
from cerberus_plan.model.exact.chains_kernel import sums
from cerberus_plan.model.exact.scaled_kernel import BLOCK, Whole
from cerberus_plan.model.exact.scaled_series import ScaledSeries, log_product, middle_slope
from cerberus_plan.model.exact.shared_weights import Weights, longer_factors
from cerberus_plan.model.exact.tables import Splits, by_name, factor_logs
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.quantiles import quantiles
from cerberus_plan.model.record import Record

# Bytes that the weights of a block of draws may take.
_MEMORY = 24e6
# Squares of one instance's series that its powers are made of, at the most.
_MOST_SQUARES = 64


class WideSharedStations(Record, kw_only=False):
    """Local stations alike in all splits, and shared ones whose parameters may differ by split.

    Attributes:
        local: Stations of one instance.
        shared: The shared stations.
        splits: The splits.
    """

    local: tuple[Station, ...]
    shared: tuple[Station, ...]
    splits: Splits

    def throughput(self) -> Array:
        """Cycles per second: shape (splits, draws)."""
        own = log_product(factor_logs(self.local, int(self.splits.threads.max())))
        with np.errstate(invalid="ignore"):
            normal, flow = self._sums(own, [])
            return np.asarray(np.exp(flow - normal))

    def occupancy(self, local: tuple[Station, ...], shared: tuple[Station, ...]) -> dict[str, Array] | None:
        """Mean customers by station name under the first draw: shape (splits,) each; None beyond the range."""
        factors = factor_logs(local, int(self.splits.threads.max()))
        queueing = tuple(station for station in local if not isinstance(station, Delay))
        own = log_product(factors)
        changed = [log_product(longer_factors(factors, at)) for at in range(len(queueing))]
        with np.errstate(invalid="ignore"):
            normal, flow = self._sums(own, [])[:, :, 0]
            lengths = self._sums(own, changed)[:, :, 0] if changed else np.empty((0, 0))
            rate = np.exp(flow - normal)
            found = by_name(rate, [self.splits.vms * np.exp(x - normal) for x in lengths], local, queueing)
            queueing = tuple(station for station in shared if not isinstance(station, Delay))
            others = [np.exp(self._sums(own, [], longer=at)[0, :, 0] - normal) for at in range(len(queueing))]
        for name, length in by_name(rate, others, shared, queueing).items():
            found[name] = found.get(name, 0.0) + length
        return found if all(np.isfinite(length).all() for length in found.values()) else None

    def _sums(self, own: Array, parts: list[Array], longer: int | None = None) -> Array:
        """Logarithms of ``chains_kernel.sums``: shape (2 or parts, splits, draws).

        Args:
            own: Logarithms of the constants of one instance: shape (draws or 1, populations).
            parts: The same of other polynomials in its place; none for G and the flow of all instances.
            longer: Shared queueing station whose F(J) is replaced by J F(J), if any.
        """
        weights = Weights.of(self.shared, self.splits, longer)
        n_draws = max(own.shape[0], weights.draws)
        step = max(1, int(_MEMORY / (8.0 * BLOCK * weights.blocks)))
        found = np.empty((len(parts) or 2, self.splits.vms.size, n_draws))
        # A factor on z that leaves instance and weights as flat as both can be: draws are alike enough for one.
        slopes = [weights.slope(slice(None)), -middle_slope(_instance_logs(own, own.shape[1] - 1))]
        tilt = float(np.mean([quantiles(slope, [0.5])[0] if np.isfinite(slope).all() else 0.0 for slope in slopes]))
        order = np.lexsort((self.splits.vms, self.splits.threads))
        threads = self.splits.threads[order].astype(np.int64)
        sizes = distinct(threads)
        first = np.searchsorted(threads, sizes)
        instance = _laid_out(own, sizes, tilt, before=0)
        others = _stacked([_laid_out(rows, sizes, tilt, before=BLOCK - 1) for rows in parts], instance)
        blocks = int((self.splits.vms * self.splits.threads).max()) // BLOCK + 3
        for start in range(0, n_draws, step):
            draws = slice(start, start + step)
            made = weights.made(draws, tilt)
            into = np.empty((found.shape[0], order.size, min(step, n_draws - start)))
            sums(
                _of_draws(instance.numbers, draws), _of_draws(instance.powers, draws), instance.starts, instance.span,
                sizes, np.append(first, order.size), self.splits.vms[order].astype(np.int64), weights.table_of[order],
                made.numbers, made.powers, weights.starts, made.spans,
                _of_draws(others[0], draws, axis=1), _of_draws(others[1], draws, axis=1), others[2],
                np.empty((2 * blocks + _MOST_SQUARES) * BLOCK), np.empty(2 * blocks + _MOST_SQUARES, dtype=np.int64),
                np.empty(_MOST_SQUARES), np.empty((3, blocks * BLOCK)), np.empty((4, blocks), dtype=np.int64),
                np.empty(2 * blocks * BLOCK), np.empty(3, dtype=np.int64), into,
            )  # fmt: skip
            found[:, order, draws] = into
        if not parts:  # its weights are those of a customer less
            found[1] -= tilt
        return found


class _Laid(Record, kw_only=False):
    """Series of one instance of each size, one after the other."""

    numbers: Array
    powers: Whole
    starts: Whole
    span: float


def _laid_out(constants: Array, sizes: Whole, tilt: float, before: int) -> _Laid:
    """P of one instance of each size, tilted, after some zeros."""
    starts = np.cumsum([0, *((before + sizes) // BLOCK + 1).tolist()])
    logs = np.full((constants.shape[0], int(starts[-1]) * BLOCK), -np.inf)
    tilts = tilt * np.arange(constants.shape[1])
    for threads, start in zip(sizes.tolist(), starts.tolist(), strict=False):
        at = start * BLOCK + before
        logs[:, at : at + threads + 1] = _instance_logs(constants, threads) + tilts[: threads + 1]
    made = ScaledSeries.of_blocks(logs)  # all sizes together: a series a size took longer than its work
    return _Laid(made.numbers, made.powers, starts, made.span)


def _stacked(parts: list[_Laid], like: _Laid) -> tuple[Array, Whole, Whole]:
    """Numbers, exponents and starts of all parts."""
    if not parts:
        return np.empty((0, *like.numbers.shape)), np.empty((0, *like.powers.shape), dtype=np.int64), like.starts
    return np.stack([each.numbers for each in parts]), np.stack([each.powers for each in parts]), parts[0].starts


def _instance_logs(constants: Array, threads: int) -> Array:
    return np.asarray(constants[:, threads::-1] - series.log_factorial(threads + 1))


def _of_draws(rows: Any, draws: slice, axis: int = 0) -> Any:
    """Some of the rows, one a draw, or the one that all draws have."""
    if rows.shape[axis] <= 1:
        return rows
    return rows[draws] if axis == 0 else np.ascontiguousarray(rows[:, draws])
