"""The names that machines and workloads may use, each with its dimension and meaning.

A name outside these lists is refused in machine and workload files, with the nearest known one: a misspelt cost
would otherwise silently count as absent. Calibration profiles carry more (raw primitives) beside these.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """Dimension of a quantity (``time``, ``number``, ...), what it means, in few words, and its least value [SI]."""

    dimension: str
    meaning: str
    least: float = 0.0


# What an operation costs on a machine.
COSTS: dict[str, Entry] = {
    "page_fault": Entry("time", "minor fault, all of it under the address-space lock"),
    "page_fault_handover": Entry("time", "hand-over of that lock, per waiter and fault"),
    "page_fault_passing": Entry("time", "passing that lock to a waiter, however many wait, per fault: a queue lock"),
    "page_fault_parallel": Entry("time", "part of a minor fault outside the lock"),
    "address_space_call": Entry(
        "time", "call that changes the address space (mmap, brk, ...), all of it under its lock"
    ),
    "address_space_passing": Entry("time", "passing that lock to a waiter, however many wait, per call: a queue lock"),
    "page_fault_direct": Entry("time", "what direct paging adds to a fault, in parallel"),
    "page_fault_shadow": Entry("time", "what shadow paging adds to a fault, in parallel"),
    "hypervisor_entry_handover": Entry("time", "hand-over of the hypervisor entry, per waiter and fault"),
    "shadow_lock_hold": Entry("time", "hold of a VM's shadow paging lock, per fault"),
    "shadow_lock_handover": Entry("time", "hand-over of that lock, per waiter and fault"),
    "hypervisor_operation": Entry("time", "serial part of one operation of the hypervisor"),
    "ceiling_operation": Entry(
        "time", "serial part of an entry to the hypervisor under nested paging: a ceiling seen elsewhere"
    ),
    "hypervisor_per_core": Entry("number", "growth of that part with each further core of a VM (flushes)"),
    "chip_distance": Entry("number", "extra cost of a message between chips, as a share"),
    "cores_per_chip": Entry("number", "cores of one chip", least=1.0),
    "block_allocation": Entry("time", "file system block allocation, alone, per MB written"),
    "block_search": Entry("time", "longest growth of it when many allocate at once, per MB"),
    "block_search_width": Entry("number", "allocators beside oneself over which the search grows", least=1e-3),
    "file_parallel": Entry("time", "part of writing to a new file that does not queue, per MB"),
    "kernel_virtualisation": Entry("number", "factor on kernel work inside a VM"),
    "nested_paging": Entry("number", "factor on page faults and kernel work under nested paging"),
    "nested_paging_user": Entry(
        "number", "factor on the program itself under nested paging (two-dimensional page walks)"
    ),
    "instance_overhead": Entry("number", "cores that a VM costs beside its program: ticks, emulator, housekeeping"),
    "pause_loop_exits": Entry(
        "number", "1 when a guest that spins gives up its core (pause-loop exits or paravirtual locks), 0 when not"
    ),
    "smt_gain": Entry("number", "what the second thread of a core adds to it, as a share of the core"),
    "smt_gain_memory": Entry("number", "the same of streams through memory"),
    "efficiency_core_speed": Entry("number", "speed of a core of the slower kind, as a share of the faster"),
    "active_core_slowdown": Entry("number", "share by which each further busy core slows all others (clock, power)"),
    "memory_bandwidth": Entry("bandwidth", "what all cores together can move to and from memory"),
    "memory_bandwidth_node": Entry("bandwidth", "what the cores of one NUMA node can move to and from its memory"),
    "memory_bandwidth_l3": Entry("bandwidth", "what the cores of one last-level cache can move to and from memory"),
    "memory_bandwidth_core": Entry("bandwidth", "what one core alone can move to and from memory"),
    "l3_bytes": Entry("bytes", "what a last-level cache holds"),
    "memory_miss": Entry("time", "what a line costs more that comes from memory and not from the last-level cache"),
    "packet": Entry("time", "serial part of the network path of one kernel, per packet"),
    "packet_handover": Entry("time", "hand-over of the network path, per waiter and packet"),
    "packet_parallel": Entry("time", "part of the network path that does not queue, per packet"),
    "packet_virtualisation": Entry("time", "what a VM adds to a packet"),
    "packet_virtualisation_xen": Entry("time", "what a Xen-Linux VM adds to a packet"),
    "packet_virtualisation_nested": Entry("time", "what a VM with nested paging adds to a packet"),
    "message_round_trip": Entry("time", "message to another instance and the answer"),
    "clone_fixed": Entry("time", "fixed part of starting threads in all VMs"),
    "clone_each": Entry("time", "further part for each VM"),
    "fork_fixed": Entry("time", "fixed part of starting processes in all VMs"),
    "fork_each": Entry("time", "further part for each VM"),
    "time_slice": Entry("time", "time that a running thread keeps its core while others want it"),
    "thread_switch": Entry("time", "core time of falling asleep for another thread and being woken"),
    "wake_up": Entry("time", "from waking a sleeping thread until it runs on another core"),
    "round_trip_same_core": Entry("time", "cache line to another thread of the core and back"),
    "round_trip_same_l3": Entry("time", "cache line to a core at the same last-level cache and back"),
    "round_trip_same_node": Entry("time", "cache line to another cache of the NUMA node and back"),
    "round_trip_same_socket": Entry("time", "cache line to another NUMA node of the socket and back"),
    "round_trip_other_socket": Entry("time", "cache line to another socket and back"),
}

# What one cycle of a workload does.
OPERATIONS: dict[str, Entry] = {
    "compute": Entry("time", "time in the program itself"),
    "kernel_compute": Entry("time", "time in the kernel that does not queue"),
    "page_faults": Entry("number", "minor page faults"),
    "file_mb": Entry("number", "megabytes written to newly allocated blocks"),
    "hypervisor_operations": Entry("number", "operations that enter the hypervisor, besides page faults"),
    "packets_received": Entry("number", "network packets received"),
    "packets_sent": Entry("number", "network packets sent"),
    "messages": Entry("number", "calls that go to another instance when the target is remote"),
    "directory_listings": Entry(
        "number", "listings of a directory whose parts all instances own: each asks all others"
    ),
    "wake_ups": Entry("number", "futex wake-ups and signals: one message one way when the target is remote"),
    "owner_calls": Entry(
        "number", "calls to what one instance owns for all (files, a card): its responder serves them"
    ),
    "spawns": Entry("number", "threads or processes started in each cycle, spread over all instances"),
    "address_space_calls": Entry(
        "number", "mmap, munmap, mprotect, mremap, brk: under the address-space lock; Cerberus tells all VMs"
    ),
    "memory_bytes": Entry("bytes", "bytes moved to and from memory"),
    "cache_bytes": Entry("bytes", "bytes moved to and from the last-level cache: 64 for each miss of a private cache"),
    "working_set_bytes": Entry("bytes", "what each thread uses again and again and would keep in the last-level cache"),
    "process_lock": Entry("time", "hold of a lock that each process has (its own or its address space)"),
    "process_lock_handover": Entry("time", "hand-over of that lock, per waiter"),
    "process_lock_spins": Entry("number", "1 when waiters of that lock spin, 0 (or left out) when they sleep"),
    "kernel_lock": Entry("time", "hold of a lock that each kernel has of its own"),
    "kernel_lock_handover": Entry("time", "hand-over of that lock, per waiter"),
    "machine_resource": Entry("time", "time on a resource that all instances share (memory, device, network)"),
    "machine_interference": Entry("number", "share by which each further active core slows all others"),
    "threads_cloned": Entry("number", "1 when threads are started in every VM before work begins"),
    "processes_forked": Entry("number", "1 when processes are started in every VM before work begins"),
}

# What bounds a plan on a machine.
LIMITS: dict[str, Entry] = {
    "network_cards": Entry("number", "network cards that can be given to VMs"),
    "vcpus_per_vm": Entry("number", "largest VM that the hypervisor runs"),
    "vms": Entry("number", "most VMs that the hypervisor runs"),
}
