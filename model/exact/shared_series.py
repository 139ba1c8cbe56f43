"""Every even split at once when instances share several stations, or one whose speed depends on who is there.

Models: equal instances with the same local stations, and shared stations of any law.
Equation: with P(z) = sum_i g(k - i) z^i / i! of one instance of k threads, g_s the shared stations' constants and
w_J = J! g_s(J),

    G = sum_J w_J [z^J] P^VMs = sum_i p_i c_i        c_i = sum_j w_(i + j) [z^j] P^(VMs - 1)

so that one sum c serves the whole instance, the one with a thread less and every queue length. Powers of P are carried
from one number of VMs to the next.
Numerics: all terms are positive. z is tilted so that w is flat at both ends, and powers are scaled to a largest
coefficient of 1. A coefficient that vanishes is below 1e-300 then, so its term is below 1e-20 of the sum as long as no
weight is below exp(-640); where one is, the answer is "not a number" and the general solver answers.
Assumptions: those of ``model.network``. When not to use it: for one shared single server (``tables`` is faster).
Source: as ``model.exact.solver``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from cerberus_plan.model.exact import series
from cerberus_plan.model.exact.tables import LocalTable, Splits, by_name
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.record import Record

# Smallest logarithm of a weight with which vanished coefficients are known not to matter.
_LEAST_LOG = -640.0
# Up to this length a product is a loop over the shorter factor.
_SHORT = 24
# Beyond it the general solver is not slower.
_MOST_THREADS = 1024


class SharedStations(Record):
    """The sums over J of all splits.

    Attributes:
        local: One instance's constants.
        splits: The splits, alike in their local parameters.
        tables: Constants of the shared stations, one for each distinct set of their parameters.
        table_of: Which of them each split has.
        tilt: Logarithm of the factor on z, shape (draws,).
    """

    local: LocalTable
    splits: Splits
    tables: tuple[LocalTable, ...]
    table_of: tuple[int, ...]
    tilt: Array

    @staticmethod
    def of(local: LocalTable, shared: tuple[Station, ...], splits: Splits) -> SharedStations | None:
        """The form for these shared stations; None where their constants leave the range of a double."""
        most = int((splits.vms * splits.threads).max())
        if most > _MOST_THREADS:
            return None
        rows, table_of = distinct_rows(shared, splits.vms.size)
        tables: list[LocalTable] = []
        for row in rows:
            table = LocalTable.of(tuple(_at_split(station, row) for station in shared), most)
            if table is None:
                return None
            tables.append(table)
        largest = tables[table_of[int((splits.vms * splits.threads).argmax())]]
        tilt = -_log_weights(largest, local, most)[:, -1] / most
        return SharedStations(
            local=local, splits=splits, tables=tuple(tables), table_of=tuple(table_of), tilt=np.asarray(tilt)
        )

    def _weights(self, split: int) -> Array:
        """Weights of one split, tilted, largest 1: shape (draws, threads + 1)."""
        total = int(self.splits.vms[split] * self.splits.threads[split])
        logs = _log_weights(self.tables[self.table_of[split]], self.local, total)
        with np.errstate(invalid="ignore"):
            logs = logs + self.tilt[:, None] * np.arange(total + 1.0)
            logs -= logs.max(axis=1, keepdims=True)
        logs[~(logs.min(axis=1) >= _LEAST_LOG)] = np.nan
        return np.asarray(np.exp(logs))

    def _instance(self, constants: Array, threads: int, fewer: int = 0) -> Array:
        """P of one instance, ``fewer`` of its threads taken away, tilted: shape (draws, threads - fewer + 1)."""
        i = np.arange(threads - fewer + 1)
        with np.errstate(over="ignore", invalid="ignore"):
            scale = np.exp(-self.tilt[:, None] * i - series.log_factorial(i.size))
            return np.asarray(constants[:, threads - fewer - i] * scale)

    def _powers(self) -> Iterator[tuple[int, Array]]:
        """Each split with P^(VMs - 1), largest coefficient 1."""
        size = self.splits.threads.astype(int)
        for threads in sorted(set(size.tolist())):
            rows = sorted(np.flatnonzero(size == threads).tolist(), key=lambda row: self.splits.vms[row])
            squares = [_scaled(self._instance(self.local.constants, threads))]
            power, reached = np.ones((1, 1)), 0
            for row in rows:
                step = int(self.splits.vms[row]) - 1 - reached
                power, reached = _raised(power, squares, step), reached + step
                yield row, power

    def _sums(
        self, parts: Callable[[int], list[Array]], weighting: Callable[[int], Array] | None = None
    ) -> list[Array]:
        """G of each split with one instance's P replaced by each of ``parts(threads)``: (splits, draws) each."""
        found: list[list[Array]] = [[] for _ in range(self.splits.vms.size)]
        for split, power in self._powers():
            weights = (weighting or self._weights)(split)
            threads = int(self.splits.threads[split])
            windows = np.lib.stride_tricks.sliding_window_view(weights, power.shape[1], axis=1)
            with np.errstate(invalid="ignore", over="ignore"):
                sums = np.matmul(windows, power[..., None])[..., 0]
                found[split] = [(part * sums[:, : part.shape[1]]).sum(axis=1) for part in parts(threads)]
        return [np.stack(column) for column in zip(*found, strict=True)]

    def throughput(self) -> Array:
        """Cycles per second: shape (splits, draws); not a number where a weight leaves the safe range."""
        constants = self.local.constants
        full, less = self._sums(lambda k: [self._instance(constants, k), self._instance(constants, k, 1)])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.splits.vms[:, None] * less / full / self.local.unit)

    def occupancy(self, local: tuple[Station, ...], shared: tuple[Station, ...]) -> dict[str, Array] | None:
        """Mean customers by station name under the first draw: shape (splits,) each."""
        rate = self.throughput()
        if not np.isfinite(rate).all():
            return None
        changed = [self.local.constants, *(self.local.lengths(i) for i in range(len(self.local.queueing)))]
        full, *lengths = self._sums(lambda k: [self._instance(constants, k) for constants in changed])
        own = [self.splits.vms * length[:, 0] / full[:, 0] for length in lengths]
        found = by_name(rate[:, 0], own, local, self.local.queueing)
        for name, length in self._shared_lengths(rate, full, shared).items():
            found[name] = found.get(name, 0.0) + length
        return found

    def _shared_lengths(self, rate: Array, full: Array, shared: tuple[Station, ...]) -> dict[str, Array]:
        queueing = tuple(station for station in shared if not isinstance(station, Delay))
        lengths = []
        for at in range(len(queueing)):
            replaced = [table.lengths(at) / table.constants for table in self.tables]

            def weighting(split: int, replaced: list[Array] = replaced) -> Array:
                weights = self._weights(split)
                return np.asarray(weights * replaced[self.table_of[split]][:, : weights.shape[1]])

            (sums,) = self._sums(lambda k: [self._instance(self.local.constants, k)], weighting)
            lengths.append(sums[:, 0] / full[:, 0])
        return by_name(rate[:, 0], lengths, shared, queueing)


