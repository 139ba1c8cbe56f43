"""The costs the planner asks for (``model.vocabulary``), made of what was measured on this host.

| cost | made of |
|---|---|
| page_fault, page_fault_passing, page_fault_parallel | anonymous faults by threads against processes |
| address_space_call, address_space_passing | mmap and munmap by threads against processes |
| packet, packet_handover, packet_parallel | UDP packets to oneself by 1, 2, 4, ... processes against computing |
| block_allocation, block_search, file_parallel | files written by 1, 2, 4, ... processes against computing, per MB |
| message_round_trip | woken message between two processes on two cores |
| memory_bandwidth_l3, memory_bandwidth_node | the streams of a cache's cores and of a node's |
| memory_miss | memory_bandwidth_core, memory_latency and l3_latency |
| clone_fixed, clone_each, fork_fixed, fork_each | creation here and through a resident process |

Everything here is derived, or assumed where this host's cores cannot show it. Costs that only a hypervisor has are
not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cerberus_plan.calibration.campaign.fit_machine import Lock, fit_serial_part, quantities_of
from cerberus_plan.calibration.harness.statistics import MEDIAN
from cerberus_plan.model.network import QueueLock, TicketLock
from cerberus_plan.model.quantity import Provenance, Quantity
from cerberus_plan.model.systems.hardware import LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cerberus_plan.calibration.harness.statistics import Estimate
    from cerberus_plan.calibration.primitives.base import Results
    from cerberus_plan.model.topology import Topology

_MB_PER_MIB = 1e6 / 2.0**20


def _crowd(results: Results, stem: str) -> dict[int, Estimate]:
    """Estimates of ``stem.n`` for n > 1."""
    found = {n: results.estimate(f"{stem}.{n}", quantile=MEDIAN) for n in results.counts(stem) if n > 1}
    return {n: estimate for n, estimate in found.items() if estimate is not None}


def _serial(
    results: Results, stem: str, control: str, names: tuple[str, str, str], what: str, *, lock: Lock = TicketLock
) -> dict[str, Quantity]:
    # Medians throughout: workers that contend sleep, so low quantiles would pick the batches that met no contention.
    alone, crowd = results.estimate(f"{stem}.1", quantile=MEDIAN), _crowd(results, stem)
    if alone is None:
        return {}
    if not crowd:
        return _unseen(alone, names, what)
    control_alone = results.estimate(f"{control}.1", quantile=MEDIAN)
    best, draws = fit_serial_part(alone, crowd, control_alone, _crowd(results, control), lock=lock)
    return quantities_of(best, draws, names, what=what, counts=sorted(crowd))


def _unseen(alone: Estimate, names: tuple[str, str, str], what: str) -> dict[str, Quantity]:
    """One core shows what an operation costs, not what of it is serial: half is assumed, anything is possible."""
    half = 0.5 * alone.value
    source = f"{what}: one core shows the sum only; half of it is assumed to be serial, without hand-over"
    shares = zip(names, (half, 0.0, half), (0.1 * half, 0.0, 0.1 * half), (alone.value, half, alone.value), strict=True)
    return {
        name: Quantity(value=value, unit="s", low=low, high=high, provenance=Provenance.ASSUMED, source=source)
        for name, value, low, high in shares
    }


def _scaled(quantity: Quantity, factor: float, *, unit_note: str) -> Quantity:
    return Quantity(
        value=quantity.value * factor,
        unit=quantity.unit,
        low=None if quantity.low is None else quantity.low * factor,
        high=None if quantity.high is None else quantity.high * factor,
        provenance=quantity.provenance,
        source=quantity.source + unit_note,
    )


def _sum(first: Quantity, second: Quantity, source: str) -> Quantity:
    """Sum of two times; the interval is the sum of the bounds, as the parts may move together."""
    return Quantity(
        value=first.value + second.value,
        unit="s",
        low=(first.low or first.value) + (second.low or second.value),
        high=(first.high or first.value) + (second.high or second.value),
        provenance=Provenance.DERIVED,
        source=source,
    )


def _renamed(quantity: Quantity, source: str) -> Quantity:
    return Quantity(
        value=quantity.value,
        unit=quantity.unit,
        low=quantity.low,
        high=quantity.high,
        provenance=Provenance.DERIVED,
        source=source,
    )


def _starting(measured: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Costs of starting work elsewhere: the fixed part here, the rest a child of a resident process."""
    found = {}
    for kind, local in (("clone", "thread_create"), ("fork", "process_fork")):
        remote = measured.get(f"{local}_resident")
        if local in measured and remote is not None:
            found[f"{kind}_fixed"] = _renamed(measured[local], f"{local} of this host")
            found[f"{kind}_each"] = _renamed(remote, f"{local}_resident of this host, one after the other")
    return found


