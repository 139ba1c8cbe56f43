"""All even splits of a machine under all draws of its uncertain costs, in one go.

Models: the same networks as ``model.exact.solver``, for equal instances, vectorised over splits and draws.
Equations: those of ``model.exact.tables`` (nothing shared, or one single server) and ``model.exact.shared_series``
(any shared stations) where they fit, splits alike in their local parameters together, and of their wide forms for many
threads; every other case goes to ``model.exact.solver`` split by split: exact too, only slower.
Two identities come first (``simplified``): nobody waits at a delay, so a shared one is as good as a local one; and
where all local stations are delays it does not matter who is whose, so all threads are one instance.
The general solver is imported when it is needed, so that plans that do not need it start sooner.
Assumptions: those of ``model.network``. When not to use it: for unequal instances.
Source: see ``model.exact.tables`` and ``model.exact.solver``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cerberus_plan.model.exact.quadrature import laguerre
from cerberus_plan.model.exact.tables import LARGE_NODE, Independent, LocalTable, SharedQueue, Splits
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.structure import Structure

if TYPE_CHECKING:
    from cerberus_plan.model.exact.shared_series import SharedStations
    from cerberus_plan.model.exact.solver import Solution
    from cerberus_plan.model.exact.wide_shared import WideSharedStations
    from cerberus_plan.model.exact.wide_table import WideSharedQueue

# Threads of all instances from which compiled series answer sooner than plain ones, the compiler's start included.
_MANY = 150
# Threads of all instances times splits and draws from which a compiled pass is quicker, the compiler's start included.
_MUCH = 4_000_000

__all__ = ["Splits", "occupancy", "solution", "station_at", "throughput"]


def throughput(structure: Structure, splits: Splits, n_draws: int) -> Array:
    """Cycles per second of every split under every draw: shape (splits, draws).

    Args:
        structure: Stations whose parameters broadcast to (splits, draws).
        splits: The splits, in the order of the structure's first axis.
        n_draws: Number of draws.
    """
    shape = (splits.vms.size, n_draws)
    stretch = structure.stretch
    structure, splits = simplified(structure, splits)
    groups = _alike(structure.local, splits)
    if len(groups) == 1:
        found = _rates(structure, splits, shape)
    else:
        found = np.empty(shape)
        for alike in groups:
            part = Splits(vms=splits.vms[alike], threads=splits.threads[alike])
            found[alike] = _rates(_rows(structure, alike), part, (len(alike), n_draws))
    if not np.isfinite(found).all():
        _one_by_one(structure, splits, found)
    found = np.asarray(found / stretch)
    return found if found.shape == shape else np.broadcast_to(found, shape)


def _rates(structure: Structure, splits: Splits, shape: tuple[int, int]) -> Array:
    """Cycles per second of splits alike in their local parameters; not a number where only the solver answers."""
    first = structure
    if any(_varies(station) for station in structure.local):  # alike all the same
        first = replace(structure, local=tuple(_first_split(station) for station in structure.local))
    rate = _compiled(first, splits, shape[1])
    if rate is None:
        table = _table(first, splits)
        if table is None:
            return np.full(shape, np.nan)
        rate = table.throughput()
    found = rate if rate.shape == shape else np.array(np.broadcast_to(rate, shape))
    if structure.shared and not np.isfinite(found).all():
        lost = np.flatnonzero(~np.isfinite(found).all(axis=1))
        rows = _rows(first, lost.tolist())
        wide = _wide(rows, Splits(vms=splits.vms[lost], threads=splits.threads[lost]))
        if wide is not None:
            found[lost] = wide.throughput()
    return found


def _compiled(structure: Structure, splits: Splits, n_draws: int) -> Array | None:
    """One shared single server in a compiled pass, where it pays or a compiler is there already; else None."""
    queue = structure.shared[0] if len(structure.shared) == 1 else None
    if not isinstance(queue, Queue):
        return None
    totals = splits.vms * splits.threads
    if "numba" not in sys.modules and totals.max() * splits.vms.size * n_draws < _MUCH:
        return None
    if laguerre(int(totals.max()) // 2 + 1)[0][-1] > LARGE_NODE:
        return None  # known before a compiler is loaded for it
    from cerberus_plan.model.exact.compiled_queue import throughput as compiled

    return compiled(structure.local, queue, splits, n_draws)


def _first_split(station: Station) -> Station:
    """The station of splits that are alike in it."""
    return _with(
        station,
        {n: p[:1] for n in station.parameter_names if isinstance(p := getattr(station, n), np.ndarray) if len(p) > 1},
    )


def occupancy(structure: Structure, splits: Splits) -> dict[str, Array]:
    """Mean customers at each station, by name, over all instances, under the first draw: shape (splits,) each.

    They sum to the threads of the split: everybody is somewhere. Stations of one name are added.
    """
    first = replace(
        structure,
        local=tuple(_first_draw(s) for s in structure.local),
        shared=tuple(_first_draw(s) for s in structure.shared),
    )
    found: dict[str, Array] = {s.name: np.zeros(splits.vms.size) for s in (*first.local, *first.shared)}
    first, splits = simplified(first, splits)
    for rows in _alike(first.local, splits):
        part, some = _rows(first, rows), Splits(vms=splits.vms[rows], threads=splits.threads[rows])
        table = _table(part, some)
        lengths = None if table is None else table.occupancy(part.local, part.shared)
        if lengths is None and part.shared:
            wide = _wide(part, some)
            lengths = None if wide is None else wide.occupancy(part.local, part.shared)
        for name, values in (lengths or _occupancy_one_by_one(part, some)).items():
            found[name][rows] = values
    return found


def simplified(structure: Structure, splits: Splits) -> tuple[Structure, Splits]:
    """The same network with fewer shared stations, or with fewer instances; the names of stations stay."""
    if not structure.shared:
        return structure, splits
    still = [s for s in structure.shared if isinstance(s, Delay) and not _varies(s)]
    found = structure
    if still:
        rest = tuple(s for s in structure.shared if not any(s is delay for delay in still))
        found = replace(structure, local=(*structure.local, *still), shared=rest)
    if not all(isinstance(station, Delay) for station in found.local):
        return found, splits
    together = Splits(vms=np.ones(splits.vms.size), threads=splits.vms * splits.threads)
    return replace(found, local=(*found.local, *found.shared), shared=()), together


def _varies(station: Station) -> bool:
    """Whether splits differ in the station's parameters."""
    return any(isinstance(p, np.ndarray) and p.shape[0] > 1 for p in station.parameters)


