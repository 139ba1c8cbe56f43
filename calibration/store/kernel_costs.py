"""Costs of a machine that nobody has measured: what follows from its published latencies, the rest assumed.

Equation: a lock word or counter that all threads of a process change crosses the machine once when it is taken and once
when it is given back, so the serial part of a minor page fault is one mean round trip R over all pairs of CPUs;
R = sum over levels share(level) round_trip(level). What a waiter adds to a hand-over is R / 20: kernel locks of today
queue (MCS), so that waiters spin on lines of their own, and what is left is traffic.
Assumptions: Linux 6 with per-VMA locks, 4 KiB pages; intervals span a factor of three each way and more.
When not to use it: on a machine one can log in to. Calibrate it.
Source: core-to-core latencies, named with each machine; Linux Documentation/locking and mm/process_addrs.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cerberus_plan.model.topology import Topology

# The quantities of a machine's file that hold round trips, from the innermost level to the outermost.
LEVELS = (
    "round_trip_same_core",
    "round_trip_same_l3",
    "round_trip_same_node",
    "round_trip_same_socket",
    "round_trip_other_socket",
)
# Share of a round trip that each waiter adds to a hand-over, with its interval.
_WAITER, _WAITER_LOW, _WAITER_HIGH = 0.05, 0.005, 0.5
_FACTOR = 3.0


def level_names(topology: Topology) -> tuple[tuple[int, ...], ...]:
    """Memberships that make each level of ``LEVELS``; the last is the whole machine."""
    return topology.cores, topology.l3_groups, topology.numa_nodes, topology.sockets, (0,) * topology.n_cpus


def mean_round_trip(topology: Topology, quantities: Mapping[str, Quantity]) -> float:
    """Mean round trip over all pairs of CPUs [s]; a level that is not told is taken as the level inside it.

    Args:
        topology: Where the CPUs are.
        quantities: At least ``round_trip_same_l3``.
    """
    together = [sum(n * (n - 1) for n in Counter(level).values()) for level in level_names(topology)]
    total, inside = 0.0, 0
    value = quantities["round_trip_same_l3"].value
    for name, pairs in zip(LEVELS, together, strict=True):
        value = quantities[name].value if name in quantities else value
        total += max(pairs - inside, 0) * value
        inside = max(inside, pairs)
    return total / inside if inside else value


def derived_costs(topology: Topology, quantities: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Costs that follow from the round trips of a machine; none where it has no latencies."""
    if "round_trip_same_l3" not in quantities:
        return {}
    mean = mean_round_trip(topology, quantities)
    waiter = Quantity(
        value=_WAITER * mean,
        unit="s",
        low=_WAITER_LOW * mean,
        high=_WAITER_HIGH * mean,
        provenance=Provenance.ASSUMED,
        source="a twentieth of the mean round trip: queued locks, traffic of the waiters only",
    )
    return {
        "page_fault": Quantity(
            value=mean,
            unit="s",
            low=mean / _FACTOR,
            high=mean * _FACTOR,
            provenance=Provenance.DERIVED,
            source="mean round trip over all pairs of CPUs: a shared lock word taken and given back at each fault",
        ),
        "page_fault_handover": waiter,
        "packet_handover": waiter,
    }
