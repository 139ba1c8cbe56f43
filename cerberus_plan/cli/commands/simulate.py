"""`cerberus-plan simulate`: does the model hold where the plan uses it?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan.cli import report_file
from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.plan_options import Cores, HostCores, MachineName, MaxVms, Overcommit
from cerberus_plan.cli.report_file import ReportFile
from cerberus_plan.model.errors import CannotAnswerError, InputError

if TYPE_CHECKING:
    from cerberus_plan.model.simulation import Rules
    from cerberus_plan.planner.splits.network_of import CandidateNetwork

_OF_A_PLAN = "--cores, --machine, --workload, --system, --max-vms, --host-cores, --overcommit, --vms, --cores-per-vm"


def simulate(
    file: Annotated[
        Path | None, typer.Argument(help="Network to simulate (TOML or JSON); default: a planned candidate.")
    ] = None,
    *,
    cores: Cores = None,
    machine: MachineName = None,
    workload: Annotated[str | None, typer.Option(help="Workload, as in the main command.")] = None,
    system: Annotated[str | None, typer.Option(help="System of the candidate; default: the plan's best.")] = None,
    max_vms: MaxVms = None,
    host_cores: HostCores = 0,
    overcommit: Overcommit = 1.0,
    vms: Annotated[
        int | None, typer.Option(help="OS instances of the candidate; default: the plan's best.", min=1)
    ] = None,
    cores_per_vm: Annotated[int | None, typer.Option(help="Threads of each instance, with --vms.", min=1)] = None,
    completions: Annotated[int, typer.Option(help="Cycles to simulate in all.", min=64, max=10**12)] = 1_000_000,
    replications: Annotated[int, typer.Option(help="Independent runs that share them.", min=1)] = 8,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal bits.")] = 0,
    holds: Annotated[str | None, typer.Option(help="exponential or deterministic.")] = None,
    handover: Annotated[str | None, typer.Option(help="state, start, arrival or release.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler; default: this machine.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    report_path: ReportFile = None,
) -> None:
    """Simulate a planned candidate, or a network in a file, beside the exact answer of the model."""
    report_file.check(report_path)
    crowded = None if overcommit == 1.0 else overcommit
    others = (cores, machine, system, max_vms, vms, cores_per_vm, host_cores or None, crowded)
    _check_choice(file, workload, others=others)
    _check_split(vms, cores_per_vm, system)
    if completions < 64 * replications:
        raise InputError(f"--completions {completions}: give at least 64 for each of {replications} --replications")
    from cerberus_plan.calibration.store.files import naming
    from cerberus_plan.cli.progress import progress
    from cerberus_plan.cli.replications import executor, replicate
    from cerberus_plan.model.exact.solver import solve
    from cerberus_plan.model.simulation import pool
    from cerberus_plan.model.simulation import simulate as simulate_network
    from cerberus_plan.reports.text.simulation_text import Comparison, document, print_comparison

    bounds = {"cores": cores, "host_cores": host_cores, "max_vms": max_vms, "overcommit": overcommit}
    if file is not None:
        title, unit, network, rules = _from_file(file)
    else:
        title, unit, network, rules = _from_plan(
            machine_name=machine,
            workload_name=str(workload),
            system_name=system,
            bounds=bounds,
            split=(vms, cores_per_vm),
        )
    rules = _with_options(rules, holds, handover)
    with naming(file):
        exact = solve(instances=network.instances, shared=network.shared)
    run = partial(
        simulate_network,
        instances=network.instances,
        shared=network.shared,
        completions=completions // replications,
        seed=seed,
        rules=rules,
    )
    with naming(file), progress("simulating") as report, executor(scheduler, replications) as workers:
        found = pool(replicate(run, replications, workers, report))
    comparison = Comparison(
        title=title, unit=unit, network=network, rules=rules, exact=exact, simulated=found, replications=replications
    )
    if report_path is not None:
        from cerberus_plan.reports.pages.simulation_page import simulation_page

        page = simulation_page(document(comparison), command=report_file.command(), version=report_file.version())
        report_file.write(report_path, page)
    if as_json:
        print_document(document(comparison))
    else:
        print_comparison(comparison)


def _check_choice(file: Path | None, workload: str | None, *, others: tuple[object, ...]) -> None:
    if file is not None and any(option is not None for option in (workload, *others)):
        raise InputError(f"{file} is a whole network: leave out the options of a plan ({_OF_A_PLAN})")
    if file is None and workload is None:
        raise InputError("give a network file, or --workload to simulate a planned candidate")


def _check_split(vms: int | None, cores_per_vm: int | None, system: str | None) -> None:
    if (vms is None) != (cores_per_vm is None):
        raise InputError("--vms and --cores-per-vm go together; give both, or neither for the plan's best")
    if vms is not None and system is None:
        raise InputError("--vms and --cores-per-vm need the --system they are for")


def _from_file(file: Path) -> tuple[str, str, CandidateNetwork, Rules]:
    from cerberus_plan.calibration.store.network_file import read_network
    from cerberus_plan.planner.splits.network_of import CandidateNetwork

    written = read_network(file)
    network = CandidateNetwork(
        instances=written.instances,
        shared=written.shared,
        stretch=1.0,
        startup_s=0.0,
        units_per_cycle=1.0,
        job_units=None,
    )
    return file.name, "cycles/s", network, written.rules


def _from_plan(
    *,
    machine_name: str | None,
    workload_name: str,
    system_name: str | None,
    bounds: dict[str, Any],
    split: tuple[int | None, int | None],
) -> tuple[str, str, CandidateNetwork, Rules]:
    """The candidate asked for, or the plan's best."""
    from cerberus_plan.calibration.store import catalog
    from cerberus_plan.choices import constraints_for, machine_for, systems_for
    from cerberus_plan.model.simulation import Rules
    from cerberus_plan.model.systems.registry import SYSTEMS
    from cerberus_plan.planner.splits.choose import plan
    from cerberus_plan.planner.splits.network_of import network_of

    machine = machine_for(machine_name)
    program = catalog.workload(workload_name)
    systems = systems_for(machine, None if system_name is None else [system_name])
    constraints = constraints_for(machine, **bounds)
    vms, cores_per_vm = split
    if vms is None or cores_per_vm is None:
        best = plan(machine, program, systems, constraints).best
        system, vms, cores_per_vm = SYSTEMS[best.system], best.vms, best.split[0]
        _refuse_crowd(vms, cores_per_vm, constraints.usable)
    else:
        if constraints.usable < vms * cores_per_vm <= constraints.threads(overcommits=systems[0].overcommits):
            _refuse_crowd(vms, cores_per_vm, constraints.usable)
        if vms * cores_per_vm > constraints.usable:
            raise InputError(f"--vms {vms} x --cores-per-vm {cores_per_vm} need more than {constraints.usable} cores")
        system = systems[0]
    network = network_of(machine, program, system, vms=vms, threads=cores_per_vm)
    title = f"{program.name} on {machine.name}: {system.title}, {vms} x {cores_per_vm}"
    return title, program.unit, network, Rules()


def _refuse_crowd(vms: int, threads: int, cores: int) -> None:
    """The simulator's run queue is an instance's own.

    Raises:
        CannotAnswerError: There are more threads than cores.
    """
    if vms * threads > cores:
        raise CannotAnswerError(
            f"{vms} x {threads} has {vms * threads} threads, and all instances share the {cores} cores; the simulator "
            "knows cores of each instance only. Simulate a split with a core for each (--vms and --cores-per-vm), or "
            "one instance from a file, with `cores` and `sleeping` under [rules]"
        )


def _with_options(rules: Rules, holds: str | None, handover: str | None) -> Rules:
    from dataclasses import replace

    if holds is not None:
        rules = replace(rules, holds=holds)
    return rules if handover is None else replace(rules, handover=handover)
