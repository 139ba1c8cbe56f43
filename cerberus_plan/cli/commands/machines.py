"""`cerberus-plan machines`: which machines a plan can be made for; `machines make`: one made of parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan.cli.json_output import print_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cerberus_plan.model.machine import Machine
    from cerberus_plan.model.topology import Topology

group = typer.Typer(add_completion=False, invoke_without_command=True, help="Machines a plan can be made for.")


@group.callback()
def machines(
    ctx: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the catalog, the paper's machines and the calibrated hosts."""
    if ctx.invoked_subcommand is not None:
        return
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.calibration.store.places import profiles
    from cerberus_plan.model.errors import InputError
    from cerberus_plan.model.plain import plain

    found = {name: catalog.machine(name) for name in catalog.shipped("machines")}
    broken = {}
    for path in map(str, profiles()):
        try:
            found[path] = catalog.machine(path)
        except (InputError, OSError) as error:  # one broken profile must not hide the others
            broken[path] = str(error)
            typer.echo(f"left out: {plain(broken[path])}; calibrate again or remove the file", err=True)
    if as_json:
        rows = [_row(machine) | {"file": name} for name, machine in found.items()]
        print_document({"machines": rows, "broken": broken}, indent=2)
        return
    from rich.table import Table

    from cerberus_plan.reports.text.console import literal_console

    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("machine", "cores", "CPUs", "numbers", "description"):
        right = header in {"cores", "CPUs"}
        table.add_column(header, justify="right" if right else "left", overflow="fold", no_wrap=header == "machine")
    for machine in found.values():
        counts = machine.topology.physical_cores, machine.topology.n_cpus
        origin = _origin(machine) + (", unstable" if machine.unstable else "")
        table.add_row(machine.name, *map(str, counts), origin, machine.description)
    literal_console().print(table)


def _row(machine: Machine) -> dict[str, Any]:
    """What the list says of one machine; ``cores`` counts logical CPUs, as everywhere."""
    topology = machine.topology
    return {
        "name": machine.name,
        "cores": topology.n_cpus,
        "physical_cores": topology.physical_cores,
        "sockets": len(set(topology.sockets)),
        "numa_nodes": len(topology.nodes),
        "l3_groups": len(set(topology.l3_groups)),
        "measured": machine.measured,
        "deployable": machine.deployable,
        "unstable": machine.unstable,
        "numbers": _origin(machine),
        "description": machine.description,
    }


def _origin(machine: Machine) -> str:
    """Where most of a machine's numbers come from, in a word or two."""
    if machine.measured:
        return "measured here"
    return "assumed" if machine.deployable else "published"


