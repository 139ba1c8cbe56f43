"""Reading the clock the ordinary way, clock_gettime through the vDSO: what time stamps in programs cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import types

from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space

# Unlike a ctypes pointer, an external symbol may be kept in the cache of compiled code.
_clock_gettime: Any = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.int64))


@kernel
def clock_read_loop(frame: int, role: int, count: int, area: int) -> int:
    """Read CLOCK_MONOTONIC into the area ``count`` times."""
    start(frame, role)
    for _ in range(count):
        _clock_gettime(1, area)
    return finish(frame, role, count)


def _prepare(space: Space) -> list[Case]:
    return [Case(name="clock_read", loop=clock_read_loop, seats=space.seats(1), area=space.area())]


PRIMITIVE = Primitive(
    name="clock_read",
    description="clock_gettime through the vDSO",
    stresses="user-space clock",
    feeds="cost of time stamps",
    prepare=_prepare,
    derive=directly(Direct(name="clock_read", cases=("clock_read",), note="clock_gettime(CLOCK_MONOTONIC), vDSO")),
)
