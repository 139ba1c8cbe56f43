"""Several processes on one Linux: they split the address-space lock and nothing else.

Models: an address-space lock a process; block allocation, file-system lock and network path shared by all.
Assumptions: the processes share no memory and one file system; the work splits evenly among them.
When not to use it: for programs that cannot be split into processes.
Source: what one kernel shares, as in ``linux``; prediction only, the source measured no such run.
"""

from __future__ import annotations

from typing import Any

from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems import parts
from cerberus_plan.model.systems.hardware import on_hardware


@on_hardware()
def law(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
    """Stations of several processes on one kernel."""
    return Structure(
        local=(
            *parts.computing(operations),
            *parts.process_lock(operations),
            *parts.address_space(machine, operations),
        ),
        shared=(
            *parts.kernel_lock(operations),
            *parts.files(machine, operations),
            *parts.network(machine, operations),
            *parts.unexplained(machine, operations, vms * threads),
            *parts.machine_wide(operations),
        ),
        stretch=parts.interference(operations, vms * threads),
    )


PROCESSES = System(
    name="processes",
    title="processes on one Linux",
    law=law,
    clustered=True,
    instance_noun="process",
    deployable=True,
    least_instances=2,
    overcommits=True,
)
