"""The main job: the best split for a machine and its programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.plan import Plan

MOST_CORES = 4096

Cores = Annotated[int | None, typer.Option(help="Cores to plan for.", min=1, max=MOST_CORES, show_default="all")]
MachineName = Annotated[
    str | None,
    typer.Option(
        "--machine", help="Shipped machine, or a machine or profile file.", show_default="this host, else amd48"
    ),
]
Workloads = Annotated[
    list[str] | None,
    typer.Option("--workload", help="Shipped workload or file; repeat for several.", show_default="all"),
]
Systems = Annotated[list[str] | None, typer.Option("--system", help="System to consider; repeat for several.")]
MaxVms = Annotated[int | None, typer.Option(help="Most OS instances.", min=1)]
HostCores = Annotated[int, typer.Option(help="Cores kept for the host.", min=0)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def plan(
    ctx: typer.Context,
    *,
    cores: Cores = None,
    machine: MachineName = None,
    workload: Workloads = None,
    system: Systems = None,
    max_vms: MaxVms = None,
    host_cores: HostCores = 0,
    as_json: AsJson = False,
) -> None:
    """How many OS instances, and how big? Predicts every split of the machine and recommends one.

    Without --workload every shipped workload is planned alone. Without --machine the calibration of this host is
    used if there is one, else the 48-core machine of the OS clustering paper.
    """
    if ctx.invoked_subcommand is not None:
        return
    if len(sys.argv) == 1:
        typer.echo(ctx.get_help())
        return
    from cerberus_plan.choices import constraints_for, machine_for, plans_for, systems_for

    chosen = machine_for(machine)
    plans = plans_for(
        chosen,
        workload,
        systems_for(chosen, system),
        constraints_for(chosen, cores=cores, host_cores=host_cores, max_vms=max_vms),
    )
    if as_json:
        import json

        typer.echo(json.dumps(document(plans)))
    else:
        show(plans)


def document(plans: Sequence[Plan]) -> dict[str, object]:
    """The JSON document of the main command."""
    first = plans[0]
    return {
        "machine": {
            "name": first.machine.name,
            "cores": first.machine.topology.n_cpus,
            "description": first.machine.description,
            "measured": first.machine.measured,
        },
        "cores": first.constraints.cores,
        "host_cores": first.constraints.host_cores,
        "plans": [each.to_json() for each in plans],
    }


def show(plans: Sequence[Plan]) -> None:
    """Print the plans as tables."""
    from reports.terminal import print_plans

    print_plans(plans)
