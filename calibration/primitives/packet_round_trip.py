"""Eight bytes there and back over TCP on the loopback device: direct, on one core, and forwarded by a responder.

Forwarded: client --TCP--> responder --event counter--> server, and back the same way; the responder owns the socket
and passes the payload on through shared memory, as in OS clustering.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import load, store
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.harness.system_calls import read, write
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Seat
    from cerberus_plan.calibration.primitives.base import Space

_PAYLOAD = 8


@kernel
def packet_loop(frame: int, role: int, count: int, area: int) -> int:
    """Words of the area: socket of the client, of the server."""
    mine, payload = load(area + 8 * role), area + 256 + 128 * role
    start(frame, role)
    for _ in range(count):
        if role == 0:
            write(mine, payload, 8)
        read(mine, payload, 8)
        if role == 1:
            write(mine, payload, 8)
    return finish(frame, role, count)


@kernel
def packet_forwarded_loop(frame: int, role: int, count: int, area: int) -> int:
    """Roles: client, responder, server. Words: client socket, responder socket, event to server, to responder."""
    payload, shared = area + 256 + 128 * role, area + 1024
    start(frame, role)
    for _ in range(count):
        if role == 0:
            write(load(area), payload, 8)
            read(load(area), payload, 8)
        elif role == 1:
            read(load(area + 8), payload, 8)
            store(shared, load(payload))
            store(payload, 1)
            write(load(area + 16), payload, 8)
            read(load(area + 24), payload, 8)
            store(payload, load(shared))
            write(load(area + 8), payload, 8)
        else:
            read(load(area + 16), payload, 8)
            store(shared, load(shared) + 1)
            store(payload, 1)
            write(load(area + 24), payload, 8)
    return finish(frame, role, count)


def connected_sockets() -> tuple[int, int]:
    """Descriptors of both ends of a TCP connection over the loopback device, without delay."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        client = socket.create_connection(listener.getsockname(), timeout=5.0)
        server, _ = listener.accept()
    for end in (client, server):
        end.settimeout(None)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client.detach(), server.detach()


def _direct_case(space: Space, name: str, seats: tuple[Seat, ...]) -> Case:
    ends = connected_sockets()
    space.adopt(*ends)
    return Case(name=name, loop=packet_loop, seats=seats, area=space.area_of(ends), count=4, blocking=True)


def _forwarded_case(space: Space, pair: tuple[Seat, ...]) -> Case:
    ends, events = connected_sockets(), (os.eventfd(0), os.eventfd(0))
    space.adopt(*ends, *events)
    third = space.seats(3, process=True)[2] if len(space.cpus) > 2 else pair[0]
    return Case(
        name="packet.forwarded",
        loop=packet_forwarded_loop,
        seats=(*pair, third),
        area=space.area_of([*ends, *events]),
        count=4,
        blocking=True,
    )


def _prepare(space: Space) -> list[Case]:
    cases = [_direct_case(space, "packet.same_core", space.pair(process=True, same_core=True))]
    if pair := space.pair(process=True):
        cases.append(_direct_case(space, "packet.two_cores", pair))
        cases.append(_forwarded_case(space, pair))
    return cases


PRIMITIVE = Primitive(
    name="packet_round_trip",
    description="8 bytes over TCP loopback and back, direct and forwarded",
    stresses="network stack, wake-up",
    feeds="cost of a socket call to this instance and to another",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="packet_round_trip",
            cases=("packet.two_cores",),
            note="8 bytes over TCP loopback and back, two processes on two cores",
            quantile=MEDIAN,
        ),
        Direct(
            name="packet_round_trip_same_core",
            cases=("packet.same_core",),
            note="the same, two processes on one core",
            quantile=MEDIAN,
        ),
        Direct(
            name="packet_round_trip_forwarded",
            cases=("packet.forwarded",),
            note="the same through a responder process that owns the socket",
            quantile=MEDIAN,
        ),
    ),
)