@group.command()
def make(
    name: Annotated[str, typer.Argument(help="What --machine will call it.")],
    *,
    like: Annotated[str, typer.Option("--like", help="Machine whose costs are carried over: a name or a profile.")],
    topology: Annotated[
        Path | None, typer.Option("--topology", help="lstopo --of xml or lscpu -e of the other machine.")
    ] = None,
    latency: Annotated[Path | None, typer.Option("--latency", help="Its matrix of core-to-core latencies.")] = None,
    sockets: Annotated[int | None, typer.Option("--sockets", min=1, help="Sockets.")] = None,
    nodes_per_socket: Annotated[int | None, typer.Option(min=1, help="NUMA nodes of a socket; 1.")] = None,
    l3_per_node: Annotated[int | None, typer.Option("--l3-per-node", min=1, help="L3 caches of a node; 1.")] = None,
    cores_per_l3: Annotated[int | None, typer.Option("--cores-per-l3", min=1, help="Physical cores at an L3.")] = None,
    threads_per_core: Annotated[int | None, typer.Option(min=1, help="Threads of a core; 1.")] = None,
    memory: Annotated[float | None, typer.Option("--memory", min=0, help="Memory of the machine [GiB].")] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Profile to write; else with the others.")] = None,
) -> None:
    """Make a machine of parts: costs of one, shape of another. What is carried over is assumed, with wider intervals.

    The shape comes from --topology, from counts (--sockets, --cores-per-l3 and others), or from --latency alone.
    """
    from cerberus_plan.calibration.host.reconcile import topology_of_latencies
    from cerberus_plan.calibration.programs.imports.imported_profile import read_latency, read_topology
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.calibration.store.made_machine import check_name, make_machine
    from cerberus_plan.calibration.store.profile import write_profile
    from cerberus_plan.model.errors import InputError

    check_name(name)
    if name in catalog.shipped("machines"):
        raise InputError(f"{name} is a machine of the catalog; choose another name")
    counts = {
        "sockets": sockets,
        "nodes_per_socket": nodes_per_socket,
        "l3_per_node": l3_per_node,
        "cores_per_l3": cores_per_l3,
        "threads_per_core": threads_per_core,
    }
    source = _with_distances(catalog.machine(like), like)
    matrix = None if latency is None else read_latency(str(latency))
    notes: tuple[str, ...] = ()
    if topology is not None:
        if any(counts.values()) or memory is not None:
            raise InputError("--topology tells the shape and the memory; leave out --sockets and the other counts")
        described = read_topology(str(topology))
        shape, notes = described.topology, tuple(described.notes)
    elif any(counts.values()):
        shape = _regular(counts, memory)
    elif matrix is not None:
        shape, notes = topology_of_latencies(matrix)
    else:
        raise InputError(
            "nothing says what shape the machine has; give --topology FILE, --sockets S, or --latency FILE"
        )
    if matrix is not None and not set(matrix.cpus) <= set(shape.cpus):
        raise InputError(
            f"{latency} has latencies of {len(matrix.cpus)} CPUs, not all of which are among the {shape.n_cpus} of "
            f"{topology or 'the counts given'}: these are two machines"
        )
    profile = make_machine(name, source, shape, latency=matrix, notes=notes)
    target = output or _place_for(name)
    write_profile(profile, target)
    for note in profile.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"written: {target}", err=True)
    reference = name if output is None else str(output)
    typer.echo(f"next: cerberus-plan --cores {shape.n_cpus} --machine {reference}", err=True)


def _with_distances(machine: Machine, name_or_file: str) -> Machine:
    """The machine with the round trips of each level that its calibration measured, if it is one."""
    from dataclasses import replace

    from cerberus_plan.calibration.store.made_machine import round_trips
    from cerberus_plan.calibration.store.places import profiles_folder
    from cerberus_plan.calibration.store.profile import read_profile

    if not machine.measured:
        return machine
    file = Path(name_or_file) if Path(name_or_file).is_file() else profiles_folder() / f"{name_or_file}.json"
    told = round_trips(machine.topology, read_profile(file, samples=False).latency)
    return replace(machine, quantities={**machine.quantities, **told})


def _regular(counts: Mapping[str, int | None], memory_gib: float | None) -> Topology:
    """The shape that the counts multiply to."""
    from cerberus_plan.model.errors import InputError
    from cerberus_plan.model.topology import Topology

    given = {key: count for key, count in counts.items() if count is not None}
    if "cores_per_l3" not in given:
        raise InputError("--cores-per-l3 is missing: the physical cores that share a last-level cache")
    total = 1
    for count in given.values():
        total *= count
    if total > 2**16:
        raise InputError(f"these counts multiply to {total} CPUs; at most {2**16}")
    return Topology.regular(**{"sockets": 1, **given}, memory_bytes=(memory_gib or 0.0) * 2.0**30)


def _place_for(name: str) -> Path:
    """Where the profile is kept; a measured host's is never replaced."""
    from cerberus_plan.calibration.store.places import profiles_folder
    from cerberus_plan.calibration.store.profile import MADE, read_profile
    from cerberus_plan.model.errors import InputError

    target = profiles_folder() / f"{name}.json"
    if target.is_file() and read_profile(target, samples=False).host.family != MADE:
        raise InputError(f"{target} is the calibration of a host; choose another name or --output FILE")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
