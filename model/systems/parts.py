"""Stations that several systems have in common: the parts of one OS instance.

Models: each function turns counts of one operation and costs of the machine into the stations it visits; an
operation that does not occur visits none, so networks stay as small as the workload.
Assumptions: costs add up; one cycle visits each station once with the summed demand.
When not to use it: for costs that depend on the number of VMs; those are in the systems.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cerberus_plan.model.laws.allocator_search import AllocatorSearch
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.interference import stretch
from cerberus_plan.model.laws.queue_lock import QueueLock
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.mechanisms import messages
from cerberus_plan.model.structure import Costs

# A limit of the whole machine that runs show and nothing explains.
CEILING = "unidentified ceiling"
# Operations that are done in the kernel, and take longer in a VM.
KERNEL_WORK = frozenset({"kernel_compute", "kernel_lock", "page_faults", "file_mb", "address_space_calls"})
# One kernel on bare metal; virtualised kernels pass their factor.
_NATIVE = 1.0


def kernel_factor(machine: Costs, operations: Costs, cost: str) -> Any:
    """Factor on kernel work in a VM; a program that does none asks no machine for it."""
    return machine(cost) if KERNEL_WORK & set(operations.values) else _NATIVE


def computing(operations: Costs, kernel: Any = _NATIVE, user: Any = _NATIVE) -> Iterator[Station]:
    """Work that nobody else disturbs; ``kernel`` stretches the part inside the kernel, ``user`` the rest."""
    yield Delay(operations.get("compute") * user + operations.get("kernel_compute") * kernel, name="compute")


def process_lock(operations: Costs) -> Iterator[Station]:
    """A lock that each process has of its own, as a fitted curve describes it."""
    if "process_lock" in operations.values:
        yield TicketLock(
            operations("process_lock"), handover=operations.get("process_lock_handover"), name="process lock"
        )


def kernel_lock(operations: Costs, kernel: Any = _NATIVE) -> Iterator[Station]:
    """A lock that each kernel has of its own, as a fitted curve describes it."""
    if "kernel_lock" in operations.values:
        yield TicketLock(
            operations("kernel_lock") * kernel,
            handover=operations.get("kernel_lock_handover") * kernel,
            name="kernel lock",
        )


def machine_wide(operations: Costs) -> Iterator[Station]:
    """A resource of the machine that no split divides."""
    if "machine_resource" in operations.values:
        yield Queue(operations("machine_resource"), name="shared resource")


def interference(operations: Costs, active_cores: Any) -> Any:
    """Factor on all times from cores that slow each other, whichever instance they belong to."""
    return stretch(np, active_cores, operations.get("machine_interference"))


def address_space(machine: Costs, operations: Costs, kernel: Any = _NATIVE) -> Iterator[Station]:
    """Page faults and changes of one address space: what is under its lock, and what a measured host says is not.

    Kernels since Linux 4.2 queue their waiters: where a cost of passing the lock on is known (``passing``), it is paid
    once, however many wait. Older machines have a ticket lock, whose hand-over grows with them.
    """
    calls = address_space_calls(machine, operations, kernel)
    if "page_faults" not in operations.values:
        if calls is not None:
            yield queued_calls(machine, operations, calls, kernel)
        return
    faults = operations("page_faults")
    held = faults * machine("page_fault") * kernel
    if calls is not None:
        held = held + calls
    if "page_fault_parallel" not in machine.values:
        yield Queue(held, name="address-space lock")
        return
    yield Delay(faults * machine("page_fault_parallel") * kernel, name="page faults")
    if {"page_fault_passing", "address_space_passing"} & set(machine.values):
        passing = faults * machine.get("page_fault_passing") * kernel + _passing(machine, operations, kernel)
        yield QueueLock(held, handover=passing, name="address-space lock")
        return
    handover = faults * machine.get("page_fault_handover") * kernel
    yield TicketLock(held, handover=handover, name="address-space lock")


def address_space_calls(machine: Costs, operations: Costs, kernel: Any = _NATIVE) -> Any:
    """Time of a cycle's mmap, munmap, mprotect, mremap and brk, which hold the address-space lock; None without."""
    if "address_space_calls" not in operations.values:
        return None
    return operations("address_space_calls") * machine("address_space_call") * kernel


def queued_calls(machine: Costs, operations: Costs, calls: Any, kernel: Any = _NATIVE) -> Station:
    """The address-space lock taken by these calls alone."""
    if "address_space_passing" not in machine.values:
        return Queue(calls, name="address-space lock")
    return QueueLock(calls, handover=_passing(machine, operations, kernel), name="address-space lock")


def _passing(machine: Costs, operations: Costs, kernel: Any) -> Any:
    """What a cycle's calls pay for passing the lock on when somebody waits."""
    return operations.get("address_space_calls") * machine.get("address_space_passing") * kernel


def files(machine: Costs, operations: Costs, kernel: Any = _NATIVE) -> Iterator[Station]:
    """Writing to files: the block allocator of one file system."""
    if "file_mb" not in operations.values:
        return
    megabytes = operations("file_mb")
    if "file_parallel" in machine.values:
        yield Delay(megabytes * machine("file_parallel") * kernel, name="file writes")
    yield AllocatorSearch(
        megabytes * machine("block_allocation") * kernel,
        search=megabytes * machine("block_search") * kernel,
        width=machine("block_search_width"),
        name="block allocation",
    )


def packets(operations: Costs) -> Any:
    """Packets of a cycle, both ways; None without network."""
    if not {"packets_received", "packets_sent"} & set(operations.values):
        return None
    return operations.get("packets_received") + operations.get("packets_sent")


def network(machine: Costs, operations: Costs) -> Iterator[Station]:
    """The network path of one kernel, taken by every packet in turn."""
    count = packets(operations)
    if count is None:
        return
    if "packet_parallel" in machine.values:
        yield Delay(count * machine("packet_parallel"), name="packets")
    yield TicketLock(count * machine("packet"), handover=count * machine.get("packet_handover"), name="network path")


def ceiling(machine: Costs, operations: Costs, active_cores: Any, cost: Any) -> Iterator[Station]:
    """The unidentified ceiling of machines that have one: ``cost`` seconds for each entry to the hypervisor."""
    if not {"page_faults", "hypervisor_operations"} & set(operations.values):
        return
    count = operations.get("page_faults") + operations.get("hypervisor_operations")
    distance = messages.distance_factor(
        np, active_cores, machine.get("cores_per_chip", np.inf), machine.get("chip_distance")
    )
    yield Queue(count * cost * distance, name=CEILING)


def unexplained(machine: Costs, operations: Costs, active_cores: Any) -> Iterator[Station]:
    """The ceiling where it was not seen: nothing says that another paging, or none, removes it."""
    if "ceiling_operation" in machine.values:
        yield from ceiling(machine, operations, active_cores, machine("ceiling_operation"))
