"""One dependent addition: the unit in which lock holds are made, and a watch on the core's clock rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, kernel, start
from cerberus_plan.calibration.harness.system_calls import spin
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space


@kernel
def delay_loop(frame: int, role: int, count: int, area: int) -> int:  # noqa: ARG001 - a loop's signature
    """Spin ``count`` iterations."""
    start(frame, role)
    spin(count)
    return finish(frame, role, count)


def _prepare(space: Space) -> list[Case]:
    return [Case(name="delay_loop", loop=delay_loop, seats=space.seats(1), count=4096)]


PRIMITIVE = Primitive(
    name="delay_loop",
    description="dependent addition, one iteration",
    stresses="core clock",
    feeds="none; watches the clock rate while the others run",
    prepare=_prepare,
    derive=directly(Direct(name="delay_loop_iteration", cases=("delay_loop",), note="one dependent addition")),
)
