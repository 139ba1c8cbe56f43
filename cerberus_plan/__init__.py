"""The front door: public names, loaded on first use, and the command line.

>>> from cerberus_plan import Delay, Instance, Queue, TicketLock, solve
>>> vm = Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])
>>> round(solve(instances=[vm] * 24, shared=[Queue(0.15)]).throughput, 4)
5.2067

``import cerberus_plan`` itself imports nothing heavy: each name is fetched from its module when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cerberus_plan.interactive import calibration, fit, frame, plan
    from model.errors import CannotAnswerError, CerberusError, InputError
    from model.network import (
        Delay,
        Instance,
        Queue,
        QueueLock,
        ReaderWriterLock,
        Servers,
        TestAndSetLock,
        TicketLock,
    )
    from model.simulation import Rules, Simulation, simulate
    from model.solver import Solution, solve

__all__ = [
    "CannotAnswerError",
    "CerberusError",
    "Delay",
    "InputError",
    "Instance",
    "Queue",
    "QueueLock",
    "ReaderWriterLock",
    "Rules",
    "Servers",
    "Simulation",
    "Solution",
    "TestAndSetLock",
    "TicketLock",
    "calibration",
    "fit",
    "frame",
    "plan",
    "simulate",
    "solve",
]

_HOMES = {
    "cerberus_plan.interactive": ("calibration", "fit", "frame", "plan"),
    "model.errors": ("CannotAnswerError", "CerberusError", "InputError"),
    "model.network": (
        "Delay",
        "Instance",
        "Queue",
        "QueueLock",
        "ReaderWriterLock",
        "Servers",
        "TestAndSetLock",
        "TicketLock",
    ),
    "model.simulation": ("Rules", "Simulation", "simulate"),
    "model.solver": ("Solution", "solve"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A public name, from its module."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'cerberus_plan' has no attribute {name!r}; it offers {', '.join(__all__)}")
    import importlib

    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
