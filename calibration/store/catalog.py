"""Finds and reads machine and workload files: the shipped ones by name, users' own by path.

Format: TOML with ``format = 1``; every number that has a unit is a table {value, unit, low, high, provenance,
source} (`quantity_table`). Everything is checked at the edge: names against ``model.vocabulary``, units against the
name's dimension, costs not negative, intervals around their value. Inside the program all values are SI.
A machine file that begins with a brace is a calibration profile (JSON), which ``calibration.store.profile`` reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.decode import nearest
from cerberus_plan.calibration.store.files import is_there, read_text
from cerberus_plan.calibration.store.places import profiles, profiles_folder
from cerberus_plan.calibration.store.quantity_table import MEMORY, quantities_of, quantity, text_field
from cerberus_plan.calibration.store.topology_table import topology_of
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.plain import plain, shown
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.topology import Topology
from cerberus_plan.model.vocabulary import COSTS, LIMITS, OPERATIONS
from cerberus_plan.model.workload import Workload

FORMAT = 1
# Profiles carry every raw sample: some 2 MB on a few cores, more on hundreds.
_MOST_BYTES = 512 * 2**20
# Not importlib.resources: it imports zipfile and tempfile, which no start should wait for.
_SHIPPED = Path(__file__).parents[2] / "model" / "data"
_MACHINE_FIELDS = (
    "format", "name", "description", "topology", "quantities", "limits", "deployable", "processor", "costs", "prices",
)  # fmt: skip
_WORKLOAD_FIELDS = (
    "format", "name", "description", "unit", "units_per_cycle", "operations", "job_units",
    "needs_network_card", "memory_per_instance", "note", "calls", "spread", "measured", "objective", "limits",
    "service_variability",
)  # fmt: skip


def shipped(kind: str) -> tuple[str, ...]:
    """Names of the shipped ``machines`` or ``workloads``, in alphabetical order."""
    return tuple(sorted(file.stem for file in (_SHIPPED / kind).glob("*.toml")))


def machine(name_or_file: str) -> Machine:
    """The machine of that name or file; a name may also be that of a calibrated host.

    Raises:
        InputError: No such machine, or its file is broken: says where and how.
    """
    text, where = _text("machines", name_or_file)
    return _parse_profile(text, where) if text.lstrip().startswith("{") else _parse_machine_once(text, where)


def this_host() -> Machine | None:
    """The calibration of the host this runs on, None when there is none.

    Raises:
        InputError: Its profile is broken.
    """
    if not profiles():
        return None
    from cerberus_plan.calibration.store.profile import this_host_profile

    path = this_host_profile()
    return None if path is None else machine(str(path))


def like_this_host() -> Machine | None:
    """The catalog machine that this host comes close to, None when there is none."""
    from cerberus_plan.calibration.store.nearest import candidates, nearest, processor_of_host

    texts = {name: _shipped_text("machines", name) or "" for name in shipped("machines")}
    names = candidates(processor_of_host(), texts)
    if not names:
        return None
    from cerberus_plan.calibration.host.identity import allowed_cpus
    from cerberus_plan.calibration.host.topology import system_topology

    return nearest(system_topology(allowed_cpus()), [machine(name) for name in names])


def _parse_profile(text: str, where: str) -> Machine:
    """A calibrated host as a machine; costs it could not measure are assumed to be the paper machine's."""
    from dataclasses import replace

    from cerberus_plan.calibration.store.profile import from_record, machine_of

    record = decode.parse_json(text, where)
    if isinstance(record, dict):
        record.pop("samples", None)
    measured = machine_of(from_record(record, where=where))
    return replace(measured, quantities={**_of_the_paper(), **measured.quantities})


def _of_the_paper() -> dict[str, Quantity]:
    """Costs of the paper's machine as assumptions about another: systems of the paper can be asked for everywhere."""
    from dataclasses import replace

    paper = machine("amd48")
    return {
        name: replace(
            quantity, provenance=Provenance.ASSUMED, source=f"as on {paper.name}: not measured here", errs_with=""
        )
        for name, quantity in paper.quantities.items()
        # a ceiling that nothing explains is that machine's own; another's memory would bound this one wrongly
        if name != "ceiling_operation" and not name.startswith("memory_bandwidth")
    }


