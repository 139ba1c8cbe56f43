"""The cheapest system call, getppid, through the ``syscall`` instruction: the price of entering the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import system_call
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space


@kernel
def getppid_loop(frame: int, role: int, count: int, area: int) -> int:  # noqa: ARG001 - a loop's signature
    """Ask for the parent's number ``count`` times."""
    start(frame, role)
    for _ in range(count):
        system_call(110, 0, 0, 0, 0, 0, 0)
    return finish(frame, role, count)


def _prepare(space: Space) -> list[Case]:
    return [Case(name="syscall", loop=getppid_loop, seats=space.seats(1))]


PRIMITIVE = Primitive(
    name="syscall",
    description="raw system call (getppid)",
    stresses="kernel entry and exit",
    feeds="cost of a system call that does no work",
    prepare=_prepare,
    derive=directly(Direct(name="syscall", cases=("syscall",), note="getppid, raw syscall instruction")),
)