def _miss(measured: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """What a miss of the last-level cache costs: between its part of the bandwidth and the whole latency."""
    names = ("memory_bandwidth_core", "memory_latency", "l3_latency")
    if not set(names) <= set(measured):
        return {}
    core, memory, cache = (measured[name] for name in names)
    overlapped = LINE_BYTES / core.value
    alone = max(memory.value - cache.value, overlapped)
    # Disturbed chases may find the cache slower than the memory behind it: then only the whole latency bounds a miss.
    hit = (cache.low or cache.value) if memory.value > cache.value else 0.0
    longest = max((memory.high or memory.value) - hit, LINE_BYTES / (core.low or core.value))
    return {
        "memory_miss": Quantity(
            value=(overlapped * alone) ** 0.5,
            unit="s",
            low=LINE_BYTES / (core.high or core.value),
            high=max(alone, longest),
            provenance=Provenance.DERIVED,
            source="from a line's time at memory_bandwidth_core to memory_latency less l3_latency, the middle of both",
        )
    }


def planning_costs(
    results: Results, measured: Mapping[str, Quantity], topology: Topology | None = None
) -> dict[str, Quantity]:
    """Costs by the planner's names, for what the results cover.

    Args:
        results: Raw batches.
        measured: Quantities of the primitives.
        topology: Where the workers sat; None where parts of the machine are not asked for.
    """
    found = _serial(
        results,
        "page_fault.threads",
        "page_fault.processes",
        ("page_fault", "page_fault_passing", "page_fault_parallel"),
        "anonymous faults, threads against processes",
        lock=QueueLock,
    )
    mapping = _serial(
        results,
        "mmap_munmap.threads",
        "mmap_munmap.processes",
        ("address_space_call", "address_space_passing", "parallel"),
        "mmap and munmap, threads against processes, half for each call",
        lock=QueueLock,
    )
    if mapping:
        each = ("address_space_call", "address_space_passing")
        found |= {name: _scaled(mapping[name], 0.5, unit_note="") for name in each}
    found |= _serial(
        results,
        "packet_path.processes",
        "compute",
        ("packet", "packet_handover", "packet_parallel"),
        "UDP packets over loopback, processes against computing",
    )
    files = _serial(
        results,
        "file_write.processes",
        "compute",
        ("block_allocation", "block_search", "file_parallel"),
        "files of 1 MiB written by processes, against computing",
    )
    found |= {name: _scaled(cost, _MB_PER_MIB, unit_note="; per MB") for name, cost in files.items()}
    if files:
        found["block_search_width"] = Quantity(
            value=6.0, unit="1", low=5.0, high=7.0, provenance=Provenance.ASSUMED, source="as on the paper's machine"
        )
    if "message_round_trip_woken" in measured:
        source = "message_round_trip_woken of this host: what another instance would have to be woken by"
        found["message_round_trip"] = _renamed(measured["message_round_trip_woken"], source)
    found |= _miss(measured)
    if topology is not None:
        from cerberus_plan.calibration.primitives.memory_stream import parts_of_the_machine

        found |= parts_of_the_machine(results, topology)
    return found | _starting(measured)
