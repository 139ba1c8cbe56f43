"""The tables [objective] and [limits] of a workload file and [prices] of a machine file, read and written.

    [objective]                                     [limits]                    [prices]
    rate = 20000           # in the workload's unit max_vms = 8                 per_instance = 20
    kind = "cost"          # throughput, latency    min_vms = 2                 per_core = 5
    survive = "instance"   # or "socket"            max_cores_per_vm = 16       unit = "EUR/month"
    slo = { p99 = "10ms", mean = "2ms" }            min_cores_per_vm = 2

Options of the command line replace what a file says. When not to use it: for the machine's own bounds, which are
quantities in its [limits].
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.objective import COST, KINDS, LOSSES, THROUGHPUT, Objective, Prices, Slo

LIMITS = ("max_vms", "min_vms", "max_cores_per_vm", "min_cores_per_vm")
_FIELDS = ("rate", "kind", "survive", "slo")
_PRICES = ("per_instance", "per_core", "unit")
# Beyond any machine and any fleet of one.
_MOST = 2**16


def read_objective(value: Any, where: str) -> Objective:
    """An objective from parsed TOML.

    Raises:
        InputError: What is wrong, in which field, and what is allowed.
    """
    place = f"{where}: objective"
    table = decode.table(value, place, _FIELDS)
    rate = decode.number(table["rate"], f"{place}: rate", positive=True) if "rate" in table else None
    slos = decode.table(table.get("slo", {}), f"{place}: slo")
    return _built(
        place,
        kind=decode.one_of(table.get("kind", usual_kind(rate)), f"{place}: kind", KINDS),
        rate=rate,
        survive=decode.one_of(table["survive"], f"{place}: survive", LOSSES) if "survive" in table else "",
        slos=tuple(
            Slo.parse(f"{name}={decode.text(limit, f'{place}: slo: {name}')}", f"{place}: slo")
            for name, limit in slos.items()
        ),
    )


def usual_kind(rate: float | None) -> str:
    """What is chosen for when nobody says: the least cost of carrying a rate, else the largest throughput."""
    return THROUGHPUT if rate is None else COST


def _built(place: str, **given: Any) -> Objective:
    try:
        return Objective(**given)
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def read_limits(value: Any, where: str) -> dict[str, int]:
    """Bounds on instances from parsed TOML.

    Raises:
        InputError: A bound that is unknown, no whole number, or below another.
    """
    place = f"{where}: limits"
    table = decode.table(value, place, LIMITS)
    found = {name: decode.whole(each, f"{place}: {name}", low=1, high=_MOST) for name, each in table.items()}
    for what in ("vms", "cores_per_vm"):
        least, most = found.get(f"min_{what}", 1), found.get(f"max_{what}", _MOST)
        if least > most:
            raise InputError(f"{place}: min_{what} = {least} is above max_{what} = {most}")
    return found


def read_prices(value: Any, where: str) -> Prices:
    """Prices from parsed TOML.

    Raises:
        InputError: What is wrong, in which field, and what is allowed.
    """
    place = f"{where}: prices"
    table = decode.table(value, place, _PRICES)
    numbers = {name: decode.number(table[name], f"{place}: {name}") for name in _PRICES[:2] if name in table}
    if not any(numbers.values()):
        raise InputError(f"{place}: give per_instance or per_core a price above 0")
    return Prices(**numbers, unit=decode.name(table["unit"], f"{place}: unit") if "unit" in table else "")


def objective_lines(objective: Objective | None, limits: dict[str, int]) -> list[str]:
    """The tables of a workload file as lines of TOML."""
    lines: list[str] = []
    if limits:
        lines += ["", "[limits]", *(f"{name} = {value}" for name, value in limits.items())]
    if objective is not None:
        lines += ["", "[objective]", f'kind = "{objective.kind}"']
        if objective.rate is not None:
            lines.append(f"rate = {objective.rate!r}")
        if objective.survive:
            lines.append(f'survive = "{objective.survive}"')
        if objective.slos:
            slos = ", ".join(f'"{slo.name}" = "{Decimal(repr(slo.seconds)):f}s"' for slo in objective.slos)
            lines.append(f"slo = {{ {slos} }}")
    return lines
