"""Where the cores are: what the system says, and what the measured latencies say.

The system: sockets, NUMA nodes, last-level caches and SMT siblings from /sys, restricted to the cores this
process may use. Where /sys is silent (containers, odd hypervisors) each level falls back to one group.
The latencies: see ``calibration.host.clustering``. Firmware is not believed: disagreement is reported.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cerberus_plan.calibration.host.clustering import Level

_SYSTEM = Path("/sys/devices/system")


def _read(path: Path) -> str:
    """Content of a /sys file, empty where it does not exist or may not be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _number_groups(keys: Iterable[object]) -> tuple[int, ...]:
    """Number groups 0, 1, ... in order of first appearance."""
    numbers: dict[object, int] = {}
    return tuple(numbers.setdefault(key, len(numbers)) for key in keys)


def _nodes(system: Path) -> dict[int, int]:
    """NUMA node of each CPU."""
    found: dict[int, int] = {}
    for folder in (system / "node").glob("node[0-9]*"):
        for cpu in parse_cpu_list(_read(folder / "cpulist")):
            found[cpu] = int(folder.name.removeprefix("node"))
    return found


def _last_level(cpu_folder: Path) -> str:
    """CPUs that share this CPU's last-level data cache, as the kernel lists them."""
    best = (0, "")
    for folder in (cpu_folder / "cache").glob("index[0-9]*"):
        level = _read(folder / "level")
        if level.isdigit() and _read(folder / "type") != "Instruction":
            best = max(best, (int(level), _read(folder / "shared_cpu_list")))
    return best[1] if best[0] >= 3 else ""


def _node_memory(system: Path, node: int) -> float:
    for line in _read(system / "node" / f"node{node}" / "meminfo").splitlines():
        if "MemTotal:" in line:
            return float(line.split()[-2]) * 1024.0
    return 0.0


def system_topology(cpus: Sequence[int], *, system: Path = _SYSTEM) -> Topology:
    """Topology of ``cpus`` as the system tells it.

    A level the system does not tell is taken as one group, a core as a core of its own.
    """
    folders = [system / "cpu" / f"cpu{cpu}" for cpu in cpus]
    sockets = [_read(folder / "topology" / "physical_package_id") or "0" for folder in folders]
    siblings = [_read(folder / "topology" / "thread_siblings_list") for folder in folders]
    nodes = _nodes(system)
    node_of = [nodes.get(cpu, 0) for cpu in cpus]
    caches = [_last_level(folder) for folder in folders]
    memory = tuple(_node_memory(system, node) for node in sorted(set(node_of)))
    return Topology(
        cpus=tuple(cpus),
        sockets=_number_groups(sockets),
        numa_nodes=_number_groups(node_of),
        l3_groups=_number_groups(
            cache or (socket, node) for cache, socket, node in zip(caches, sockets, node_of, strict=True)
        ),
        cores=_number_groups(text or cpu for text, cpu in zip(siblings, cpus, strict=True)),
        memory_bytes=memory if all(memory) else (),
    )


def _partition(cpus: Sequence[int], membership: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Groups of cores with the same membership, in order of their first core."""
    groups: dict[int, list[int]] = {}
    for cpu, group in zip(cpus, membership, strict=True):
        groups.setdefault(group, []).append(cpu)
    return tuple(sorted(tuple(sorted(group)) for group in groups.values()))


def _in_words(groups: Sequence[Sequence[int]]) -> str:
    """Groups for people, the first few of many."""
    shown = " ".join(
        "{" + ",".join(map(str, group[:8])) + ("..." if len(group) > 8 else "") + "}" for group in groups[:4]
    )
    return f"{len(groups)} groups {shown}" + (" ..." if len(groups) > 4 else "")


def reconcile(system: Topology, levels: Sequence[Level], measured: Sequence[int]) -> tuple[Topology, tuple[str, ...]]:
    """The topology to plan with, and where the system and the latencies disagree.

    Where the system tells one L3 group only but latencies show groups of more than two cores, the finest of those
    are taken as L3 groups. Elsewhere the system's are kept.

    Args:
        system: What the system tells.
        levels: What the latencies show, the finest first.
        measured: Cores that took part in the measurement.
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
        notes.append(
            f"latencies show {_in_words(groups)} that the system does not tell: "
            f"{level.within_s * 1e9:.0f} ns inside, {level.between_s * 1e9:.0f} ns between"
        )
        if len(set(found.l3_groups)) == 1 and max(map(len, groups)) > 2:
            home = {cpu: number for number, group in enumerate(groups) for cpu in group}
            found = replace(found, l3_groups=tuple(home[cpu] for cpu in found.cpus))
    return found, tuple(notes)


def spread_order(topology: Topology) -> tuple[int, ...]:
    """CPUs with one hardware thread of each physical core first, neighbours in cache next to each other."""
    seen: dict[int, int] = {}
    ranked = []
    for i, cpu in enumerate(topology.cpus):
        turn = seen.get(topology.cores[i], 0)
        seen[topology.cores[i]] = turn + 1
        place = (topology.sockets[i], topology.numa_nodes[i], topology.l3_groups[i])
        ranked.append(((turn, *place, topology.cores[i], cpu), cpu))
    return tuple(cpu for _, cpu in sorted(ranked))
