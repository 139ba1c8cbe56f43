"""What every system runs on: memory bandwidth, the second thread of a core, the clock, and what an instance costs.

Models: a system's law says what its kernels share; this adds what the hardware below them shares, the same for all
systems. A workload that says how many bytes a cycle moves visits the station "memory bandwidth"
(``mechanisms.memory_bandwidth``), and moves more beside others at its last-level cache (``mechanisms.shared_cache``);
threads beyond the cores share a core, and slower cores are a part of one (``mechanisms.siblings``); the clock falls
with busy cores, and a virtual machine costs part of a core (``mechanisms.instance_cost``).
Equation: bytes a second = throughput x bytes <= capacity, for every system, split and draw: the station does
not exceed it, and its demand is divided by the factor that stretches all other times.
Assumptions: those of the mechanisms; a machine without a bandwidth has no such station (the plan says so).
When not to use it: twice on one law.
Source: see the mechanisms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np

from cerberus_plan.model.laws.shared_bandwidth import SharedBandwidth
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.mechanisms import instance_cost, memory_bandwidth, shared_cache, siblings
from cerberus_plan.model.structure import Costs, Structure, StructureLaw

MEMORY = "memory bandwidth"
LINE_BYTES = 64
# A program that moves nothing is bounded by nothing: fewer bytes than any cycle has.
_NO_BYTES = 1e-30


def on_hardware(*, nested: bool = False) -> Callable[[StructureLaw], StructureLaw]:
    """A decorator for a system's law; ``nested`` when each instance is a VM with an emulator beside it."""

    def decorated(law: StructureLaw) -> StructureLaw:
        @wraps(law)
        def whole(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
            operations = crowded(machine, operations, vms * threads)
            factors = dict(_factors(machine, vms, threads, nested=nested))
            stretch: Any = 1.0
            for factor in factors.values():
                stretch = stretch * factor
            station = memory_station(machine, operations, vms * threads, stretch)
            found = law(machine, operations if station is None else _without_memory(machine, operations), vms, threads)
            if not factors and station is None:
                return found
            return replace(
                found,
                shared=found.shared if station is None else (*found.shared, station),
                stretch=found.stretch * stretch,
                stretched_by=factors,
            )

        return whole

    return decorated


def _factors(machine: Costs, vms: Any, threads: Any, *, nested: bool) -> list[tuple[str, Any]]:
    """What stretches all times, by the name it has in the ledger."""
    found = []
    if machine.get("threads_per_core", 1.0) > 1:
        found.append(("SMT siblings", _second_threads(machine, vms * threads, machine("smt_gain"))))
    slower = machine.get("efficiency_share")
    if slower > 0 and "efficiency_core_speed" in machine.values:
        both = _second_threads(
            machine, vms * threads, machine.get("smt_gain"), slower=slower, speed=machine("efficiency_core_speed")
        )
        found.append(("efficiency cores", both / found[0][1] if found else both))
    if "active_core_slowdown" in machine.values:
        slowdown, measured = machine("active_core_slowdown"), machine("physical_cores")
        found.append(("clock", instance_cost.clock_stretch(np, vms * threads, measured, slowdown)))
    if nested and "instance_overhead" in machine.values:
        found.append(("instance overhead", instance_cost.stretch(np, threads, machine("instance_overhead"))))
    return found


def _second_threads(machine: Costs, threads: Any, gain: Any, **unequal: Any) -> Any:
    """What sharing cores costs ``threads`` busy threads of the machine."""
    per_core = machine.get("threads_per_core", 1.0)
    return siblings.stretch(np, threads, machine("physical_cores"), per_core, gain, **unequal)


def _core_bandwidth(machine: Costs) -> Any:
    """What one core reaches [B/s]; where it is not known, as much as all of them."""
    total = machine("memory_bandwidth")
    return np.minimum(machine.get("memory_bandwidth_core", np.inf), total)


def _thread_bandwidth(machine: Costs, threads: Any) -> Any:
    """What each of ``threads`` threads reaches when no other waits for memory [B/s]; second threads add their part."""
    core = np.minimum(_core_bandwidth(machine), bandwidth(machine, threads))
    if machine.get("threads_per_core", 1.0) <= 1 or "smt_gain_memory" not in machine.values:
        return core
    return core / _second_threads(machine, threads, machine("smt_gain_memory"))


def bandwidth(machine: Costs, threads: Any) -> Any:
    """Bytes a second that ``threads`` busy threads can move; infinite on a machine whose bandwidth is not known."""
    if "memory_bandwidth" not in machine.values:
        return np.inf
    found = machine("memory_bandwidth")
    for part in ("node", "l3"):
        each, cores = machine.get(f"memory_bandwidth_{part}", np.inf), machine.get(f"cores_per_{part}", np.inf)
        found = memory_bandwidth.capacity(np, threads, found, each, cores)
    return found


def most_cycles(machine: Costs, operations: Costs, threads: Any) -> Any:
    """Cycles a second that memory allows ``threads`` threads, infinite where nothing is known of it."""
    operations = crowded(machine, operations, threads)
    if "memory_bytes" not in operations.values:
        return np.inf
    return bandwidth(machine, threads) / np.maximum(operations("memory_bytes"), _NO_BYTES)


def crowded(machine: Costs, operations: Costs, threads: Any) -> Costs:
    """The operations of a program beside others at its last-level cache: what falls out of it comes from memory."""
    if not {"cache_bytes", "working_set_bytes"} <= set(operations.values) or "l3_bytes" not in machine.values:
        return operations
    used, capacity = operations("working_set_bytes"), machine("l3_bytes")
    cores, per_cache = machine("physical_cores"), machine("cores_per_l3")
    beside = shared_cache.missing(np, used, shared_cache.share(np, threads, cores, per_cache, capacity))
    further = operations("cache_bytes") * (beside - shared_cache.missing(np, used, capacity))
    changed = {"memory_bytes": operations.get("memory_bytes") + further}
    if "memory_miss" in machine.values:
        changed["compute"] = operations.get("compute") + further / LINE_BYTES * machine("memory_miss")
    return replace(operations, values={**operations.values, **changed})


def memory_station(machine: Costs, operations: Costs, threads: Any, stretch: Any) -> Station | None:
    """The station of memory, None when nothing is known of the program's bytes or the machine's bandwidth."""
    if "memory_bytes" not in operations.values or "memory_bandwidth" not in machine.values:
        return None
    core = _thread_bandwidth(machine, threads)
    saturating = memory_bandwidth.saturation(np, bandwidth(machine, threads), core)
    return SharedBandwidth(operations("memory_bytes") / core / stretch, saturation=saturating, name=MEMORY)


def _without_memory(machine: Costs, operations: Costs) -> Costs:
    """The operations with the time in the program that is not memory's."""
    memory = operations("memory_bytes") / _core_bandwidth(machine)
    left = memory_bandwidth.computing_left(np, operations.get("compute"), memory)
    return replace(operations, values={**operations.values, "compute": left})
