"""Cerberus: several Linux VMs that look like one to the program (SuperProcess, clustered file system).

Models: VMs with shadow paging (``shadow``), plus what makes them one system: remote fork and clone at the start,
a message round trip for every remote call, a broadcast to all VMs for every change of the address space.
Equations: start-up fixed + each V; remote calls x (V - 1) / V x round trip; spawns in a cycle x (V - 1) / V x (fixed +
each); address-space calls x (V - 1) x round trip, and each VM
repeats every other's under its own address-space lock.
Assumptions: targets of remote calls are spread evenly over VMs; each VM has its own file system and card.
When not to use it: for programs that communicate intensively between short-lived threads: then spawning and
messages are the whole cost (section 8 of the source), and the answer is not to cluster.
Source: OS clustering, EuroSys 2011, sections 4 to 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.mechanisms import messages, spawn
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems import parts, shadow


def communication(machine: Costs, operations: Costs, vms: Any) -> Iterator[Station]:
    """Delays for messages to other VMs and for broadcasts to all of them."""
    if "messages" in operations.values:
        share = messages.remote_share(np, vms)
        yield Delay(operations("messages") * share * machine("message_round_trip"), name="messages")
    if "directory_listings" in operations.values:
        asked = (vms - 1) * machine("message_round_trip")
        yield Delay(operations("directory_listings") * asked, name="directory listings")
    if "spawns" in operations.values:
        one = operations("spawns") * (machine("clone_fixed") + machine("clone_each"))
        yield Delay(one * messages.remote_share(np, vms), name="spawning")
    if "address_space_calls" in operations.values:
        each = messages.broadcast_time(np, vms, machine("message_round_trip"))
        yield Delay(operations("address_space_calls") * each, name="address-space broadcast")


def startup_s(machine: Costs, operations: Costs, vms: Any) -> Any:
    """Seconds until every VM has its first thread or process."""
    seconds = 0.0
    for operation, cost in (("threads_cloned", "clone"), ("processes_forked", "fork")):
        if operation in operations.values:
            line = spawn.spawn_time(np, vms, machine(f"{cost}_fixed"), machine(f"{cost}_each"))
            seconds = seconds + operations(operation) * line
    return seconds


def law(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
    """Stations of the VMs, and what they share."""
    return Structure(
        local=(
            *shadow.stations_of_vm(machine, operations, told=vms),
            *communication(machine, operations, vms),
        ),
        shared=(*shadow.hypervisor(machine, operations, vms, threads), *parts.machine_wide(operations)),
        stretch=parts.interference(operations, vms * threads),
        startup_s=startup_s(machine, operations, vms),
    )


CERBERUS = System(
    name="cerberus", title="Cerberus (clustered VMs)", law=law, clustered=True, paging="shadow", messages=True
)
