"""How far apart the CPUs of an instance are, and what that makes of its hand-over costs.

Models: a lock or line handed from one CPU to another costs more the further apart the two are.
Equation: factor = sum over levels share(level) distance(level), share among ordered pairs of the instance's CPUs,
divided by the same sum over all CPUs of the machine: hand-over costs of a machine are measured across all of it.
Assumptions: every pair of CPUs is equally likely to hand over; a distance depends on the closest level shared only.
When not to use it: for locks that prefer near waiters (cohort locks).
Source: distances of a machine file are its ``chip_distance``; of a calibrated host its measured round trips.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from statistics import fmean

from cerberus_plan.model.digits import counted
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.quantity import Quantity
from cerberus_plan.model.topology import Topology

# A quantity of these names is the price of handing something from one core to another.
HANDOVER = "_handover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Share of the pairs of CPUs whose closest common part is that level; they sum to 1, or to 0 for one CPU."""

    same_core: float = 0.0
    same_l3: float = 0.0
    same_node: float = 0.0
    same_socket: float = 0.0
    other_socket: float = 0.0

    @property
    def crossing_l3(self) -> float:
        """Share of pairs in different L3 groups."""
        return self.same_node + self.same_socket + self.other_socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """Cost of a hand-over at each level, relative to two cores at one L3; ``source`` says how it is known."""

    same_core: float = 1.0
    same_l3: float = 1.0
    same_node: float = 1.0
    same_socket: float = 1.0
    other_socket: float = 1.0
    source: str = "not measured: crossing is taken as free"

    @property
    def known(self) -> bool:
        """True when crossing has a known price."""
        return any(getattr(self, level) != 1.0 for level in _LEVELS)


_LEVELS = tuple(field.name for field in fields(Shares))
#: Round trip of a cache line at each level, by the name of the machine's quantity.
LATENCY = {level: f"round_trip_{level}" for level in _LEVELS}


def shares(topology: Topology, cpus: Sequence[int]) -> Shares:
    """Shares of pairs by level among these CPUs."""
    position = {cpu: i for i, cpu in enumerate(topology.cpus)}
    return shares_at(topology, [position[cpu] for cpu in cpus])


def shares_at(topology: Topology, chosen: Sequence[int]) -> Shares:
    """The same for CPUs given by their places in the topology's tuples."""
    together = [
        sum(n * (n - 1) for n in Counter(keys).values())
        for keys in (
            [topology.cores[i] for i in chosen],
            [topology.l3_groups[i] for i in chosen],
            [topology.numa_nodes[i] for i in chosen],
            [topology.sockets[i] for i in chosen],
            [0] * len(chosen),
        )
    ]
    if not together[-1]:
        return Shares()
    # a level can only gain pairs; where a machine's levels do not nest, the wider one counts nothing twice
    steps = [max(wide - narrow, 0) for narrow, wide in zip([0, *together], together, strict=False)]
    return Shares(**{level: step / sum(steps) for level, step in zip(_LEVELS, steps, strict=True)})


def mean_distance(found: Shares, distances: Distances) -> float:
    """Mean hand-over of these pairs, relative to two cores at one L3; 1 for a single CPU."""
    total = sum(getattr(found, level) * getattr(distances, level) for level in _LEVELS)
    return total if total else 1.0


def handover_factor(topology: Topology, cpus: Sequence[int], distances: Distances) -> float:
    """Hand-over cost among these CPUs, relative to the machine's mean; below 1 when they are close together."""
    return mean_distance(shares(topology, cpus), distances) / mean_distance(shares(topology, topology.cpus), distances)


def distances_of(machine: Machine, round_trips: Mapping[tuple[int, int], float] | None = None) -> Distances:
    """Distances of a machine: from measured round trips of pairs of CPUs [s] if given, else its ``chip_distance``."""
    if round_trips:
        return _measured(machine.topology, round_trips)
    if LATENCY["same_l3"] in machine.quantities:
        return _told(machine)
    extra = machine.quantities.get("chip_distance")
    if extra is None:
        return Distances()
    far = 1.0 + extra.value
    source = f"chip_distance ({extra.provenance}: {extra.source})"
    return Distances(same_node=far, same_socket=far, other_socket=far, source=source)


def _told(machine: Machine) -> Distances:
    """Distances from the round trips at each level that the machine's file holds."""
    known = {level: machine.quantities[name] for level, name in LATENCY.items() if name in machine.quantities}
    near = known["same_l3"].value
    filled, last = {}, near
    for level in _LEVELS:
        # a level that is not told is taken as the level inside it; one core is at least as near as one cache
        value = known[level].value if level in known else last
        last = max(last, value)
        filled[level] = value / near
    return Distances(**filled, source=f"round trips of the machine file ({known['same_l3'].source})")


def _measured(topology: Topology, round_trips: Mapping[tuple[int, int], float]) -> Distances:
    by_level: dict[str, list[float]] = {}
    for (a, b), seconds in round_trips.items():
        if a in topology.cpus and b in topology.cpus:
            by_level.setdefault(_level(shares(topology, (a, b))), []).append(seconds)
    means = {level: fmean(values) for level, values in by_level.items()}
    if "same_l3" not in means:
        return Distances(source="no pair of cores at one L3 was measured: crossing is taken as free")
    filled: dict[str, float] = {}
    nearest = means["same_l3"]
    for level in _LEVELS[1:]:  # a level without pairs of its own is taken as the level inside it
        nearest = means.get(level, nearest)
        filled[level] = nearest / means["same_l3"]
    filled["same_core"] = means.get("same_core", means["same_l3"]) / means["same_l3"]
    return Distances(**filled, source=f"measured round trips of {counted(len(round_trips), 'pair')} of CPUs")


def _level(found: Shares) -> str:
    return next(level for level in _LEVELS if getattr(found, level) == 1.0)


def as_placed(machine: Machine, factor: float) -> Machine:
    """The machine with every hand-over cost multiplied by the factor of a placed instance."""
    return replace(
        machine,
        quantities={n: _scaled(q, factor) if n.endswith(HANDOVER) else q for n, q in machine.quantities.items()},
    )


def _scaled(quantity: Quantity, factor: float) -> Quantity:
    return replace(
        quantity,
        value=quantity.value * factor,
        low=None if quantity.low is None else quantity.low * factor,
        high=None if quantity.high is None else quantity.high * factor,
    )
