"""Reads a fleet from a TOML file.

Format:

    format = 1
    name = "shop"
    risk = 0.05            # a machine may do less than counted on with this probability
    utilisation = 0.8      # largest load, as a share of what is counted on
    parts = 1              # 2: a machine may be halved between two workloads
    objective = "cost"     # or "headroom"
    currency = "EUR"

    [[machine]]
    name = "big"
    machine = "epyc-9654-1s"      # a name or a file, beside this one unless absolute
    count = 10
    price = 900                   # host_cores, cores, max_vms, max_cores_per_vm, min_cores_per_vm, systems: as options

    [[workload]]
    name = "pages"
    workload = "apache"
    rate = 2_000_000              # in the workload's unit
    survive = 1                   # least_machines, on = ["big"], apart = "label"
    slo = "p99=10ms"              # or a list of them

Either every machine has a price or none; without prices the usable cores are counted. Rate and limits of the response
time that a workload's own file gives hold where none are given here; its limits on instances hold besides a machine's.
When not to use it: for one machine; the main command plans it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store import catalog, decode
from cerberus_plan.calibration.store.files import naming, read_text
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.objective import Slo
from cerberus_plan.model.plain import shown
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.fleet.fleet import OBJECTIVES, Demand, Fleet, MachineType
from cerberus_plan.planner.plan import MOST_CORES, Constraints

FORMAT = 1
MOST_TYPES, MOST_DEMANDS, MOST_MACHINES = 256, 256, 100_000
_MOST_PARTS, _MOST_LOST, _MOST_SLOS = 4, 16, 8
_BOUNDS = ("max_vms", "max_cores_per_vm", "min_cores_per_vm")
_FIELDS = (
    "format", "name", "risk", "utilisation", "parts", "objective", "budget", "currency", "machine", "workload",
)  # fmt: skip
_MACHINE = ("name", "machine", "count", "price", "systems", "cores", "host_cores", *_BOUNDS)
_WORKLOAD = ("name", "workload", "rate", "survive", "least_machines", "on", "apart", "slo")

SystemsFor = Callable[[Machine, Sequence[str] | None], Sequence[System]]


def read_fleet(path: str | Path, systems_for: SystemsFor) -> Fleet:
    """The fleet in a file.

    Args:
        path: The file.
        systems_for: The systems to consider on a machine, given those asked for or None.

    Raises:
        InputError: No such file, or it is broken: says where and how.
    """
    return parse_fleet(read_text(path), str(path), systems_for, folder=Path(path).parent)


def parse_fleet(text: str, where: str, systems_for: SystemsFor, *, folder: Path) -> Fleet:
    """The fleet in a text; ``where`` names it in messages, ``folder`` is where its files are looked for.

    Raises:
        InputError: It is broken: says where and how.
    """
    table = decode.table(decode.parse_toml(text, where), where, _FIELDS)
    if type(decode.member(table, "format", where)) is not int or table["format"] != FORMAT:
        raise InputError(f"{where}: format = {shown(table['format'])}, but this version reads format {FORMAT}")
    machines = _rows(table, "machine", where, MOST_TYPES)
    types = tuple(_machine(row, place, systems_for, folder) for row, place in machines)
    decode.listed((one.name for one in types), "machine", where)
    workloads = _rows(table, "workload", where, MOST_DEMANDS)
    demands = tuple(_demand(row, place, folder, [one.name for one in types]) for row, place in workloads)
    decode.listed((one.name for one in demands), "workload", where)
    if sum(one.count for one in types) > MOST_MACHINES:
        raise InputError(f"{where}: more than {MOST_MACHINES} machines in all; plan them in parts")
    priced = _priced([row for row, _ in machines], where)
    return Fleet(
        name=decode.name(table.get("name", Path(where).stem), f"{where}: name"),
        types=types,
        demands=demands,
        risk=_share(table.get("risk", 0.05), f"{where}: risk", least=1e-6, most=0.5),
        utilisation=_share(table.get("utilisation", 0.8), f"{where}: utilisation", least=0.01, most=1.0),
        parts=decode.whole(table.get("parts", 1), f"{where}: parts", low=1, high=_MOST_PARTS),
        objective=decode.one_of(table.get("objective", "cost"), f"{where}: objective", OBJECTIVES),
        budget=decode.number(table["budget"], f"{where}: budget") if "budget" in table else None,
        currency=decode.name(table.get("currency", "money"), f"{where}: currency") if priced else "cores",
    )


def _rows(table: dict[str, Any], field: str, where: str, most: int) -> list[tuple[dict[str, Any], str]]:
    """The tables [[field]], at least one, each with its place for messages."""
    found = decode.rows(table.get(field, []), f"{where}: [[{field}]]", most=most)
    if not found:
        raise InputError(f"{where}: no [[{field}]]; a fleet needs at least one")
    places = [f"{where}: {field}[{n}]" for n in range(len(found))]
    return [(decode.table(row, place), _named(row, place)) for row, place in zip(found, places, strict=True)]


def _named(row: dict[str, Any], place: str) -> str:
    """The place with the name of what stands there, where it has one."""
    return f"{place} ({shown(row['name'])})" if isinstance(row.get("name"), str) else place


def _share(value: object, where: str, *, least: float, most: float) -> float:
    found = decode.number(value, where, high=most)
    if found < least:
        decode.refuse(value, where, f"a number from {least:g} to {most:g}")
    return found


def _priced(rows: Sequence[dict[str, Any]], where: str) -> bool:
    """Whether the machines have prices: all of them, or none."""
    lacking = [n for n, row in enumerate(rows) if "price" not in row]
    if lacking and len(lacking) < len(rows):
        raise InputError(
            f"{where}: machine[{lacking[0]}] has no price, others have; give all of them one (0 for what is paid "
            "already), or none"
        )
    return not lacking


def _machine(row: dict[str, Any], where: str, systems_for: SystemsFor, folder: Path) -> MachineType:
    decode.refuse_unknown(row, _MACHINE, where)
    with naming(f"{where}: machine"):
        machine = catalog.machine(_file(decode.member(row, "machine", where), f"{where}: machine", folder))
    cores = decode.whole(row.get("cores", machine.topology.n_cpus), f"{where}: cores", low=1, high=MOST_CORES)
    host_cores = decode.whole(row.get("host_cores", 0), f"{where}: host_cores", high=cores - 1)
    bounds = {
        name: decode.whole(row[name], f"{where}: {name}", low=1, high=MOST_CORES) for name in _BOUNDS if name in row
    }
    if bounds.get("min_cores_per_vm", 1) > min(bounds.get("max_cores_per_vm", cores), cores - host_cores):
        raise InputError(f"{where}: min_cores_per_vm = {bounds['min_cores_per_vm']} is above the most of an instance")
    constraints = Constraints(cores=cores, host_cores=host_cores, **bounds)
    price = decode.number(row["price"], f"{where}: price") if "price" in row else float(constraints.usable)
    return MachineType(
        name=decode.name(row.get("name", machine.name), f"{where}: name"),
        machine=machine,
        constraints=constraints,
        systems=tuple(system.name for system in systems_for(machine, _systems(row, where))),
        count=decode.whole(decode.member(row, "count", where), f"{where}: count", high=MOST_MACHINES),
        price=price,
    )


def _systems(row: dict[str, Any], where: str) -> list[str] | None:
    if "systems" not in row:
        return None
    place = f"{where}: systems"
    names = decode.rows(row["systems"], place, most=len(SYSTEMS))
    return [decode.one_of(name, f"{place}[{n}]", SYSTEMS) for n, name in enumerate(names)]


def _demand(row: dict[str, Any], where: str, folder: Path, machines: Sequence[str]) -> Demand:
    decode.refuse_unknown(row, _WORKLOAD, where)
    with naming(f"{where}: workload"):
        workload = catalog.workload(_file(decode.member(row, "workload", where), f"{where}: workload", folder))
    on = decode.rows(row.get("on", []), f"{where}: on", most=MOST_TYPES)
    return Demand(
        name=decode.name(row.get("name", workload.name), f"{where}: name"),
        workload=workload,
        rate=_rate(row, workload, where),
        survive=decode.whole(row.get("survive", 0), f"{where}: survive", high=_MOST_LOST),
        least_machines=decode.whole(
            row.get("least_machines", 1), f"{where}: least_machines", low=1, high=MOST_MACHINES
        ),
        on=tuple(decode.one_of(name, f"{where}: on[{n}]", machines) for n, name in enumerate(on)),
        apart=decode.text(row.get("apart", ""), f"{where}: apart"),
        slos=_slos(row, workload, where),
    )


def _rate(row: dict[str, Any], workload: Workload, where: str) -> float:
    """The rate given here, else that of the workload's own objective."""
    own = workload.objective
    if "rate" not in row and own is not None and own.rate is not None:
        return own.rate
    return decode.number(decode.member(row, "rate", where), f"{where}: rate", positive=True)


def _slos(row: dict[str, Any], workload: Workload, where: str) -> tuple[Slo, ...]:
    """The limits given here, else those of the workload's own objective."""
    if "slo" not in row and workload.objective is not None:
        return workload.objective.slos
    given = row.get("slo", [])
    rows = [given] if isinstance(given, str) else decode.rows(given, f"{where}: slo", most=_MOST_SLOS)
    if rows and workload.job_units is not None:
        raise InputError(f"{where}: slo: {workload.name} is a finite job, which has no requests; leave slo out")
    found = tuple(Slo.parse(decode.name(text, f"{where}: slo"), f"{where}: slo") for text in rows)
    decode.listed((slo.name for slo in found), "limit", f"{where}: slo")
    return found


def _file(value: object, where: str, folder: Path) -> str:
    """A name of the catalog as it is; a path beside the fleet's file."""
    name = decode.name(value, where)
    is_path = "/" in name or name.endswith((".toml", ".json"))
    return str(folder / name) if is_path else name
