"""A closed queueing network of OS instances: who visits which station.

Models: m instances; instance v runs k_v threads, each cycling for ever through the instance's own stations and
then the shared ones, once each. Service laws are in ``model.laws``.
Assumptions: all threads of an instance are alike; product form (exponential holds at queueing stations, any
distribution at delays); at each shared station all threads have the same demand up to one factor an instance.
When not to use it: locks held while waiting elsewhere, barriers, broadcasts: see the simulator.
Source: Gordon and Newell (1967); Baskett, Chandy, Muntz, Palacios (1975).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws.allocator_search import AllocatorSearch
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.queue_lock import QueueLock
from cerberus_plan.model.laws.reader_writer import ReaderWriterLock
from cerberus_plan.model.laws.servers import Servers
from cerberus_plan.model.laws.shared_bandwidth import SharedBandwidth
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.test_and_set import TestAndSetLock
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.plain import shown
from cerberus_plan.model.whole import as_int

__all__ = [
    "AllocatorSearch",
    "Delay",
    "Instance",
    "Queue",
    "QueueLock",
    "ReaderWriterLock",
    "Servers",
    "SharedBandwidth",
    "Station",
    "TestAndSetLock",
    "TicketLock",
]

# Above this the O(N^2) tables stop fitting ordinary memory; it also catches slips such as 10^8 threads.
MOST_THREADS = 16384


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One OS instance: ``threads`` threads over its own ``stations``.

    Attributes:
        threads: Population of the instance, 1 to 16384.
        stations: Stations only this instance's threads visit, once each a cycle.
        shared_factor: Demand of its threads at every shared station, relative to the station's own demand.

    Raises:
        InputError: Threads outside the range, something that is not a station, or a factor that is not positive.
    """

    threads: int
    stations: tuple[Station, ...]
    shared_factor: float = 1.0
    # Computed when first asked for, and once: the general solver keeps its tables by instance and asks dozens of times.
    _hash: int | None = field(init=False, repr=False, compare=False)

    def __init__(self, *, threads: int, stations: Iterable[Station], shared_factor: float = 1.0) -> None:
        threads = threads if type(threads) is int else as_int(threads)
        object.__setattr__(self, "threads", threads)
        object.__setattr__(self, "stations", check_stations(stations))
        object.__setattr__(self, "shared_factor", shared_factor)
        if type(threads) is not int or not 1 <= threads <= MOST_THREADS:
            raise InputError(f"threads = {shown(threads)} must be a whole number from 1 to {MOST_THREADS}")
        if not (shared_factor > 0.0 and math.isfinite(shared_factor)):
            raise InputError(f"shared_factor = {shown(shared_factor)} must be a positive number")
        object.__setattr__(self, "_hash", None)

    def __hash__(self) -> int:
        found = self._hash
        if found is None:
            found = _hash_of(self.threads, self.stations, self.shared_factor)
            object.__setattr__(self, "_hash", found)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        # Built anew in another process, where texts hash differently.
        return _rebuilt, (self.threads, self.stations, self.shared_factor)


def _rebuilt(threads: int, stations: tuple[Station, ...], shared_factor: float) -> Instance:
    return Instance(threads=threads, stations=stations, shared_factor=shared_factor)


def _hash_of(*parts: object) -> int:
    """The hash of the parts; of arrays among them, which have none, nothing."""
    try:
        return hash(parts)
    except TypeError:
        return hash(parts[0])


def check_stations(stations: Iterable[Station]) -> tuple[Station, ...]:
    """The stations as a tuple.

    Raises:
        InputError: It is no list, or one of them is not a station.
    """
    if not isinstance(stations, Iterable):
        raise InputError(f"{shown(stations)} is not a list of stations; put it into brackets, as in [Queue(0.15)]")
    found = tuple(stations)
    for station in found:
        if not isinstance(station, Station):
            raise InputError(f"{shown(station)} is not a station; use Delay, Queue, Servers, TicketLock or another law")
    return found


def check_instances(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """The instances as a tuple.

    Raises:
        InputError: It is no list, there is none, or one of them is not an instance.
    """
    if not isinstance(instances, Iterable):
        raise InputError(f"{shown(instances)} is not a list of instances; put it into brackets, as in [vm] * 4")
    found = tuple(instances)
    if not found:
        raise InputError("instances is empty; give at least one Instance(threads=..., stations=[...])")
    for instance in found:
        if not isinstance(instance, Instance):
            raise InputError(f"{shown(instance)} is not an Instance; give Instance(threads=..., stations=[...])")
    return found
