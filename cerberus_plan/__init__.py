"""The front door: the names of ``cerberus_plan.api``, loaded on first use, and the version.

>>> from cerberus_plan import Delay, Instance, Queue, TicketLock, solve
>>> vm = Instance(threads=2, stations=[Delay(8.0), TicketLock(0.6, handover=0.3)])
>>> round(solve(instances=[vm] * 24, shared=[Queue(0.15)]).throughput, 4)
5.2067

``import cerberus_plan`` itself imports nothing heavy.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as type checkers know it; typing itself is imported where an interrupt is met quietly
if TYPE_CHECKING:
    from typing import Any

    from cerberus_plan.api import *  # noqa: F403 - the one list of public names is there

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """A public name, from ``cerberus_plan.api``."""
    if name.startswith("__") and name != "__all__":
        raise AttributeError(f"module 'cerberus_plan' has no attribute {name!r}")
    api = import_module("cerberus_plan.api")

    if name != "__all__" and name not in api.__all__:
        offers = ", ".join(api.__all__)
        raise AttributeError(f"module 'cerberus_plan' has no attribute {name!r}; it offers {offers}")
    return getattr(api, name)


def __dir__() -> list[str]:
    api = import_module("cerberus_plan.api")

    return ["__version__", *sorted(api.__all__)]
