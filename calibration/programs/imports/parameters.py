"""Which parameter of a scan is the number of cores, and how the rest names a series.

Assumption: a parameter called like cores, threads, processes, clients or n is the one, and the more telling name where
several are. Any other (a size, a compiler) counts something else, unless the user says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cerberus_plan.calibration.programs.imports.results import axis_of
from cerberus_plan.calibration.programs.imports.source import Source
from cerberus_plan.model.plain import shortened


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user said about a file.

    Attributes:
        parameter: which parameter of a scan counts cores; None to tell by its name.
        metrics: what a metric is, ``time`` or ``rate``, where its name does not say so.
    """

    parameter: str | None = None
    metrics: Mapping[str, str] = field(default_factory=dict)


NOTHING_ASKED = Asked()


def choose(source: Source, names: Sequence[str], wanted: str | None) -> str | None:
    """The parameter that counts cores, or None if none is called so.

    Args:
        source: for messages.
        names: parameters in the file.
        wanted: what the user asked for, if anything.

    Raises:
        InputError: the one asked for is not there, or several fit.
    """
    given = ", ".join(names)
    if wanted is not None:
        if wanted not in names:
            source.refuse(
                None, f"the parameters {given}" if names else "no parameters", f"the parameter {wanted} asked for"
            )
        return wanted
    fitting = [name for name in names if axis_of(name)]
    telling = [name for name in fitting if axis_of(name) != "n"]
    if len(telling or fitting) > 1:
        source.refuse(None, f"the parameters {given}", "one that counts cores; say which with --parameter NAME")
    return next(iter(telling or fitting), None)


def assumption(axis: str, wanted: str | None) -> list[str]:
    """What to tell people where the name of a parameter leaves open what it counts."""
    if wanted is None and axis_of(axis) in (None, "n"):
        return [f"the parameter {axis} is taken for the number of cores, which its name does not say"]
    return []


def left_out(values: Sequence[object], axis: str) -> list[str]:
    """What to tell people of values that are no count of cores, such as ``auto``, which no curve has a place for."""
    wrong = list(dict.fromkeys(str(value) for value in values if whole(value) is None))
    if not wrong:
        return []
    some = shortened(", ".join(wrong))
    return [f"what was run with {axis} = {some} is not in the curve: that is no whole number of at least 1"]


def unfit(names: Sequence[str]) -> str:
    """Why there is no curve, and what would give one."""
    if not names:
        return "no parameter scan over cores, so no curve: only the demand of each command"
    return (
        f"no parameter scan over cores, so no curve: {', '.join(names)} is not called like one; "
        f"if it counts cores, say --parameter {names[0]}"
    )


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
