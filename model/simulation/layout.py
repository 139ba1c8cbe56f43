"""A network as arrays: stations numbered, instances after each other, shared ones last.

Models: who goes where next. Stations at which nobody ever spends time are left out and reported as empty.
When not to use it: directly; ``simulate`` builds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.network import Instance
from cerberus_plan.model.simulation.description import Description, describe


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Numbered stations of a cluster.

    Attributes:
        names: Name of each station.
        descriptions: Mechanism of each station.
        owner: Instance of each station, -1 for a shared one.
        most: Most threads that can be at each station.
        next_station: The station after each one, -1 at the end of the cycle.
        first: First station of each instance's cycle.
        threads: Threads of each instance.
        factors: Each instance's demand at shared stations, relative to their own.
        n_local: Number of stations that belong to instances; shared ones follow.
        given_names: Name of each station as given: instances in order, then shared ones.
        given_owners: Instance of each station as given, -1 for a shared one.
        positions: Number of each station as given, -1 if left out.
    """

    names: tuple[str, ...]
    descriptions: tuple[Description, ...]
    owner: npt.NDArray[np.int64]
    most: npt.NDArray[np.int64]
    next_station: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    threads: npt.NDArray[np.int64]
    factors: npt.NDArray[np.float64]
    n_local: int
    given_names: tuple[str, ...]
    given_owners: tuple[int, ...]
    positions: tuple[int, ...]


def lay_out(instances: Sequence[Instance], shared: Sequence[Station]) -> Layout:
    """Number the stations.

    Raises:
        InputError: An instance's cycle takes no time.
    """
    total = sum(instance.threads for instance in instances)
    rows: list[tuple[str, Description, int, int]] = []
    positions: list[int] = []
    for v, instance in enumerate(instances):
        _append(rows, positions, instance.stations, v, instance.threads)
    n_local = len(rows)
    _append(rows, positions, shared, -1, total)
    given = [(station, v) for v, instance in enumerate(instances) for station in instance.stations]
    given += [(station, -1) for station in shared]
    owner = np.array([row[2] for row in rows], dtype=np.int64)
    first = [_first(owner, v, n_local, instances[v].threads) for v in range(len(instances))]
    return Layout(
        names=tuple(row[0] for row in rows),
        descriptions=tuple(row[1] for row in rows),
        owner=owner,
        most=np.array([row[3] for row in rows], dtype=np.int64),
        next_station=_next_stations(owner, n_local),
        first=np.array(first, dtype=np.int64),
        threads=np.array([instance.threads for instance in instances], dtype=np.int64),
        factors=np.array([instance.shared_factor for instance in instances]),
        n_local=n_local,
        given_names=tuple(station.name for station, _ in given),
        given_owners=tuple(owner for _, owner in given),
        positions=tuple(positions),
    )


def _append(
    rows: list[tuple[str, Description, int, int]],
    positions: list[int],
    stations: Sequence[Station],
    owner: int,
    most: int,
) -> None:
    for station in stations:
        description = describe(station, most)
        positions.append(-1 if description.instant else len(rows))
        if not description.instant:
            rows.append((station.name, description, owner, most))


def _first(owner: npt.NDArray[np.int64], v: int, n_local: int, threads: int) -> int:
    own = np.flatnonzero(owner == v)
    if own.size:
        return int(own[0])
    if n_local < owner.size:
        return n_local
    raise InputError(
        f"an instance of {counted(threads, 'thread')} has a cycle that takes no time; "
        "give it a Delay or another station with a positive demand"
    )


def _next_stations(owner: npt.NDArray[np.int64], n_local: int) -> npt.NDArray[np.int64]:
    following = np.arange(1, owner.size + 1)
    after_home = n_local if n_local < owner.size else -1
    for s in range(n_local):
        if s + 1 == n_local or owner[s + 1] != owner[s]:
            following[s] = after_home
    if owner.size > n_local:
        following[-1] = -1
    return following
