"""One small UDP packet sent to oneself and received: the kernel's network path without any wake-up.

Each worker has a socket of its own, so whatever slows many workers is inside the path that they share.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import load, ticks
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.system_calls import read, write
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly, scaling

if TYPE_CHECKING:
    from cerberus_plan.calibration.harness.case import Case
    from cerberus_plan.calibration.primitives.base import Space

_PAYLOAD = 64


@kernel
def packet_path_loop(frame: int, role: int, count: int, area: int) -> int:
    """Send 64 bytes through the role's socket and receive them; one socket a 128-byte row of the area."""
    descriptor, payload = load(area + 128 * role), area + 128 * role + 64
    deadline = start(frame, role)
    done = 0
    while ticks() < deadline:
        for _ in range(count):
            write(descriptor, payload, 64)
            read(descriptor, payload, 64)
        done += count
    return finish(frame, role, done)


def _socket_to_itself() -> int:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    own.connect(own.getsockname())
    return own.detach()


def _prepare(space: Space) -> list[Case]:
    roles = max(space.counts)
    area = space.area(128 * roles)
    for role in range(roles):
        descriptor = _socket_to_itself()
        space.adopt(descriptor)
        space.memory.write(area + 128 * role, [descriptor])
    return scaling(space, "packet_path", packet_path_loop, area=area, count=2, threads=not space.quick)


PRIMITIVE = Primitive(
    name="packet_path",
    description="one UDP packet through the loopback device to oneself",
    stresses="network stack shared by all workers",
    feeds="serial part of a packet",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="packet_path_alone",
            cases=("packet_path.processes.1",),
            note="64 bytes sent and received over UDP loopback, one process",
        ),
        Direct(
            name="packet_path_two_processes",
            cases=("packet_path.processes.2",),
            note="the same by two processes with sockets of their own, per packet of both together",
        ),
    ),
)
