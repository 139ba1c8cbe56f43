"""Two processes send each other a signal in turn and wait for it with sigtimedwait: on two cores, and on one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.harness.atomics import load, store, system_call
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.harness.system_calls import process_number
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from cerberus_plan.calibration.primitives.base import Space

_SIGUSR1 = 10


@inlined
def _send(process: int) -> int:
    return system_call(62, process, 10, 0, 0, 0, 0)


@inlined
def _receive(mask: int) -> int:
    # rt_sigtimedwait without a time limit; the signal is blocked in every worker, so none is lost.
    return system_call(128, mask, 0, 0, 8, 0, 0)


@kernel
def signal_loop(frame: int, role: int, count: int, area: int) -> int:
    """Words of the area: signal mask, process of role 0, process of role 1."""
    store(area + 8 + 8 * role, process_number())
    start(frame, role)
    other = load(area + 8 + 8 * (1 - role))
    for _ in range(count):
        if role == 0:
            _send(other)
            _receive(area)
        else:
            _receive(area)
            _send(other)
    return finish(frame, role, count)


def _prepare(space: Space) -> list[Case]:
    places = {
        "signal.two_cores": space.pair(process=True),
        "signal.same_core": space.pair(process=True, same_core=True),
    }
    return [
        Case(
            name=name,
            loop=signal_loop,
            seats=seats,
            area=space.area_of([1 << (_SIGUSR1 - 1)]),
            count=8,
            blocking=True,
        )
        for name, seats in places.items()
        if seats
    ]


PRIMITIVE = Primitive(
    name="signal_round_trip",
    description="signal there and back between two processes",
    stresses="signal delivery, wake-up",
    feeds="cost of signals; wake-up of another core",
    prepare=_prepare,
    derive=directly(
        Direct(
            name="signal_round_trip",
            cases=("signal.two_cores",),
            note="signal there and back, two processes on two cores",
            quantile=MEDIAN,
        ),
        Direct(
            name="signal_round_trip_same_core",
            cases=("signal.same_core",),
            note="signal there and back, two processes on one core",
            quantile=MEDIAN,
        ),
    ),
)
