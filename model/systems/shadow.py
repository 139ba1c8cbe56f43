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
from cerberus_plan.model.mechanisms import paging
from cerberus_plan.model.structure import Costs
from cerberus_plan.model.systems import parts


def stations_of_vm(machine: Costs, operations: Costs, told: Any = 1) -> Iterator[Station]:
    """Stations of one VM with shadow paging; ``told`` VMs repeat each change of the address space."""
    kernel = parts.kernel_factor(machine, operations, "kernel_virtualisation")
    yield from parts.computing(operations, kernel)
    yield from parts.process_lock(operations)
    yield from parts.kernel_lock(operations, kernel)
    yield from _page_faults(machine, operations)
    yield from _address_space_calls(machine, operations, kernel * told)
    yield from parts.files(machine, operations, kernel)
    yield from _cards(machine, operations)
    yield from parts.network(machine, operations)


def _page_faults(machine: Costs, operations: Costs) -> Iterator[Station]:
    if "page_faults" in operations.values:
        yield Delay(operations("page_faults") * machine("page_fault_shadow"), name="page fault")
    if not {"page_faults", "hypervisor_operations"} & set(operations.values):
        return
    # A flush of the VM's cores is done under its shadow lock; it is what makes an operation longer in a larger VM.
    flushes = operations.get("hypervisor_operations") * machine("hypervisor_per_core")
    visits = operations.get("page_faults") + flushes
    yield TicketLock(
        visits * machine("shadow_lock_hold"), handover=visits * machine("shadow_lock_handover"), name="shadow lock"
    )


def _address_space_calls(machine: Costs, operations: Costs, kernel: Any) -> Iterator[Station]:
    calls = parts.address_space_calls(machine, operations, kernel)
    if calls is not None:
        yield parts.queued_calls(machine, operations, calls, kernel)


def _cards(machine: Costs, operations: Costs) -> Iterator[Station]:
    """A card passed through to the VM: sending costs the sender, receiving the core that takes its interrupts."""
    if parts.packets(operations) is None:
        return
    extra = machine("packet_virtualisation")
    yield Delay(operations.get("packets_sent") * extra, name="virtual packets")
    yield Queue(operations.get("packets_received") * extra, name="virtual interrupts")


def hypervisor(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Iterator[Station]:
    """A ceiling that all VMs share, whatever it is: named after what is known of it."""
    if {"page_faults", "hypervisor_operations"} & set(operations.values):
        each = paging.hypervisor_time(np, machine("hypervisor_operation"), threads, machine("hypervisor_per_core"))
        yield from parts.ceiling(machine, operations, vms * threads, each)
