"""Which parameter of a scan is the number of cores, and how the rest names a series.

Assumption: a parameter called like cores, threads, processes, clients or n is the one; with a single
parameter of whole numbers there is no doubt either. Otherwise the user says which.
"""

from __future__ import annotations

from collections.abc import Sequence

from cerberus_plan.calibration.programs.imports.results import axis_of
from cerberus_plan.calibration.programs.imports.source import Source


def choose(source: Source, names: Sequence[str], wanted: str | None) -> str:
    """The parameter that counts cores.

    Args:
        source: for messages.
        names: parameters in the file.
        wanted: what the user asked for, if anything.

    Raises:
        InputError: the one asked for is not there, or none or several fit.
    """
    given = ", ".join(names)
    if wanted is not None:
        if wanted not in names:
            source.refuse(None, f"the parameters {given}", f"the parameter {wanted} asked for")
        return wanted
    fitting = list(names) if len(names) == 1 else [name for name in names if axis_of(name)]
    if len(fitting) != 1:
        source.refuse(None, f"the parameters {given}", "one that counts cores; say which with --parameter NAME")
    return fitting[0]


def whole(token: object) -> int | None:
    """A parameter's value as a whole number of at least 1, or None if it is not one."""
    try:
        value = float(str(token))
    except ValueError:
        return None
    return int(value) if 1 <= value < 2**31 and value == int(value) else None


def others(parameters: dict[str, object], axis: str) -> str:
    """The other parameters as ``a=1 b=2``, to name a series."""
    return " ".join(f"{name}={value}" for name, value in parameters.items() if name != axis)
