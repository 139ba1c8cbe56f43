"""One Linux in one Xen VM, direct paging: page-table writes enter the hypervisor.

Models: as ``linux``, with page faults that spend a parallel part outside any lock and hold the kernel's
section while they enter the hypervisor, where the hand-over slows with waiters; kernel work stretched by
virtualisation; packets dearer.
Assumptions: the privileged VM owns the network cards, so the extra cost of a packet is not serial.
When not to use it: for shadow paging (``xen_linux_shadow``) or hardware with nested paging (``kvm``).
Source: OS clustering, EuroSys 2011, Table 5 (hypervisor interaction 70.9 % of cycles at 32 cores) and section 7.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems import parts
from cerberus_plan.model.systems.hardware import on_hardware


def _page_faults(machine: Costs, operations: Costs, kernel: Any) -> Iterator[Station]:
    calls = parts.address_space_calls(machine, operations, kernel)
    if "page_faults" not in operations.values:
        if calls is not None:
            yield parts.queued_calls(machine, operations, calls, kernel)
        return
    faults = operations("page_faults")
    held = faults * machine("page_fault")
    yield Delay(faults * machine("page_fault_direct"), name="page fault")
    yield TicketLock(
        held if calls is None else held + calls,
        handover=faults * machine("hypervisor_entry_handover"),
        name="hypervisor entry",
    )


def _packets(machine: Costs, operations: Costs) -> Iterator[Station]:
    count = parts.packets(operations)
    if count is not None:
        yield Delay(count * machine("packet_virtualisation_xen"), name="virtual packets")


@on_hardware()
def law(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
    """Stations of one virtualised kernel with direct paging."""
    kernel = parts.kernel_factor(machine, operations, "kernel_virtualisation")
    return Structure(
        local=(
            *parts.computing(operations, kernel),
            *parts.process_lock(operations),
            *parts.kernel_lock(operations, kernel),
            *_page_faults(machine, operations, kernel),
            *parts.files(machine, operations, kernel),
            *_packets(machine, operations),
            *parts.network(machine, operations),
        ),
        shared=tuple(parts.machine_wide(operations)),
        stretch=parts.interference(operations, vms * threads),
    )


XEN_LINUX = System(name="xen-linux", title="one Linux on Xen, direct paging", law=law, clustered=False, paging="direct")
