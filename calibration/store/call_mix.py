"""A workload written as a mix of system calls: the [calls] and [spread] sections of a workload file.

    [calls]            # calls in each cycle
    mmap = 0.5
    futex = 2
    read = 10

    [spread]           # share of a category's calls whose target is spread over all instances
    files = 0.1        # a tenth of the file calls use shared files

Models: ``model.mechanisms.syscalls`` turns the mix into operations. Time inside the calls belongs to
``kernel_compute``; the mix only adds what a cluster pays for them.
Assumptions: those of ``syscalls``. When not to use it: beside [operations] of the same name; say it once.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.mechanisms import syscalls
from cerberus_plan.model.quantity import Provenance, Quantity


def operations_of_mix(calls: Any, spread: Any, where: str) -> dict[str, Quantity]:
    """Operations of the mix, by name.

    Args:
        calls: The [calls] section: number of calls in each cycle, by name.
        spread: The [spread] section, or None.
        where: The file, for messages.

    Raises:
        InputError: A call or category that is not known, or a number that is not allowed.
    """
    counts = _numbers(calls, tuple(syscalls.CATEGORY_OF), f"{where}: calls", most=None)
    shares = _numbers(spread or {}, tuple(syscalls.Category), f"{where}: spread", most=1.0)
    chosen = {**syscalls.USUAL_SHARE, **{syscalls.Category(name): share for name, share in shares.items()}}
    return {
        name: Quantity(value=count, unit="1", provenance=Provenance.DERIVED, source="[calls] of the workload")
        for name, count in syscalls.operations(counts, spread=chosen).items()
    }


def _numbers(section: Any, known: tuple[str, ...], where: str, *, most: float | None) -> Mapping[str, float]:
    if not isinstance(section, dict):
        raise InputError(f"{where} must be a section of numbers, such as `mmap = 2`")
    for name, number in section.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise InputError(f"{where}: {name!r} is not one of the virtualised calls or categories{hint}")
        allowed = 0.0 <= number < float("inf") if _is_number(number) else False
        if not allowed or (most is not None and number > most):
            raise InputError(f"{where}: {name} = {number!r} must be a number from 0{f' to {most:g}' if most else ''}")
    return section


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
