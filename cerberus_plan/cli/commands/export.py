"""`cerberus-plan export`: the plan as files that a hypervisor, systemd or an orchestrator takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cerberus_plan.cli.json_output import print_document
from cerberus_plan.cli.plan_options import PlanOptions, asks_for_a_plan
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import CannotAnswerError, InputError

# Splits that are placed and compared, the fastest first.
RIVALS = 12

if TYPE_CHECKING:
    from cerberus_plan.model.machine import Machine
    from cerberus_plan.planner.deploy.deployment import Format
    from cerberus_plan.planner.placing.distance import Distances
    from cerberus_plan.planner.placing.placed import Placed
    from cerberus_plan.planner.plan import Candidate, Plan


@asks_for_a_plan
def export(
    *,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="libvirt, xl, firecracker, cloud-hypervisor, proxmox, incus, systemd, script, slurm, compose, "
            "kubernetes or kubevirt.",
            metavar="NAME",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder to write; it must be empty or absent.", metavar="DIR")],
    workload: Annotated[str, typer.Option(help="Shipped workload or file.")],
    asked: PlanOptions,
    best: Annotated[bool, typer.Option("--best", help="The best split, even if it leaves cores idle.")] = False,
    vms: Annotated[int | None, typer.Option(help="Instances of the split to deploy instead.", min=1)] = None,
    cores_per_vm: Annotated[int | None, typer.Option(help="Its cores per instance.", min=1)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that is not empty.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write the plan as deployment files: every vCPU on a CPU of its own, memory on the same node.

    Deploys the best split that uses all cores, unless --best or --vms and --cores-per-vm choose another; with a rate,
    a limit, prices or --objective the split that they choose, asked again of the format's own system. The format's
    own system is evaluated again, and what that gains or loses is said. Files give each vCPU a CPU of its own:
    where more of them than CPUs would be best (--overcommit), the best split without is deployed instead, and told.
    """
    from cerberus_plan.choices import (
        distances_for,
        machine_for,
        plans_for,
        systems_for,
        why_no_costs,
    )
    from cerberus_plan.planner.deploy.bundle import bundle
    from cerberus_plan.planner.deploy.choice import Wish, choose_for
    from cerberus_plan.planner.deploy.deployment import Deployment, safe_name
    from cerberus_plan.planner.deploy.folder import check_folder, write_folder
    from cerberus_plan.planner.deploy.portable import carry_machine, carry_workload
    from cerberus_plan.planner.placing.placed import placed

    chosen_format = _format(form)
    check_folder(output, replace=force)
    if (vms is None) != (cores_per_vm is None):
        raise InputError("--vms and --cores-per-vm go together: give both, or neither")
    host = machine_for(asked.machine)
    if why := why_no_costs(host):
        typer.echo(why, err=True)
    if vms is None and not best:
        _check_room(host, asked.cores)
    wishes = asked.wishes()
    constraints = asked.constraints(host)
    plan = plans_for(host, [workload], systems_for(host, asked.system), constraints, wishes)[0]
    choice = choose_for(chosen_format, plan, Wish(best=best, vms=vms, cores_per_vm=cores_per_vm))
    distances = distances_for(asked.machine, host)
    where = placed(choice.plan, choice.candidate, distances)
    deployment = Deployment(name=safe_name(plan.workload.name), topology=host.topology, placement=where.placement)
    lines = (*choice.lines, *_crossing(where), *_closer(choice.plan, where, distances))
    machine_name, machine_files = carry_machine(asked.machine, host)
    workload_name, workload_files = carry_workload(workload)
    facts = _facts(choice.plan, choice.candidate, where, machine=machine_name, workload=workload_name)
    files = bundle(chosen_format, deployment, facts, lines, {**machine_files, **workload_files})
    write_folder(output, files, replace=force)
    if as_json:
        print_document({**facts, "output": str(output), "files": sorted(files), "lines": list(lines)})
        return
    for line in (*lines, *(f"Note: {note}." for note in where.placement.notes)):
        typer.echo(line)
    typer.echo(f"{counted(len(files), 'file')} written to {output}; start with README.md there", err=True)


# What people type, and the formats that do it.
_MEANT = {
    "docker": "compose, or script (docker.sh)",
    "podman": "compose, or script (docker.sh)",
    "qemu": "libvirt",
    "kvm": "libvirt",
    "virsh": "libvirt",
    "xen": "xl",
    "k8s": "kubernetes",
    "lxd": "incus",
    "mpi": "slurm (rankfile)",
    "numactl": "script",
    "taskset": "script",
}


def _check_room(host: Machine, cores: int | None) -> None:
    """Refuse what no machine that is known can place, before it is planned.

    Raises:
        CannotAnswerError: The machine has fewer CPUs.
    """
    if cores is not None and cores > host.topology.n_cpus:
        raise CannotAnswerError(
            f"{host.name} has {counted(host.topology.n_cpus, 'CPU')}, the split {counted(cores, 'core')}; export on "
            f"the larger machine, or give it with --machine: cerberus-plan machines make NAME --like {host.name} --help"
        )


def _format(name: str) -> Format:
    from cerberus_plan.planner.deploy.all_formats import FORMATS

    if name not in FORMATS:
        meant = _MEANT.get(name.lower())
        advice = f"; for {name} take {meant}" if meant else ""
        raise InputError(f"unknown format {name!r}; known: {', '.join(FORMATS)}{advice}")
    return FORMATS[name]


def _crossing(where: Placed) -> list[str]:
    from cerberus_plan.reports.formats import percent

    crossing = max(each.shares.crossing_l3 for each in where.placement.places)
    if not crossing:
        return ["Every instance stays inside one L3 group."]
    if where.crossing_cost < 0.0005:
        return [
            f"Up to {percent(crossing)} of an instance's pairs of CPUs cross L3 groups; "
            "that costs this workload nothing that is known."
        ]
    return [
        f"Up to {percent(crossing)} of an instance's pairs of CPUs cross L3 groups, "
        f"which costs {percent(where.crossing_cost)} of the throughput."
    ]


def _closer(plan: Plan, where: Placed, distances: Distances) -> list[str]:
    """A split of as many cores that is faster because its instances stay closer together."""
    from cerberus_plan.model.systems.registry import SYSTEMS
    from cerberus_plan.planner.placing.placed import respecting
    from cerberus_plan.planner.splits.describe import describe
    from cerberus_plan.reports.formats import percent

    if not where.crossing_cost:
        return []
    rivals = [c for c in plan.candidates if c.cores == where.candidate.cores and c.cores_per_vm is not None]
    best = respecting(plan, distances, candidates=rivals[:RIVALS])[0]
    gain = best.throughput / where.throughput - 1.0
    if gain < 0.01:
        return []
    split = best.candidate
    return [
        f"As placed, {describe(split, SYSTEMS)} would be {percent(gain)} faster, for its instances cross fewer "
        f"caches: --vms {split.vms} --cores-per-vm {split.cores_per_vm}."
    ]


def _facts(plan: Plan, candidate: Candidate, where: Placed, *, machine: str, workload: str) -> dict[str, Any]:
    return {
        "machine": machine,
        "workload": workload,
        "system": candidate.system,
        "unit": plan.workload.unit,
        "throughput": candidate.throughput,
        "low": candidate.low,
        "high": candidate.high,
        "throughput_as_placed": where.throughput,
        "split": list(candidate.split),
    }