def distinct_rows(stations: Sequence[Station], splits: int) -> tuple[list[int], list[int]]:
    """A split of each distinct set of the stations' parameters, and which of these sets each split has."""
    varying = [p for s in stations for p in s.parameters if isinstance(p, np.ndarray) and p.shape[0] > 1]
    keys = [b"".join(p[split].tobytes() for p in varying) for split in range(splits)]
    sets = {key: at for at, key in enumerate(dict.fromkeys(keys))}
    return [keys.index(key) for key in sets], [sets[key] for key in keys]


def _at_split(station: Station, split: int) -> Station:
    """The station with the parameters of one split."""
    rows = {
        name: value[min(split, value.shape[0] - 1)][None]
        for name in station.parameter_names
        if isinstance(value := getattr(station, name), np.ndarray)
    }
    if not rows:
        return station
    given = {name: getattr(station, name) for name in station.parameter_names} | rows
    return type(station)(**given, name=station.name)


def _log_weights(table: LocalTable, local: LocalTable, most: int) -> Array:
    """Logarithms of J! g_s(J) over the local unit, J = 0..most: shape (draws, most + 1); nan beyond the range."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.log(table.unit) - np.log(local.unit)
        constants = np.log(table.constants[:, : most + 1])
        return np.asarray(series.log_factorial(most + 1) + constants + steps[:, None] * np.arange(most + 1.0))


def _raised(power: Array, squares: list[Array], step: int) -> Array:
    """``power`` times P^step; ``squares`` are P, P^2, P^4, ... and grow as needed."""
    at = 0
    while step:
        if at == len(squares):
            squares.append(_scaled(_times(squares[-1], squares[-1])))
        if step & 1:
            power = _scaled(_times(power, squares[at]))
        step >>= 1
        at += 1
    return power


def _scaled(rows: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(rows / rows.max(axis=1, keepdims=True))


def _times(one: Array, other: Array) -> Array:
    """Row by row product of two polynomials."""
    long, short = (one, other) if one.shape[1] >= other.shape[1] else (other, one)
    n, m = long.shape[1], short.shape[1]
    if m <= _SHORT:
        found = np.zeros((max(long.shape[0], short.shape[0]), n + m - 1))
        for i in range(m):
            found[:, i : i + n] += long * short[:, i : i + 1]
        return found
    padded = np.zeros((long.shape[0], n + 2 * (m - 1)))
    padded[:, m - 1 : m - 1 + n] = long
    windows = np.lib.stride_tricks.sliding_window_view(padded, m, axis=1)
    return np.asarray(np.matmul(windows, short[:, ::-1, None])[..., 0])
