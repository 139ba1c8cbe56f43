"""What the system says about where the cores are against what the measured latencies say.

Firmware is not believed: disagreement is reported. What the system does not tell at all (siblings, cache groups: many
virtual machines) is taken from the latencies. Where there is no system to ask, all of it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cerberus_plan.calibration.host.clustering import find_levels
from cerberus_plan.calibration.host.latency_matrix import LatencyMatrix
from cerberus_plan.calibration.host.machine_shape import shape_of
from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cerberus_plan.calibration.host.clustering import Level


def topology_of_latencies(latency: Mapping[tuple[int, int], float]) -> tuple[Topology, tuple[str, ...]]:
    """The machine that the latencies alone show, and how sure that is.

    Args:
        latency: Round trip of pairs of CPUs [s].
    """
    latency = LatencyMatrix.of(latency)
    shape = shape_of(latency)
    notes = [f"latencies show {_in_words(level.groups)}: {_distances(level)}" for level in find_levels(latency)]
    count = len(set(shape.sockets))
    if count > 1:
        why = ", told by where lines are homed" if shape.home_effect else ""
        notes.append(
            f"these are taken to be {count} sockets{why}, each a NUMA node of its own; lstopo --of xml would tell"
        )
    return (
        Topology(
            cpus=shape.cpus,
            sockets=shape.sockets,
            numa_nodes=shape.sockets,
            l3_groups=shape.l3_groups,
            cores=shape.cores,
        ),
        tuple(notes),
    )


def reconcile(system: Topology, levels: Sequence[Level], measured: Sequence[int]) -> tuple[Topology, tuple[str, ...]]:
    """The topology to plan with, and where the system and the latencies disagree.

    Where the system tells no siblings, or one L3 group only, and latencies show pairs of threads, or groups of more
    than two cores, those are taken. Elsewhere the system's are kept.

    Args:
        system: What the system tells.
        levels: What the latencies show, the finest first.
        measured: CPUs that took part in the measurement.
    """
    told = {
        "SMT siblings": _partition(system.cpus, system.cores),
        "L3 groups": _partition(system.cpus, system.l3_groups),
        "NUMA nodes": _partition(system.cpus, system.numa_nodes),
        "sockets": _partition(system.cpus, system.sockets),
    }
    several = {kind: groups for kind, groups in told.items() if 1 < len(groups) < len(system.cpus)}
    if len(measured) < len(system.cpus) or len(system.cpus) < 3:
        return system, ()
    shown = {level.groups: level for level in levels}
    notes = [
        f"the system tells {kind} ({_in_words(groups)}), but latencies do not show them"
        for kind, groups in several.items()
        if groups not in shown
    ]
    found = system
    for groups, level in shown.items():
        if groups in told.values():
            continue
        notes.append(f"latencies show {_in_words(groups)} that the system does not tell: {_distances(level)}")
        found = _with(found, level)
    return found, tuple(notes)


def _with(found: Topology, level: Level) -> Topology:
    """The topology with the level where it tells nothing of the kind itself."""
    home = {cpu: number for number, group in enumerate(level.groups) for cpu in group}
    numbers = tuple(home[cpu] for cpu in found.cpus)
    if level.siblings:
        return replace(found, cores=numbers) if len(set(found.cores)) == found.n_cpus else found
    if len(set(found.l3_groups)) == 1 and max(map(len, level.groups)) > 2:
        return replace(found, l3_groups=numbers)
    return found


def _partition(cpus: Sequence[int], membership: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Groups of CPUs with the same membership, in order of their first CPU."""
    groups: dict[int, list[int]] = {}
    for cpu, group in zip(cpus, membership, strict=True):
        groups.setdefault(group, []).append(cpu)
    return tuple(sorted(tuple(sorted(group)) for group in groups.values()))


def _distances(level: Level) -> str:
    return f"{level.within_s * 1e9:.0f} ns inside, {level.between_s * 1e9:.0f} ns between"


def _in_words(groups: Sequence[Sequence[int]]) -> str:
    """Groups for people, the first few of many."""
    shown = " ".join(
        "{" + ",".join(map(str, group[:8])) + ("..." if len(group) > 8 else "") + "}" for group in groups[:4]
    )
    return f"{len(groups)} groups {shown}" + (" ..." if len(groups) > 4 else "")
