"""What a placed split is worth: its prediction with the hand-over costs of where its instances really are.

Models: the candidate's throughput with every ``*_handover`` cost multiplied by each instance's factor
(``distance.handover_factor``). Equal instances may be placed unequally: instances are grouped by factor and their
predictions added in proportion.
Assumptions: instances interact only as the system says; a group's share of the throughput is its share of instances.
When not to use it: to compare machines. The price of crossing is known only where distances are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cerberus_plan.model.digits import percent
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.exact import splits as even
from cerberus_plan.model.exact.tables import Splits
from cerberus_plan.model.laws.station import Array
from cerberus_plan.model.machine import Machine
from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.model.workload import Workload
from cerberus_plan.planner.placing.distance import (
    Distances,
    as_placed,
    distances_of,
    handover_factor,
    mean_distance,
    shares,
)
from cerberus_plan.planner.placing.placement import Placement, place
from cerberus_plan.planner.plan import Candidate, Plan
from cerberus_plan.planner.splits.evaluate import Evaluated

# Hand-overs between caches can cost this much of a split's throughput at the most, as far as machines are known.
_NEAR_TOP = 0.7
# Splits placed for a plan, the fastest first: each takes some 30 ms on 512 cores.
_MOST_PLACED = 24
# A loss worth a sentence.
_TOLD = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A candidate with its placement.

    Attributes:
        candidate: As planned, hand-overs at the machine's mean.
        placement: Where it runs.
        throughput: Prediction as placed, in the workload's unit.
        close: The same if all hand-overs were between two cores at one cache: what crossing costs is the difference.
    """

    candidate: Candidate
    placement: Placement
    throughput: float
    close: float

    @property
    def crossing_cost(self) -> float:
        """Share of the throughput lost because instances cross caches, nodes or sockets."""
        return max(1.0 - self.throughput / self.close, 0.0)


def placed(plan: Plan, candidate: Candidate, distances: Distances) -> Placed:
    """The candidate on the plan's machine.

    Raises:
        CannotAnswerError: It does not fit the machine.
    """
    topology = plan.machine.topology
    placement = place(topology, candidate.split, host_cores=plan.constraints.host_cores)
    factors = _factors(topology, placement, distances)
    nearest = min(factor_inside_one_cache(topology, distances), *factors)
    return Placed(
        candidate=candidate,
        placement=placement,
        throughput=rate_as_placed(plan.machine, plan.workload, candidate, factors),
        close=rate_as_placed(plan.machine, plan.workload, candidate, [nearest] * candidate.vms),
    )


def _factors(topology: Topology, placement: Placement, distances: Distances) -> list[float]:
    """Hand-over factor of each instance."""
    whole = mean_distance(shares(topology, topology.cpus), distances)
    return [mean_distance(each.shares, distances) / whole for each in placement.places]


def factor_inside_one_cache(topology: Topology, distances: Distances) -> float:
    """Hand-over factor of two cores at one L3, the smallest a split can hope for."""
    first = topology.l3_groups[0]
    near = [cpu for cpu, group in zip(topology.cpus, topology.l3_groups, strict=True) if group == first]
    return handover_factor(topology, near[:2], distances)


def rate_as_placed(machine: Machine, workload: Workload, candidate: Candidate, factors: Sequence[float]) -> float:
    """Throughput when each instance's hand-overs cost ``factors`` times the machine's; relative to the candidate's.

    The candidate's own throughput is the yardstick, so that start-up and unequal splits stay as planned.
    """
    return candidate.throughput * _gain(machine, workload, SYSTEMS[candidate.system], candidate.split, factors)


def _gain(
    machine: Machine, workload: Workload, system: System, split: Sequence[int], factors: Sequence[float]
) -> float:
    """Throughput with these hand-over factors over that with the machine's hand-overs."""
    rounded = [round(factor, 9) for factor in factors]
    total = 0.0
    for (size, factor), count in Counter(zip(split, rounded, strict=True)).items():
        ratio = rate(as_placed(machine, factor), workload, system, len(split), size) / rate(
            machine, workload, system, len(split), size
        )
        total += ratio * size * count
    return total / sum(split)


def correct(evaluated: Evaluated, machine: Machine, workload: Workload, *, host_cores: int = 0) -> Evaluated:
    """The evaluation with the hand-overs of placed instances, for the splits near the top.

    Only for a measured machine whose distances are known: costs of published machines were fitted to runs as placed.
    Splits below `_NEAR_TOP` of the best or beyond the first `_MOST_PLACED` stay as they are, and so do those larger
    than the machine.
    """
    distances = distances_of(machine)
    if not (machine.measured and distances.known and len(set(machine.topology.l3_groups)) > 1):
        return evaluated
    central = evaluated.rate[:, 0]
    gains = np.ones(central.size)
    near_top = np.flatnonzero(central >= _NEAR_TOP * central.max())
    for row in near_top[np.argsort(-central[near_top], kind="stable")][:_MOST_PLACED].tolist():
        split = (int(evaluated.splits.threads[row]),) * int(evaluated.splits.vms[row])
        if sum(split) + host_cores <= machine.topology.n_cpus:
            placement = place(machine.topology, split, host_cores=host_cores, exact=False)
            factors = _factors(machine.topology, placement, distances)
            gains[row] = _gain(machine, workload, SYSTEMS[evaluated.systems[row]], split, factors)
    column = gains[:, None]
    return replace(
        evaluated,
        rate=evaluated.rate * column,
        seconds=None if evaluated.seconds is None else evaluated.seconds / column,
    )


def crossing_note(machine: Machine, workload: Workload, candidate: Candidate, *, host_cores: int = 0) -> str | None:
    """What crossing caches costs a candidate on a measured machine, None where nothing crosses or no cost is known."""
    distances = distances_of(machine)
    fits = sum(candidate.split) + host_cores <= machine.topology.n_cpus
    if not (machine.measured and distances.known and fits):
        return None
    placement = place(machine.topology, candidate.split, host_cores=host_cores, exact=False)
    share = max(each.shares.crossing_l3 for each in placement.places)
    factors = _factors(machine.topology, placement, distances)
    near = min(factor_inside_one_cache(machine.topology, distances), *factors)
    system = SYSTEMS[candidate.system]
    lost = 1.0 - _gain(machine, workload, system, candidate.split, factors) / _gain(
        machine, workload, system, candidate.split, [near] * candidate.vms
    )
    if not share or lost < _TOLD:
        return None
    return (
        f"instances cross L3 groups ({percent(share)} of their pairs of cores): hand-overs there cost {percent(lost)}"
    )


def rate(machine: Machine, workload: Workload, system: System, vms: int, threads: int) -> float:
    """Throughput of ``vms`` equal instances under the central costs, in units of work [1/s], start-up left out."""
    splits = Splits(vms=_array(vms), threads=_array(threads))
    structure = system.law(
        machine.costs(),
        workload.costs(),
        *splits.columns,
    )
    return float(even.throughput(structure, splits, 1)[0, 0]) * workload.units_per_cycle


def _array(value: int) -> Array:
    return np.array([float(value)])


def respecting(plan: Plan, distances: Distances, *, candidates: Iterable[Candidate] | None = None) -> list[Placed]:
    """The candidates (all that fit, by default those that tie with the best) as placed, fastest first.

    This is where six cores inside one cache beat six across two, where distances are known.
    """
    found = []
    for candidate in candidates if candidates is not None else (plan.best, *plan.ties):
        try:
            found.append(placed(plan, candidate, distances))
        except CannotAnswerError:  # larger than the machine: planned by extrapolation, it has no place
            continue
    return sorted(found, key=lambda each: -each.throughput)
