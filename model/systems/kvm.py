"""Independent VMs with nested paging: what an ordinary host runs today.

Models: in each VM a whole kernel with its own locks; page faults and kernel work stretched by nested paging;
packets dearer by a paravirtual card; two-dimensional page walks stretch the program itself, and every VM costs part of
a core. No message is needed. VMs share no kernel lock, only the hardware, and on a machine whose runs showed a ceiling
that nothing explains (``ceiling_operation``) that too.
Assumptions: the work splits into independent parts; nested faults reach the hypervisor only on first touch.
When not to use it: for programs that need one file system or one address space across VMs (see ``cerberus``).
Source: structure as in ``linux``; the cost of nested paging is measured on hosts and assumed on the paper's machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems import parts
from cerberus_plan.model.systems.hardware import on_hardware


def _packets(machine: Costs, operations: Costs) -> Iterator[Station]:
    count = parts.packets(operations)
    if count is not None:
        yield Delay(count * machine("packet_virtualisation_nested"), name="virtual packets")


@on_hardware(nested=True)
def law(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
    """Stations of one VM, and the machine's ceiling."""
    nested = parts.kernel_factor(machine, operations, "nested_paging")
    return Structure(
        local=(
            *parts.computing(operations, nested, machine.get("nested_paging_user", 1.0)),
            *parts.process_lock(operations),
            *parts.kernel_lock(operations, nested),
            *parts.address_space(machine, operations, nested),
            *parts.files(machine, operations, nested),
            *_packets(machine, operations),
            *parts.network(machine, operations),
        ),
        shared=(*parts.unexplained(machine, operations, vms * threads), *parts.machine_wide(operations)),
        stretch=parts.interference(operations, vms * threads),
    )


KVM = System(
    name="kvm",
    title="independent VMs (KVM)",
    law=law,
    clustered=True,
    deployable=True,
    paging="nested",
    overcommits=True,
)
