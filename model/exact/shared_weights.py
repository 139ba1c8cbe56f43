"""Weights J! g_s(J) of shared stations, a table for each distinct set of their parameters.

Models: shared stations of which some differ between splits, as memory does with the cores in use.
Equations: those of ``weights_kernel``; stations that all splits have alike are multiplied once for all tables.
Memory: service times are made for some tables at a time.
When not to use it: for few threads (``model.exact.shared_series``).
Source: as ``weights_kernel``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from cerberus_plan.model.exact.scaled_kernel import BLOCK, Whole
from cerberus_plan.model.exact.scaled_series import ScaledSeries, log_product, middle_slope
from cerberus_plan.model.exact.shared_series import distinct_rows
from cerberus_plan.model.exact.tables import Splits, factor_logs
from cerberus_plan.model.exact.weights_kernel import weights
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.record import Record

# Service times made at once: as many as the second cache holds, they take half of the time of more.
_AT_ONCE = 2**17


class Made(Record, kw_only=False):
    """Weights under some draws, as ``weights_kernel.weights`` fills them in."""

    numbers: Array
    powers: Whole
    spans: Array


class Weights(Record, kw_only=False):
    """The tables.

    Attributes:
        alike: Stations that all tables have alike.
        differing: The others, with a row of parameters a table.
        longer: Station whose F(J) is replaced by J F(J), if any: its place among all, those alike first.
        totals: Customers of the largest split of each table.
        table_of: Which table each split has.
    """

    alike: tuple[Station, ...]
    differing: tuple[Station, ...]
    longer: int | None
    totals: Whole
    table_of: Whole

    @staticmethod
    def of(shared: tuple[Station, ...], splits: Splits, longer: int | None = None) -> Weights:
        """The tables of these stations, in each of which one queueing station's F(J) may be replaced by J F(J)."""
        alike = tuple(station for station in shared if not _differs(station))
        differing = tuple(station for station in shared if _differs(station))
        chosen, sets = distinct_rows(differing, splits.vms.size)
        table_of = np.array(sets, dtype=np.int64)
        totals = np.zeros(len(chosen), dtype=np.int64)
        np.maximum.at(totals, table_of, (splits.vms * splits.threads).astype(np.int64))
        at = None
        if longer is not None:
            station = [station for station in shared if not isinstance(station, Delay)][longer]
            at = next(i for i, each in enumerate((*alike, *differing)) if each is station)
        return Weights(alike, tuple(_of_rows(station, chosen) for station in differing), at, totals, table_of)

    @property
    def draws(self) -> int:
        """Draws that the stations' parameters have."""
        return _draws((*self.alike, *self.differing))

    @cached_property
    def starts(self) -> Whole:
        """Block at which each table starts, and where the last one ends."""
        return np.append(0, np.cumsum(self.totals // BLOCK + 1))

    @property
    def blocks(self) -> int:
        """Blocks of all tables."""
        return int(self.starts[-1])

    def slope(self, draws: slice) -> Array:
        """Half-way between the largest table's first and last step, in logarithms: shape (draws or 1,).

        The last step is about that of the slowest station.
        """
        largest = int(self.totals.argmax())
        most = int(self.totals[largest])
        first, last = np.zeros(1), np.zeros(1)
        for station in (*self.alike, *(_of_rows(station, [largest]) for station in self.differing)):
            times = _of_draws(station, draws).service_times(most).reshape(-1, most)
            first, last = first + times[:, 0], np.maximum(last, times[:, -1])
        with np.errstate(divide="ignore"):
            return np.asarray((np.log(first) + np.log(last) + np.log(most)) / 2.0)

    def made(self, draws: slice, tilt: float) -> Made:
        """Weights times exp(-tilt J) under some draws, a few tables at a time."""
        stations = [_of_draws(station, draws) for station in self.differing]
        most, rows = int(self.totals.max()), max(_draws(stations), _draws([_of_draws(s, draws) for s in self.alike]))
        common, slopes = self._common(draws, most)
        numbers, powers = np.empty((rows, self.blocks * BLOCK)), np.empty((rows, self.blocks), dtype=np.int64)
        spans = np.empty((rows, self.totals.size))
        length = most // BLOCK + 1
        work, work_powers = np.ones((5, 2 * (length + 1) * BLOCK)), np.empty((3, length + 1), dtype=np.int64)
        work[4] = np.arange(1.0, work.shape[1] + 1.0)
        order = np.argsort(-self.totals, kind="stable")
        at = 0
        while at < order.size:
            size = int(self.totals[order[at]])
            some = order[at : at + max(1, _AT_ONCE // (rows * size))]
            at += some.size
            weights(
                common.numbers, common.powers, slopes, common.span, _times(stations, some, size),
                -1 if self.longer is None else self.longer - len(self.alike), self.totals[some], some, tilt,
                numbers, powers, self.starts, spans, work, work_powers,
            )  # fmt: skip
        return Made(numbers, powers, spans)

    def _common(self, draws: slice, most: int) -> tuple[ScaledSeries, Array]:
        """The product of the stations that are alike, tilted, and the slopes taken out of it."""
        if not self.alike:
            one = np.full((1, most + 1), -np.inf)
            one[0, 0] = 0.0
            return ScaledSeries.of_logs(one, np.zeros(1)), np.full(1, -np.inf)
        factors = factor_logs(tuple(_of_draws(station, draws) for station in self.alike), most)
        if self.longer is not None and self.longer < len(self.alike):
            queueing = [i for i, station in enumerate(self.alike) if not isinstance(station, Delay)]
            factors = longer_factors(factors, queueing.index(self.longer))
        logs = log_product(factors)
        slopes = middle_slope(logs)
        slopes = np.where(np.isfinite(slopes), slopes, 0.0)
        return ScaledSeries.of_logs(logs, -slopes), slopes


def longer_factors(factors: list[Array], station: int) -> list[Array]:
    """The factors with a queueing station's F(j) replaced by j F(j)."""
    changed = list(factors)
    with np.errstate(divide="ignore"):
        changed[station + 1] = changed[station + 1] + np.log(np.arange(changed[station + 1].shape[1]))
    return changed


def _differs(station: Station) -> bool:
    """Whether splits differ in the station's parameters."""
    return any(isinstance(p, np.ndarray) and p.shape[0] > 1 for p in station.parameters)


def _of_rows(station: Station, rows: Sequence[int] | Whole) -> Station:
    """The station in some of the splits."""
    return _changed(station, lambda parameter: parameter[rows] if parameter.shape[0] > 1 else parameter)


def _of_draws(station: Station, draws: slice) -> Station:
    """The station under some of the draws."""
    return _changed(station, lambda parameter: parameter[:, draws] if parameter.shape[-1] > 1 else parameter)


def _changed(station: Station, change: Callable[[Array], Array]) -> Station:
    """The station with another array for each of its arrays."""
    arrays = ((n, p) for n in station.parameter_names if isinstance(p := getattr(station, n), np.ndarray))
    changes: dict[str, Any] = {name: change(parameter) for name, parameter in arrays}
    return replace(station, **changes) if changes else station


def _draws(stations: Sequence[Station]) -> int:
    """Draws that the stations' parameters have."""
    return max((p.shape[-1] for s in stations for p in s.parameters if isinstance(p, np.ndarray)), default=1)


def _times(stations: Sequence[Station], tables: Whole, most: int) -> Array:
    """Service times of the stations in some tables: shape (stations, tables, draws or 1, most)."""
    made = [_of_rows(station, tables).service_times(most) for station in stations]
    if len(made) == 1:
        return made[0][None]
    rows = max((each.shape[1] for each in made), default=1)
    found = np.empty((len(made), tables.size, rows, most))
    for into, each in zip(found, made, strict=True):
        into[:] = each
    return found
