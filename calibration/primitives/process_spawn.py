"""Fork and wait, spawn without copying, thread creation: here, and done by a resident process on another core.

Forking copies page tables, so its cost grows with the memory of the caller; the measuring process is some 160 MB
large, like a small server. A resident process saves nothing of that but is what OS clustering uses to start work
in another instance: it polls a mailbox and answers when the child has ended.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from numba import types

from cerberus_plan.calibration.harness.atomics import load, store
from cerberus_plan.calibration.harness.case import Case
from cerberus_plan.calibration.harness.frame import finish, inlined, kernel, start
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.calibration.harness.system_calls import fork_and_wait, spawn_and_wait, wait_for
from cerberus_plan.calibration.primitives.base import Direct, Primitive, directly

if TYPE_CHECKING:
    from collections.abc import Callable

    from cerberus_plan.calibration.primitives.base import Space

_create: Any = types.ExternalFunction("pthread_create", types.int32(types.int64, types.int64, types.int64, types.int64))
_join: Any = types.ExternalFunction("pthread_join", types.int32(types.int64, types.int64))

_FORK, _SPAWN, _THREAD = 0, 1, 2


@inlined
def _create_and_join(area: int) -> int:
    """Words of the area: address of a C function that returns at once, handle of the thread."""
    _create(area + 8, 0, load(area), 0)
    return _join(load(area + 8), 0)


@inlined
def _make(what: int, area: int) -> int:
    if what == 0:
        return fork_and_wait()
    if what == 1:
        return spawn_and_wait()
    return _create_and_join(area)


@kernel
def spawn_loop(frame: int, role: int, count: int, area: int) -> int:
    """Make ``count`` children one after the other; word 2 of the area says which kind."""
    what = load(area + 16)
    start(frame, role)
    for _ in range(count):
        _make(what, area)
    return finish(frame, role, count)


@kernel
def spawn_resident_loop(frame: int, role: int, count: int, area: int) -> int:
    """Role 0 asks through a mailbox, role 1 makes the child and answers."""
    what, request, answer = load(area + 16), area + 128, area + 256
    if role == 0:
        store(request, 0)
        store(answer, 0)
    start(frame, role)
    for i in range(1, count + 1):
        if role == 0:
            store(request, i)
            wait_for(answer, i)
        else:
            wait_for(request, i)
            _make(what, area)
            store(answer, i)
    return finish(frame, role, count)


def _function_that_returns() -> int:
    """Address of a C function without arguments that does next to nothing."""
    return ctypes.cast(ctypes.CDLL(None).getppid, ctypes.c_void_p).value or 0


def _prepare(space: Space) -> list[Case]:
    function = _function_that_returns()

    def case(name: str, loop: Callable[[int, int, int, int], int], what: int) -> Case:
        resident = loop is spawn_resident_loop
        return Case(
            name=name,
            loop=loop,
            seats=space.pair(process=True) if resident else space.seats(1, process=True),
            area=space.area_of([function, 0, what]),
            count=1,
            blocking=True,
            every=1 if what else 2,
        )

    kinds = (("process_fork", _FORK), ("process_spawn", _SPAWN), ("thread_create", _THREAD))
    cases = [case(name, spawn_loop, what) for name, what in kinds]
    cases += [case(f"{name}_resident", spawn_resident_loop, what) for name, what in kinds]
    return [found for found in cases if found.seats]


def _direct(name: str, note: str) -> Direct:
    return Direct(name=name, cases=(name,), note=note, quantile=MEDIAN)


PRIMITIVE = Primitive(
    name="process_spawn",
    description="fork, spawn and thread creation, here and through a resident process",
    stresses="page-table copy, scheduler, process table",
    feeds="start-up cost of processes and threads",
    prepare=_prepare,
    derive=directly(
        _direct("process_fork", "fork, exit, wait, from a process of about 160 MB"),
        _direct("process_spawn", "clone sharing memory (vfork), exit, wait"),
        _direct("thread_create", "pthread_create and pthread_join"),
        _direct("process_fork_resident", "fork, exit, wait by a polling process on another core"),
        _direct("process_spawn_resident", "vfork, exit, wait by a polling process on another core"),
        _direct("thread_create_resident", "pthread_create, join by a polling process on another core"),
    ),
)
