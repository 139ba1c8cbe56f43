"""One Linux in one Xen VM, shadow paging: every page fault takes the VM's one shadow lock.

Models: ``shadow`` with a single VM; the paper's reference for what Cerberus' own hypervisor mode does to a large VM.
Assumptions: those of ``shadow``. When not to use it: see there; the source's dbench collapse to 3.4 MB/s in this
mode is not explained by any structure that fits Table 7 (guest locks held inside shadow operations are suspected).
Source: OS clustering, EuroSys 2011, section 7.3: histogram 246.54 s at 32 cores.
"""

from __future__ import annotations

from typing import Any

from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems import parts, shadow
from cerberus_plan.model.systems.hardware import on_hardware


@on_hardware()
def law(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
    """Stations of one VM with shadow paging."""
    return Structure(
        local=tuple(shadow.stations_of_vm(machine, operations)),
        shared=(*shadow.hypervisor(machine, operations, vms, threads), *parts.machine_wide(operations)),
        stretch=parts.interference(operations, vms * threads),
    )


XEN_LINUX_SHADOW = System(
    name="xen-linux-shadow", title="one Linux on Xen, shadow paging", law=law, clustered=False, paging="shadow"
)
