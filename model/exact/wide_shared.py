"""Every even split with any shared stations on scaled series: for hundreds to thousands of threads.

Models: as ``model.exact.shared_series``, whatever the number of threads and the depth of a collapse.
Equations: those of ``shared_series``; constants of local and of shared stations are products of their series.
Numerics: those of ``scaled_series``; splits whose series span too much are "not a number".
Memory: draws are taken in blocks, so that tables stay within some 64 MB.
Assumptions: those of ``model.network``. When not to use it: for few threads, which ``shared_series`` answers without a
compiler; for one shared single server (``tables``, ``wide_table``).
Source: as ``model.exact.shared_series``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cerberus_plan.model.exact import series
from cerberus_plan.model.exact.scaled_kernel import BLOCK
from cerberus_plan.model.exact.scaled_series import ScaledSeries, log_product, middle_slope
from cerberus_plan.model.exact.shared_series import grouped
from cerberus_plan.model.exact.tables import Splits, by_name, factor_logs
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.record import Record

# Bytes that the tables of a block of draws may take.
_MEMORY = 64e6


class WideSharedStations(Record):
    """Local stations alike in all splits, and the shared ones of each distinct set of their parameters.

    Attributes:
        local: Stations of one instance.
        tables: The shared stations, once for each distinct set of their parameters.
        table_of: Which of them each split has.
        splits: The splits.
    """

    local: tuple[Station, ...]
    tables: tuple[tuple[Station, ...], ...]
    table_of: tuple[int, ...]
    splits: Splits

    @staticmethod
    def of(local: tuple[Station, ...], shared: tuple[Station, ...], splits: Splits) -> WideSharedStations:
        """The form for these stations."""
        tables, table_of = grouped(shared, splits)
        return WideSharedStations(local=local, tables=tables, table_of=table_of, splits=splits)

    @property
    def _totals(self) -> Array:
        """Threads of all instances of each split."""
        return self.splits.vms * self.splits.threads

    def throughput(self) -> Array:
        """Cycles per second: shape (splits, draws)."""
        own = log_product(factor_logs(self.local, int(self.splits.threads.max())))
        with np.errstate(invalid="ignore"):
            full, less = self._sums([own, own], fewer=(0, 1))
            return np.asarray(self.splits.vms[:, None] * np.exp(less - full))

    def occupancy(self, local: tuple[Station, ...], shared: tuple[Station, ...]) -> dict[str, Array] | None:
        """Mean customers by station name under the first draw: shape (splits,) each; None beyond the range."""
        factors = factor_logs(local, int(self.splits.threads.max()))
        queueing = tuple(station for station in local if not isinstance(station, Delay))
        own = log_product(factors)
        changed = [log_product(_longer(factors, at)) for at in range(len(queueing))]
        with np.errstate(invalid="ignore"):
            full, less, *lengths = self._sums([own, own, *changed], fewer=(0, 1, *(0 for _ in changed)))
            rate = self.splits.vms * np.exp(less - full)[:, 0]
            found = by_name(rate, [self.splits.vms * np.exp(x - full)[:, 0] for x in lengths], local, queueing)
            queueing = tuple(station for station in shared if not isinstance(station, Delay))
            others = [np.exp(self._sums([own], (0,), longer=at)[0] - full)[:, 0] for at in range(len(queueing))]
        for name, length in by_name(rate, others, shared, queueing).items():
            found[name] = found.get(name, 0.0) + length
        return found if all(np.isfinite(length).all() for length in found.values()) else None

    def _sums(self, variants: list[Array], fewer: tuple[int, ...], longer: int | None = None) -> Array:
        """Logarithm of G with one instance replaced by each variant: shape (variants, splits, draws).

        Args:
            variants: Logarithms of the constants of one instance: shape (draws or 1, populations).
            fewer: Threads that each of them takes away.
            longer: Shared queueing station whose F(J) is replaced by J F(J), if any.
        """
        n_draws = max(variants[0].shape[0], *(_draws(station) for shared in self.tables for station in shared))
        most = self._most()
        step = max(1, int(_MEMORY / (16.0 * sum(count + BLOCK for count in most))))
        found = np.empty((len(variants), self.splits.vms.size, n_draws))
        for start in range(0, n_draws, step):
            draws = slice(start, start + step)
            own = [_of_draws(rows, draws) for rows in variants]
            self._some(own, fewer, self._weights(draws, longer), found[:, :, draws])
        return found

    def _weights(self, draws: slice, longer: int | None) -> list[Array]:
        """Logarithms of J! g_s(J) of every table under some draws: shape (draws or 1, J) each."""
        found = []
        for shared, most in zip(self.tables, self._most(), strict=True):
            factors = [_of_draws(rows, draws) for rows in factor_logs(shared, most)]
            constants = log_product(factors if longer is None else _longer(factors, longer))
            found.append(constants + series.log_factorial(constants.shape[1]))
        return found

    def _most(self) -> list[int]:
        """Threads of the largest split of each table."""
        found = np.zeros(len(self.tables), dtype=np.int64)
        np.maximum.at(found, np.array(self.table_of), self._totals.astype(np.int64))
        return found.tolist()

    def _some(self, variants: list[Array], fewer: tuple[int, ...], logs: list[Array], found: Array) -> None:
        """The sums of a block of draws."""
        tilt = self._tilt(variants[0], logs[self.table_of[int(self._totals.argmax())]])
        weights = [ScaledSeries.of_logs(rows, -tilt) for rows in logs]
        threads = 0
        for split, power in self._powers(variants[0], tilt):
            if self.splits.threads[split] != threads:
                threads = int(self.splits.threads[split])
                # The sums come after BLOCK - 1 numbers without meaning.
                parts = [
                    _instance(rows, threads, less, tilt, before=BLOCK - 1)
                    for rows, less in zip(variants, fewer, strict=True)
                ]
            sums = power.against(weights[self.table_of[split]], threads + 1)
            for into, part in zip(found, parts, strict=True):
                into[split] = part.log_dot(sums)

    @staticmethod
    def _tilt(constants: Array, weights: Array) -> Array:
        """A factor on z that leaves instance and weights as flat as both can be: its logarithm, shape (1,).

        Draws are alike enough for one factor, and tables without doubt stay one row.
        """
        slopes = [middle_slope(weights), -middle_slope(_instance_logs(constants, constants.shape[1] - 1))]
        return np.array([np.mean([np.median(slope) if np.isfinite(slope).all() else 0.0 for slope in slopes])])

    def _powers(self, constants: Array, tilt: Array) -> Iterator[tuple[int, ScaledSeries]]:
        """Each split with P^(VMs - 1)."""
        threads, reached = 0, 0
        for split in np.lexsort((self.splits.vms, self.splits.threads)).tolist():
            if self.splits.threads[split] != threads:
                threads = int(self.splits.threads[split])
                squares = [_instance(constants, threads, 0, tilt)]
                power, reached = ScaledSeries.one(), 0
            step, at = int(self.splits.vms[split]) - 1 - reached, 0
            while step:
                if at == len(squares):
                    squares.append(squares[-1].times(squares[-1], (threads << at) + 1))
                if step & 1:
                    reached += 1 << at
                    power = power.times(squares[at], reached * threads + 1)
                step >>= 1
                at += 1
            yield split, power


def _instance(constants: Array, threads: int, fewer: int, tilt: Array, before: int = 0) -> ScaledSeries:
    """P of one instance, ``fewer`` of its threads taken away, tilted."""
    return ScaledSeries.of_logs(_instance_logs(constants, threads - fewer), tilt, before)


def _instance_logs(constants: Array, threads: int) -> Array:
    return np.asarray(constants[:, threads::-1] - series.log_factorial(threads + 1))


def _of_draws(rows: Array, draws: slice) -> Array:
    return rows[draws] if rows.shape[0] > 1 else rows


def _draws(station: Station) -> int:
    """Draws that the station's parameters have."""
    return max((p.shape[-1] for p in station.parameters if isinstance(p, np.ndarray)), default=1)


def _longer(factors: list[Array], station: int) -> list[Array]:
    """The factors with a queueing station's F(j) replaced by j F(j)."""
    changed = list(factors)
    with np.errstate(divide="ignore"):
        changed[station + 1] = changed[station + 1] + np.log(np.arange(changed[station + 1].shape[1]))
    return changed
