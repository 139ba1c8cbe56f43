"""Options that ask for a plan: machine, systems, limits and wishes, the same for every command that plans.

Declared here once, so that what is explained, exported or simulated is what the main command recommended.
When not to use it: for options of one command alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cerberus_plan.choices import Wishes

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
MemoryPerInstance = Annotated[str | None, typer.Option(help="Memory of each instance, such as 8GiB.")]
MaxCoresPerVm = Annotated[int | None, typer.Option(help="Most cores of an instance.", min=1)]
MinCoresPerVm = Annotated[int | None, typer.Option(help="Fewest cores of an instance.", min=1)]
Overcommit = Annotated[float, typer.Option(help="Most threads or virtual CPUs a core, 1 to 16.")]
MinInstances = Annotated[int | None, typer.Option("--min-instances", help="Fewest OS instances.", min=1)]
Rate = Annotated[str | None, typer.Option(help="Rate to carry, in the workload's unit, such as 20000/s.")]
SloLimits = Annotated[
    list[str] | None, typer.Option("--slo", help="Limit of the response time, such as p99=10ms; repeat for several.")
]
ObjectiveKind = Annotated[
    str | None,
    typer.Option(
        "--objective", help="What to choose for: throughput, latency or cost.", show_default="cost with --rate"
    ),
]
Survive = Annotated[str | None, typer.Option(help="Keep rate and limits after the loss of an instance or a socket.")]
InstanceCost = Annotated[float | None, typer.Option("--cost-per-instance", help="Cost of an instance.", min=0.0)]
CoreCost = Annotated[float | None, typer.Option("--cost-per-core", help="Cost of a core in use.", min=0.0)]
HostCores = Annotated[int, typer.Option(help="Cores kept for the host.", min=0)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def wishes_of(
    *,
    rate: str | None,
    slo: list[str] | None,
    objective: str | None,
    survive: str | None,
    cost_per_instance: float | None,
    cost_per_core: float | None,
) -> Wishes:
    """What was asked for beside throughput.

    Raises:
        InputError: The rate is none.
    """
    from cerberus_plan.choices import Wishes, rate_of

    return Wishes(
        rate=rate_of(rate),
        slos=tuple(slo or ()),
        kind=objective,
        survive=survive,
        per_instance=cost_per_instance,
        per_core=cost_per_core,
    )