def workload(name_or_file: str) -> Workload:
    """The workload of that name or file.

    Raises:
        InputError: No such workload, or its file is broken: says where and how.
    """
    return parse_workload(*_text("workloads", name_or_file))


@cache
def _shipped_text(kind: str, name: str) -> str | None:
    if "/" in name or name.startswith("."):
        return None
    file = _SHIPPED / kind / f"{name}.toml"
    return file.read_text(encoding="utf-8") if is_there(file) else None


def _text(kind: str, name_or_file: str) -> tuple[str, str]:
    """Content and place of a shipped name or a file."""
    found = _shipped_text(kind, name_or_file)
    if found is not None:
        return found, f"{name_or_file}.toml"
    stored = profiles_folder() / f"{name_or_file}.json"
    if kind == "machines" and name_or_file and "/" not in name_or_file and is_there(stored):
        return read_text(stored, max_bytes=_MOST_BYTES), str(stored)
    is_path = "/" in name_or_file or name_or_file.endswith((".toml", ".json"))
    if is_path or (name_or_file and is_there(Path(name_or_file))):
        return read_text(name_or_file, max_bytes=_MOST_BYTES), name_or_file
    own = tuple(path.stem for path in profiles()) if kind == "machines" else ()
    known = (*shipped(kind), *own)
    what = "the name is empty" if not name_or_file else f"unknown {kind[:-1]} {shown(name_or_file)}"
    raise InputError(
        f"{what}{nearest(name_or_file, known)}; known: {', '.join(map(plain, known))}; "
        f"or give the path of a {'.toml or .json' if own else '.toml'} file (`cerberus-plan {kind}` lists them)"
    )


@cache
def _parse_machine_once(text: str, where: str) -> Machine:
    """The machine of a text that several parts of one plan ask for."""
    return parse_machine(text, where)


def parse_machine(text: str, where: str) -> Machine:
    """A machine from TOML text; ``where`` names the file in messages.

    Raises:
        InputError: What is wrong, in which field, and what is allowed.
    """
    table = _document(text, where, _MACHINE_FIELDS)
    topology = topology_of(_section(table, "topology", where), where)
    quantities = quantities_of(_section(table, "quantities", where), COSTS, f"{where}: quantities")
    if "costs" in table:
        quantities = _with_kernel_costs(quantities, topology, text_field(table, "costs", where), where)
    deployable = table.get("deployable", False)
    if not isinstance(deployable, bool):
        raise InputError(f"{where}: deployable = {shown(deployable)} must be true or false")
    return Machine(
        name=_name(table, where),
        description=text_field(table, "description", where, default=""),
        topology=topology,
        quantities=quantities,
        limits=_limits(_section(table, "limits", where, required=False), f"{where}: limits"),
        deployable=deployable,
        prices=objective_tables().read_prices(table["prices"], where) if "prices" in table else None,
        origin=where,
    )


def _with_kernel_costs(own: dict[str, Quantity], topology: Topology, name: str, where: str) -> dict[str, Quantity]:
    """The machine's own quantities before those derived from its latencies, the named kernel costs and the paper's."""
    from cerberus_plan.calibration.store.kernel_costs import derived_costs

    text = _shipped_text("costs", name)
    if text is None:
        raise InputError(f"{where}: costs = {shown(name)} is unknown; known: {', '.join(shipped('costs'))}")
    table = _document(text, f"{name}.toml", ("format", "quantities"))
    base = quantities_of(_section(table, "quantities", name), COSTS, name)
    return {**_of_the_paper(), **base, **derived_costs(topology, own), **own}


def _limits(section: Mapping[str, Any], where: str) -> dict[str, Quantity]:
    """Limits, of which those that count something are whole numbers of at least 1."""
    found = quantities_of(section, LIMITS, where)
    for name, limit in found.items():
        if LIMITS[name].dimension == "number":
            decode.whole(limit.value, f"{where}: {name}: value", low=1)
    return found


