"""What bounds the number and the size of instances, in one place, and which of it binds a candidate.

Models: bounds by name: the user's (``max-vms``, ``max-cores-per-vm``, ``min-cores-per-vm``), the hypervisor's (``vms``,
``vcpus_per_vm``), cards (``network_cards``), memory (``memory``), the user's ``overcommit`` where threads exceed cores,
and memory bandwidth where it limits the throughput.
Equation: at most memory / (memory an instance) instances. Beyond the machine's own cores its memory grows with them. A
bound binds a candidate when one more instance, or one more core in each, would fit the cores but not it.
Assumptions: every instance holds the same memory. When not to use it: for what a candidate costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.hardware import MEMORY
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.plan import Candidate, Constraints


def memory_of(machine: Machine, constraints: Constraints) -> float:
    """Memory of the machine planned for [B], 0 where it is not known."""
    return sum(machine.topology.memory_bytes) * max(1.0, constraints.cores / machine.topology.n_cpus)


def instance_bounds(system: System, machine: Machine, workload: Workload, constraints: Constraints) -> dict[str, int]:
    """Most instances, by what says so."""
    if not system.clustered:
        return {}
    found = {}
    if constraints.max_vms is not None:
        found["max-vms"] = constraints.max_vms
    if system.virtualised:
        names = ("vms", "network_cards") if workload.needs_network_card else ("vms",)
        found |= {name: int(machine.limits[name].value) for name in names if name in machine.limits}
    memory = memory_of(machine, constraints)
    each = constraints.memory_per_instance_bytes or workload.memory_per_instance_bytes
    if memory and each:
        found["memory"] = int(memory // each)
    return found


def size_bounds(system: System, machine: Machine, constraints: Constraints) -> dict[str, int]:
    """Most cores of one instance, by what says so."""
    found = {}
    if constraints.max_cores_per_vm is not None:
        found["max-cores-per-vm"] = constraints.max_cores_per_vm
    if system.virtualised and "vcpus_per_vm" in machine.limits:
        found["vcpus_per_vm"] = int(machine.limits["vcpus_per_vm"].value)
    return found


def binding(
    candidate: Candidate, counts: Mapping[str, int], sizes: Mapping[str, int], constraints: Constraints, most: int
) -> tuple[str, ...]:
    """Names of the bounds that keep a candidate from one more instance, or one more core in each."""
    vms, threads = candidate.vms, candidate.split[0]
    found = []
    if (vms + 1) * threads <= most:
        found += [name for name, most in counts.items() if vms == most]
    if vms * (threads + 1) <= most:
        found += [name for name, most in sizes.items() if threads == most]
    if constraints.min_cores_per_vm is not None and threads == constraints.min_cores_per_vm > 1:
        found.append("min-cores-per-vm")
    if candidate.bottleneck == MEMORY:
        found.append("memory_bandwidth")
    if candidate.overcommit > 1.0 and (vms + 1) * threads > most and vms * (threads + 1) > most:
        found.append("overcommit")
    return tuple(found)


def with_limits(
    candidates: Sequence[tuple[int, Candidate]],
    machine: Machine,
    workload: Workload,
    constraints: Constraints,
    systems: Sequence[System],
) -> list[tuple[int, Candidate]]:
    """The candidates with the names of the limits that bind them."""
    counts = {s.name: instance_bounds(s, machine, workload, constraints) for s in systems}
    sizes = {s.name: size_bounds(s, machine, constraints) for s in systems}
    most = {s.name: constraints.threads(overcommits=s.overcommits) for s in systems}
    found = []
    for row, candidate in candidates:
        name = candidate.system
        names = binding(candidate, counts[name], sizes[name], constraints, most[name])
        found.append((row, replace(candidate, limits=names) if names else candidate))
    return found
