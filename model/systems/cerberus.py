"""Cerberus: several Linux VMs that look like one to the program (SuperProcess, clustered file system).

Models: VMs with shadow paging (``shadow``), plus what makes them one system: remote fork and clone at the start,
a message round trip for every remote call, a broadcast to all VMs for every change of the address space.
Equations: start-up fixed + each V; remote calls x (V - 1) / V x round trip; spawns in a cycle x (V - 1) / V x (fixed +
each); address-space calls x (V - 1) x round trip, half of it at the senders and half at the receivers' queues, and
each VM repeats every other's under its own address-space lock; calls to what one VM owns queue at its responder.
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
from cerberus_plan.model.laws.single_server import Queue
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.mechanisms import cfs, messages, signals, spawn
from cerberus_plan.model.structure import Costs, Structure, System
from cerberus_plan.model.systems import parts, shadow
from cerberus_plan.model.systems.hardware import on_hardware


def communication(machine: Costs, operations: Costs, vms: Any) -> Iterator[Station]:
    """What an instance's threads spend on other VMs, and what other VMs' requests take of its receiver."""
    asked = operations.values.keys()
    share = messages.remote_share(np, vms)
    if "messages" in asked:
        yield Delay(operations("messages") * share * machine("message_round_trip"), name="messages")
    if "wake_ups" in asked:
        yield Delay(
            operations("wake_ups") * signals.wake_time(np, 0.0, share, machine("message_round_trip")), name="wake-ups"
        )
    if "directory_listings" in asked:
        others = cfs.listing_time(np, 0.0, vms, machine("message_round_trip"))
        yield from _broadcast(operations("directory_listings") * others, "directory listings", "listing receiver")
    if "address_space_calls" in asked:
        each = messages.broadcast_time(np, vms, machine("message_round_trip"))
        yield from _broadcast(operations("address_space_calls") * each, "address-space broadcast", "broadcast receiver")
    if "spawns" in asked:
        one = operations("spawns") * (machine("clone_fixed") + machine("clone_each"))
        yield Delay(one * share, name="spawning")
    if "owner_calls" in asked:
        yield Delay(operations("owner_calls") * share * machine("message_round_trip") / 2, name="owner's answer")


def _broadcast(seconds: Any, sent: str, received: str) -> Iterator[Station]:
    """Half of a broadcast is sending; the other half is done by the receivers, one request after the other.

    Each VM receives as much as it sends, so its receiver serves what its own threads would: exact for the load, and for
    queueing where a VM has many threads (``benchmarks/model_error.py``).
    """
    yield Delay(seconds / 2, name=sent)
    yield Queue(seconds / 2, name=received)


def owner(machine: Costs, operations: Costs, vms: Any) -> Iterator[Station]:
    """The responder of a VM that owns what all ask for (files, a card): one server for the whole cluster."""
    if "owner_calls" in operations.values:
        remote = operations("owner_calls") * messages.remote_share(np, vms)
        yield Queue(remote * machine("message_round_trip") / 2, name="owner's responder")


def startup_s(machine: Costs, operations: Costs, vms: Any) -> Any:
    """Seconds until every VM has its first thread or process."""
    seconds = 0.0
    for operation, cost in (("threads_cloned", "clone"), ("processes_forked", "fork")):
        if operation in operations.values:
            line = spawn.spawn_time(np, vms, machine(f"{cost}_fixed"), machine(f"{cost}_each"))
            seconds = seconds + operations(operation) * line
    return seconds


@on_hardware()
def law(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
    """Stations of the VMs, and what they share."""
    return Structure(
        local=(
            *shadow.stations_of_vm(machine, operations, told=vms),
            *communication(machine, operations, vms),
        ),
        shared=(
            *shadow.hypervisor(machine, operations, vms, threads),
            *owner(machine, operations, vms),
            *parts.machine_wide(operations),
        ),
        stretch=parts.interference(operations, vms * threads),
        startup_s=startup_s(machine, operations, vms),
    )


CERBERUS = System(
    name="cerberus", title="Cerberus (clustered VMs)", law=law, clustered=True, paging="shadow", messages=True
)
