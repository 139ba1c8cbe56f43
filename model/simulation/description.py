"""What a station does, told as a mechanism and not as a rate law: the simulator's own reading of each station.

    FREE     everybody is served at once, each for a hold of mean ``times[0]``
    SERVERS  ``servers`` holds of mean ``times[0]`` at a time, first come first served
    SINGLE   one hold at a time, first come first served, of mean ``times[k - 1]`` with k present
    READERS  a line transfer at a time; then sections, those of readers together, those of writers alone

Assumptions: a lock's hold grows with its waiters as its source says; nothing here is taken from ``service_time``
except for laws that are only known as a measured curve.
When not to use it: for stations with arrays of parameters; simulate one draw at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.laws.station import Array, Station
from cerberus_plan.model.network import (
    Delay,
    Queue,
    QueueLock,
    ReaderWriterLock,
    Servers,
    SharedBandwidth,
    TestAndSetLock,
    TicketLock,
)

FREE, SERVERS, SINGLE, READERS = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One station's mechanism.

    Attributes:
        kind: FREE, SERVERS, SINGLE or READERS.
        times: Mean hold [s]: with 1, 2, ... present at a SINGLE station, else one number.
        servers: Holds at a time.
        line: Mean time of a lock line's transfer at a READERS station [s].
        writes: Share of exclusive sections at a READERS station.
    """

    kind: int
    times: Array
    servers: int = 1
    line: float = 0.0
    writes: float = 0.0

    @property
    def instant(self) -> bool:
        """True when nobody ever spends time here."""
        return not self.times.any() and self.line == 0.0


def describe(station: Station, most: int) -> Description:
    """The mechanism of a station with up to ``most`` threads present.

    Raises:
        InputError: A parameter is an array.
    """
    for name in station.parameter_names:
        if np.ndim(getattr(station, name)) != 0:
            raise InputError(f"{type(station).__name__}: {name} is an array; simulate one draw at a time")
    return _MECHANISMS.get(type(station), _measured)(station, most)


def _delay(station: Any, most: int) -> Description:
    return Description(kind=FREE, times=np.array([float(station.demand)]), servers=most)


def _queue(station: Any, most: int) -> Description:
    return Description(kind=SINGLE, times=np.full(most, float(station.demand)))


def _servers(station: Any, most: int) -> Description:
    if station.count != int(station.count):
        raise InputError(f"Servers: count = {station.count} must be a whole number to be simulated")
    servers = min(int(station.count), most)
    return Description(kind=SERVERS, times=np.array([float(station.demand)]), servers=servers)


def _shared_bandwidth(station: Any, most: int) -> Description:
    """As if one customer at a time were served with what all present can use; who it is does not matter."""
    using = np.minimum(np.arange(1.0, most + 1.0), float(station.saturation))
    return Description(kind=SINGLE, times=float(station.demand) / using)


def _ticket_lock(station: Any, most: int) -> Description:
    """The line visits half of the waiters, in the mean, before the next owner has it."""
    waiters = np.arange(float(most))
    return Description(kind=SINGLE, times=station.hold + waiters * (0.5 * station.handover))


def _queue_lock(station: Any, most: int) -> Description:
    """One transfer if anybody waits."""
    waiting = np.arange(most) > 0
    return Description(kind=SINGLE, times=station.hold + np.where(waiting, station.handover, 0.0))


def _test_and_set_lock(station: Any, most: int) -> Description:
    """Every waiter delays the release once."""
    waiters = np.arange(float(most))
    return Description(kind=SINGLE, times=station.hold + waiters * station.handover)


def _reader_writer_lock(station: Any, most: int) -> Description:
    return Description(
        kind=READERS,
        times=np.array([float(station.hold)]),
        servers=most,
        line=float(station.line),
        writes=float(station.writes),
    )


def _measured(station: Station, most: int) -> Description:
    """A curve of service times without a known mechanism."""
    return Description(kind=SINGLE, times=station.service_times(most))


_MECHANISMS: dict[type[Station], Callable[[Any, int], Description]] = {
    Delay: _delay,
    Queue: _queue,
    Servers: _servers,
    SharedBandwidth: _shared_bandwidth,
    TicketLock: _ticket_lock,
    QueueLock: _queue_lock,
    TestAndSetLock: _test_and_set_lock,
    ReaderWriterLock: _reader_writer_lock,
}
