"""Where the cores are, as the system says: /sys restricted to the CPUs this process may use.

Sockets, NUMA nodes, last-level caches and SMT siblings. Where /sys is silent (containers, odd hypervisors) each level
falls back to one group. NUMA nodes keep the system's numbers, which may have gaps; nodes without CPUs are nobody's.
When not to use it: alone, where latencies were measured (``calibration.host.reconcile``): firmware is not believed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SYSTEM = Path("/sys/devices/system")
# How the system writes the size of a cache.
_SIZES = {"K": 2**10, "M": 2**20}


def _read(path: Path) -> str:
    """Content of a /sys file, empty where it does not exist or may not be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def number_groups(keys: Iterable[object]) -> tuple[int, ...]:
    """Groups of equal keys, numbered 0, 1, ... in order of first appearance."""
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


def last_level_bytes(cpu: int, *, system: Path = _SYSTEM) -> int:
    """Size of the CPU's last-level cache as the system tells it [B]; 0 where it is silent."""
    best = (0, 0)
    for folder in (system / "cpu" / f"cpu{cpu}" / "cache").glob("index[0-9]*"):
        level, size = _read(folder / "level"), _read(folder / "size")
        if level.isdigit() and size[:-1].isdigit() and size[-1] in _SIZES:
            best = max(best, (int(level), int(size[:-1]) * _SIZES[size[-1]]))
    return best[1]


def _node_memory(system: Path, node: int) -> float:
    for line in _read(system / "node" / f"node{node}" / "meminfo").splitlines():
        if "MemTotal:" in line:
            return float(line.split()[-2]) * 1024.0
    return 0.0


def _kinds(system: Path, cpus: Sequence[int]) -> tuple[str, ...]:
    """Kind of core of each CPU, as hybrids of Intel tell beside the system folder; empty where all are alike."""
    listed = {name: set(parse_cpu_list(_read(system.parent / name / "cpus"))) for name in ("cpu_core", "cpu_atom")}
    found = tuple(next((name for name, its in listed.items() if cpu in its), "") for cpu in cpus)
    return found if len(set(found)) > 1 else ()


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
        sockets=number_groups(sockets),
        numa_nodes=tuple(node_of),
        l3_groups=number_groups(
            cache or (socket, node) for cache, socket, node in zip(caches, sockets, node_of, strict=True)
        ),
        cores=number_groups(text or cpu for text, cpu in zip(siblings, cpus, strict=True)),
        memory_bytes=memory if all(memory) else (),
        kinds=_kinds(system, cpus),
    )


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
