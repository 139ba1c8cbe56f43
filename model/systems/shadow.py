"""What VMs with shadow paging have in common: one VM of it is Xen-Linux in shadow mode, several are Cerberus.

Models: in a VM, page faults whose emulation is partly parallel and partly under the VM's shadow lock, whose
hand-over slows with waiters (throughput collapses from 8 cores); the guest kernel's own file system and network
path; one card a VM, whose interrupts one core serves. Shared by all VMs: the hypervisor station.
Assumptions: a dbench-like workload's shadow faults are part of its hypervisor operations, outside the VM's lock.
When not to use it: with nested paging.
Source: OS clustering, EuroSys 2011, Table 7 and section 7.3; the lock of shadow paging is per VM in Xen 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.mechanisms import messages, paging
from cerberus_plan.model.structure import Costs
from cerberus_plan.model.systems import parts


def stations_of_vm(machine: Costs, operations: Costs) -> Iterator[Station]:
    """Stations of one VM with shadow paging."""
    kernel = machine("kernel_virtualisation")
    yield from parts.computing(operations, kernel)
    yield from parts.process_lock(operations)
    yield from parts.kernel_lock(operations, kernel)
    yield from _page_faults(machine, operations)
    yield from parts.files(machine, operations, kernel)
    yield from _cards(machine, operations)
    yield from parts.network(machine, operations)


def _page_faults(machine: Costs, operations: Costs) -> Iterator[Station]:
    if "page_faults" not in operations.values:
        return
    faults = operations("page_faults")
    yield Delay(faults * machine("page_fault_shadow"), name="page fault")
    yield TicketLock(
        faults * machine("shadow_lock_hold"),
        handover=faults * machine("shadow_lock_handover"),
        name="shadow lock",
    )


def _cards(machine: Costs, operations: Costs) -> Iterator[Station]:
    """A card passed through to the VM: sending costs the sender, receiving the core that takes its interrupts."""
    if parts.packets(operations) is None:
        return
    extra = machine("packet_virtualisation")
    yield Delay(operations.get("packets_sent") * extra, name="virtual packets")
    yield Queue(operations.get("packets_received") * extra, name="virtual interrupts")


def hypervisor(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Iterator[Station]:
    """The machine-wide part of the hypervisor, shared by all VMs."""
    if not {"page_faults", "hypervisor_operations"} & set(operations.values):
        return
    count = operations.get("page_faults") + operations.get("hypervisor_operations")
    distance = messages.distance_factor(
        np, vms * threads, machine.get("cores_per_chip", np.inf), machine.get("chip_distance")
    )
    each = paging.hypervisor_time(
        np, machine("hypervisor_operation"), threads, machine("hypervisor_per_core"), distance
    )
    yield Queue(count * each, name="hypervisor")
