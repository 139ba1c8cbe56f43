"""What a system makes of a workload on a machine: stations, interference and start-up, for many splits at once.

Models: the step (Machine, Workload, System) -> Network. A system writes its stations as arithmetic on costs; costs
and splits are numpy arrays that broadcast, splits along the first axis and draws of the uncertain costs along the
second, so that one call describes every split under every draw.
When not to use it: for unequal splits; ask for the structure of each size and build instances from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.laws.station import Parameter, Station
from cerberus_plan.model.record import Record, field
from cerberus_plan.model.vocabulary import COSTS, OPERATIONS

KNOWN = {**COSTS, **OPERATIONS}


class Structure(Record):
    """Stations of one instance, stations shared by all, a factor on all times, and seconds before work starts.

    ``stretched_by`` names the parts of the factor that have a name of their own; the rest is interference.
    """

    local: tuple[Station, ...]
    shared: tuple[Station, ...] = ()
    stretch: Parameter = 1.0
    stretched_by: Mapping[str, Parameter] = field(default_factory=dict)
    startup_s: Parameter = 0.0


class Costs(Record, kw_only=False):
    """Values of a machine's or workload's quantities by name: numbers, or arrays with one value a draw.

    ``where`` names the machine or workload in the message about a missing one, ``remedy`` says there where it comes
    from; ``used`` collects the names asked for, so that a plan can list the numbers it rests on.
    """

    where: str
    values: Mapping[str, Any]
    used: set[str] = field(default_factory=set, compare=False)
    remedy: str = field(default="", compare=False)

    def __call__(self, name: str) -> Any:
        """The value, which must exist.

        Raises:
            CannotAnswerError: The machine or workload does not have it.
        """
        if name not in self.values:
            meaning = f" ({KNOWN[name].meaning})" if name in KNOWN else ""
            remedy = f"; {self.remedy}" if self.remedy else ""
            raise CannotAnswerError(f"{self.where} has no quantity {name!r}{meaning}, which this system needs{remedy}")
        self.used.add(name)
        return self.values[name]

    def get(self, name: str, default: float = 0.0) -> Any:
        """The value, or the default for an operation that does not occur."""
        if name in self.values:
            self.used.add(name)
            return self.values[name]
        return default


# machine costs, workload operations, VMs, threads per VM -> structure
StructureLaw = Callable[[Costs, Costs, Any, Any], Structure]


class System(Record):
    """How an OS structure maps operations onto contention points.

    Attributes:
        name: Name in the command line and in JSON.
        title: Name for people.
        law: Builds the structure; ``law(machine_costs, operations, vms, threads_per_vm)``.
        clustered: True when it may run several instances, False for one OS on all cores.
        instance_noun: What an instance is called ("VM", "process", "OS").
        deployable: True for what an ordinary host can run today.
        least_instances: Fewest instances worth naming (one process of ``processes`` is plain Linux).
        paging: How page tables are kept: "native", or by a hypervisor "direct", "shadow" or "nested".
        messages: True when instances serve one application together and so send each other messages.
        overcommits: True when it may have more threads or virtual CPUs than cores.
    """

    name: str
    title: str
    law: StructureLaw
    clustered: bool
    instance_noun: str = "VM"
    deployable: bool = False
    least_instances: int = 1
    paging: str = "native"
    messages: bool = False
    overcommits: bool = False

    @property
    def virtualised(self) -> bool:
        """True when instances are VMs, which the machine's limits on VMs, their vCPUs and their cards bind."""
        return self.paging != "native"

    @property
    def thread_noun(self) -> str:
        """What of an instance runs on a CPU: a virtual CPU of a VM, or a thread."""
        return "vCPU" if self.virtualised else "thread"