def _alike(local: tuple[Station, ...], splits: Splits) -> list[list[int]]:
    """Splits grouped by equal local parameters: one table serves each group."""
    varying = [p for s in local for p in s.parameters if isinstance(p, np.ndarray) and p.shape[0] > 1]
    if not varying:
        return [list(range(splits.vms.size))]
    groups: dict[bytes, list[int]] = {}
    for split in range(splits.vms.size):
        groups.setdefault(b"".join(p[split].tobytes() for p in varying), []).append(split)
    return list(groups.values())


def _rows(structure: Structure, rows: list[int]) -> Structure:
    """The structure for some of the splits, alike in their local parameters; its stretch and start-up are left out."""

    def taken(station: Station, chosen: list[int]) -> Station:
        arrays = ((n, p) for n in station.parameter_names if isinstance(p := getattr(station, n), np.ndarray))
        return _with(station, {n: p[chosen] for n, p in arrays if p.shape[0] > 1})

    return Structure(
        local=tuple(taken(s, rows[:1]) for s in structure.local), shared=tuple(taken(s, rows) for s in structure.shared)
    )


def _first_draw(station: Station) -> Station:
    return _with(
        station, {n: p[:, :1] for n in station.parameter_names if isinstance(p := getattr(station, n), np.ndarray)}
    )


def _table(
    structure: Structure, splits: Splits
) -> Independent | SharedQueue | WideSharedQueue | SharedStations | WideSharedStations | None:
    """The fast form that fits the structure, or None."""
    most = int(splits.threads.max())
    local = LocalTable.of(structure.local, most)
    if not structure.shared:
        local = local or LocalTable.of(structure.local, most, np.longdouble)
        return None if local is None else Independent(local, splits)
    queue = structure.shared[0] if len(structure.shared) == 1 else None
    if isinstance(queue, Queue):
        return _wide(structure, splits) if local is None else SharedQueue.of(local, queue, splits)
    if local is None or (splits.vms * splits.threads).max() > _MANY:
        return _wide(structure, splits)
    from cerberus_plan.model.exact.shared_series import SharedStations

    return SharedStations.of(local, structure.shared, splits)


def _wide(structure: Structure, splits: Splits) -> WideSharedQueue | WideSharedStations | None:
    """The form for networks that leave the range of a double: its module loads a compiler, which few plans need."""
    queue = structure.shared[0] if len(structure.shared) == 1 else None
    if not isinstance(queue, Queue):
        from cerberus_plan.model.exact.wide_shared import WideSharedStations

        return WideSharedStations(structure.local, structure.shared, splits)
    from cerberus_plan.model.exact.wide_table import WideSharedQueue

    local = LocalTable.of(structure.local, int(splits.threads.max()), np.longdouble)
    return None if local is None else WideSharedQueue(local, splits, queue)


def _occupancy_one_by_one(structure: Structure, splits: Splits) -> dict[str, Array]:
    found: dict[str, Array] = {s.name: np.zeros(splits.vms.size) for s in (*structure.local, *structure.shared)}
    for split in range(splits.vms.size):
        for result in solution(structure, splits, split).stations:
            found[result.name][split] += result.queue_length
    return found


def _one_by_one(structure: Structure, splits: Splits, found: Array) -> None:
    """Fill in what is not a number, split by split and draw by draw, through the general solver."""
    for split, draw in np.argwhere(~np.isfinite(found)).tolist():
        found[split, draw] = solution(structure, splits, split, draw).throughput


def solution(structure: Structure, splits: Splits, split: int, draw: int = 0) -> Solution:
    """The exact solution of one split under one draw, times not stretched."""
    from cerberus_plan.model.exact.solver import solve
    from cerberus_plan.model.network import Instance

    at = (split, draw)
    instance = Instance(
        threads=int(splits.threads[split]), stations=[station_at(station, at) for station in structure.local]
    )
    return solve(
        instances=[instance] * int(splits.vms[split]), shared=[station_at(station, at) for station in structure.shared]
    )


def station_at(station: Station, at: tuple[int, int]) -> Station:
    """The station with its parameters at one split and draw."""
    return _with(
        station,
        {
            name: float(value[tuple(min(i, n - 1) for i, n in zip(at, value.shape, strict=True))])
            for name in station.parameter_names
            if isinstance(value := getattr(station, name), np.ndarray)
        },
    )


def _with(station: Station, changes: dict[str, Any]) -> Station:
    return replace(station, **changes) if changes else station
