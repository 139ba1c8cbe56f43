"""Options that ask for a plan: machine, systems, limits and wishes, the same for every command that plans.

Declared here once, so that what is explained, exported or simulated is what the main command recommended.
When not to use it: for options of one command alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from cerberus_plan.model.record import Record

if TYPE_CHECKING:
    from cerberus_plan.choices import Wishes
    from cerberus_plan.model.machine import Machine
    from cerberus_plan.planner.plan import Constraints

# Bounds are checked where the options become constraints (`choices`): Python meets the same messages.
Cores = Annotated[int | None, typer.Option(help="Cores to plan for, 1 to 4096.", show_default="all")]
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
MaxVms = Annotated[int | None, typer.Option(help="Most OS instances, 1 or more.")]
MemoryPerInstance = Annotated[str | None, typer.Option(help="Memory of each instance, such as 8GiB.")]
MaxCoresPerVm = Annotated[int | None, typer.Option(help="Most cores of an instance, 1 or more.")]
MinCoresPerVm = Annotated[int | None, typer.Option(help="Fewest cores of an instance, 1 or more.")]
Overcommit = Annotated[float, typer.Option(help="Most threads or virtual CPUs a core, 1 to 16.")]
MinInstances = Annotated[int | None, typer.Option("--min-instances", help="Fewest OS instances, 1 or more.")]
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
HostCores = Annotated[int, typer.Option(help="Cores kept for the host, 0 or more.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


class PlanOptions(Record):
    """What was typed of the options that every command which plans has."""

    cores: Cores = None
    machine: MachineName = None
    system: Systems = None
    max_vms: MaxVms = None
    host_cores: HostCores = 0
    memory_per_instance: MemoryPerInstance = None
    max_cores_per_vm: MaxCoresPerVm = None
    min_cores_per_vm: MinCoresPerVm = None
    overcommit: Overcommit = 1.0
    min_instances: MinInstances = None
    rate: Rate = None
    slo: SloLimits = None
    objective: ObjectiveKind = None
    survive: Survive = None
    cost_per_instance: InstanceCost = None
    cost_per_core: CoreCost = None

    def constraints(self, machine: Machine) -> Constraints:
        """The limits on a machine.

        Raises:
            InputError: The host keeps every core, or a bound cannot be.
        """
        from cerberus_plan.choices import constraints_for

        return constraints_for(
            machine,
            cores=self.cores,
            host_cores=self.host_cores,
            max_vms=self.max_vms,
            memory_per_instance=self.memory_per_instance,
            max_cores_per_vm=self.max_cores_per_vm,
            min_cores_per_vm=self.min_cores_per_vm,
            overcommit=self.overcommit,
            min_vms=self.min_instances,
        )

    def wishes(self) -> Wishes:
        """What was asked for beside throughput.

        Raises:
            InputError: The rate is none.
        """
        from cerberus_plan.choices import Wishes, rate_of

        return Wishes(
            rate=rate_of(self.rate),
            slos=tuple(self.slo or ()),
            kind=self.objective,
            survive=self.survive,
            per_instance=self.cost_per_instance,
            per_core=self.cost_per_core,
        )


def asks_for_a_plan(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a plan, where its parameter ``asked`` stands; it gets them as one `PlanOptions`."""
    hints = get_type_hints(PlanOptions, include_extras=True)
    options = [
        Parameter(each.name, Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name])
        for each in fields(PlanOptions)
    ]
    parameters: list[Parameter] = []
    for name, own in signature(command, eval_str=True).parameters.items():
        parameters += options if name == "asked" else [own]

    @wraps(command)
    def with_options(*given: Any, **named: Any) -> None:
        typed = {option.name: named.pop(option.name, option.default) for option in options}
        command(*given, asked=PlanOptions(**typed), **named)

    with_options.__annotations__ = {each.name: each.annotation for each in parameters}
    with_options.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return with_options
