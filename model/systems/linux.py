"""One Linux on all cores: every lock of the kernel is shared by all threads.

Models: compute, page faults under the address-space lock, block allocation, the network path.
Assumptions: one process with one address space; one file system; costs of ``model.systems.parts``.
When not to use it: for several processes (see ``processes``) or kernels with other locks than the machine's costs.
Source: OS clustering, EuroSys 2011, Tables 5 and 6: mmap_sem 74.5 % and ext3 search 84.8 % of cycles at 48 cores.
"""

from __future__ import annotations

from typing import Any

from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems import parts
from cerberus_plan.model.systems.hardware import on_hardware


@on_hardware()
def law(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
    """Stations of one kernel on bare metal."""
    return Structure(
        local=(
            *parts.computing(operations),
            *parts.process_lock(operations),
            *parts.kernel_lock(operations),
            *parts.address_space(machine, operations),
            *parts.files(machine, operations),
            *parts.network(machine, operations),
        ),
        shared=tuple(parts.machine_wide(operations)),
        stretch=parts.interference(operations, vms * threads),
    )


LINUX = System(
    name="linux",
    title="one Linux",
    law=law,
    clustered=False,
    instance_noun="OS",
    deployable=True,
    overcommits=True,
)
