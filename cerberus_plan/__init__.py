"""How many OS instances, and how big: plans for many-core machines, and the exact solver behind them.

``plan`` answers for a workload on a machine, ``fit`` and ``fit_splits`` continue what was measured, ``solve`` takes a
network of your own; ``help(cerberus_plan.api)`` has all names, loaded here on first use.

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


if not TYPE_CHECKING:  # a checker would take every name, misspelt ones too, for one that there is

    def __getattr__(name: str) -> Any:
        """A public name, from ``cerberus_plan.api``."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module 'cerberus_plan' has no attribute {name!r}")
        api = import_module("cerberus_plan.api")

        if name != "__all__" and name not in api.__all__:
            offers = ", ".join(api.__all__)
            message = f"module 'cerberus_plan' has no attribute {name!r}; it offers {offers}"
            raise AttributeError(message, name=name, obj=api)  # Python adds which of them is nearest
        return getattr(api, name)


def __dir__() -> list[str]:
    api = import_module("cerberus_plan.api")

    return ["__version__", *sorted(api.__all__)]