def parse_workload(text: str, where: str) -> Workload:
    """A workload from TOML text; ``where`` names the file in messages.

    Raises:
        InputError: What is wrong, in which field, and what is allowed.
    """
    table = _document(text, where, _WORKLOAD_FIELDS)
    operations = quantities_of(_section(table, "operations", where), OPERATIONS, f"{where}: operations")
    if "calls" in table or "spread" in table:
        operations = _with_calls(operations, table, where)
    if not any(quantity.value > 0.0 for quantity in operations.values()):
        raise InputError(f"{where}: operations: at least one must be above zero, or a cycle takes no time")
    card = table.get("needs_network_card", False)
    if not isinstance(card, bool):
        raise InputError(f"{where}: needs_network_card = {shown(card)} must be true or false")
    memory = table.get("memory_per_instance")
    return Workload(
        name=_name(table, where),
        description=text_field(table, "description", where, default=""),
        unit=text_field(table, "unit", where),
        units_per_cycle=_positive(table, "units_per_cycle", where),
        operations=operations,
        job_units=_positive(table, "job_units", where) if "job_units" in table else None,
        needs_network_card=card,
        memory_per_instance_bytes=None
        if memory is None
        else quantity(memory, MEMORY, f"{where}: memory_per_instance").value,
        note=text_field(table, "note", where, default=""),
        **(_measured(table["measured"], where, operations) if "measured" in table else {}),
        origin=where,
        objective=objective_tables().read_objective(table["objective"], where) if "objective" in table else None,
        limits=objective_tables().read_limits(table["limits"], where) if "limits" in table else {},
        service_variability=decode.number(
            table.get("service_variability", 1.0), f"{where}: service_variability", high=1e3
        ),
    )


def objective_tables() -> ModuleType:
    """The reader of objectives, limits and prices; imported here because most files have none."""
    from cerberus_plan.calibration.store import objective_table

    return objective_table


def _measured(rows: Any, where: str, operations: Mapping[str, Quantity]) -> dict[str, Any]:
    """Throughputs and latencies of the rows [[measured]]; imported here because most workloads have none."""
    from cerberus_plan.calibration.store.measured_rows import from_rows, latencies_from_rows

    return {
        "measured": from_rows(rows, where),
        "latencies": latencies_from_rows(rows, where, operations.get("compute")),
    }


def _with_calls(operations: dict[str, Quantity], table: Mapping[str, Any], where: str) -> dict[str, Quantity]:
    """The operations, and those of the mix of system calls beside them."""
    from cerberus_plan.calibration.store.call_mix import operations_of_mix

    mix = operations_of_mix(table.get("calls", {}), table.get("spread"), where)
    for name in mix:
        if name in operations:
            raise InputError(f"{where}: {name} is given in [operations] and follows from [calls]; keep one of them")
    return {**operations, **mix}


def _document(text: str, where: str, fields: tuple[str, ...]) -> dict[str, Any]:
    """The parsed file with its format and field names checked."""
    table = decode.parse_toml(text, where)
    if "format" not in table:
        raise InputError(f"{where}: field 'format' is missing; write `format = {FORMAT}` at the top")
    if type(table["format"]) is not int or table["format"] != FORMAT:
        raise InputError(
            f"{where}: format = {shown(table['format'])}, but this version reads format {FORMAT}; "
            "update cerberus-plan or convert the file"
        )
    decode.refuse_unknown(table, fields, where)
    return table


def _section(table: Mapping[str, Any], field: str, where: str, *, required: bool = True) -> dict[str, Any]:
    if field not in table:
        if required:
            raise InputError(f"{where}: section [{field}] is missing")
        return {}
    section = table[field]
    if not isinstance(section, dict):
        raise InputError(f"{where}: {field} = {shown(section)} must be a section [{field}]")
    return section


def _name(table: Mapping[str, Any], where: str) -> str:
    return plain(text_field(table, "name", where), one_line=True)


def _positive(table: Mapping[str, Any], field: str, where: str) -> float:
    return decode.number(table.get(field), f"{where}: {field}", positive=True)
