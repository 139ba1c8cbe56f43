"""Where the cores are: sockets, NUMA nodes, groups sharing a last-level cache, SMT siblings, kinds of core.

Models: for each logical CPU the socket, NUMA node, L3 group and physical core it belongs to.
Assumptions: memberships are what counts, not distances; distances are measured costs of a machine.
When not to use it: to tell how much slower one kind of core is than another; the kinds are names only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.record import Record

MEMBERSHIPS = ("cpus", "sockets", "numa_nodes", "l3_groups", "cores")
# The slower kind of a hybrid's cores as Linux, hwloc and people call it.
_EFFICIENCY = frozenset({"cpu_atom", "IntelAtom", "E-core"})


class Topology(Record):
    """Memberships of the logical CPUs, each tuple one entry a CPU in the order of ``cpus``.

    Attributes:
        cpus: The operating system's numbers of the CPUs that may be used.
        sockets: Socket of each CPU.
        numa_nodes: NUMA node of each CPU, by the operating system's numbers, which may have gaps.
        l3_groups: Group of CPUs that share a last-level cache.
        cores: Physical core; CPUs with the same number are SMT siblings.
        memory_bytes: Memory of each NUMA node that has CPUs [B], by ascending number; empty when unknown.
        kinds: Kind of core of each CPU (``P-core``, ``E-core``); empty when all are alike.

    Raises:
        InputError: No CPU, tuples of different length, a CPU listed twice, or a number that cannot be.
    """

    cpus: tuple[int, ...]
    sockets: tuple[int, ...]
    numa_nodes: tuple[int, ...]
    l3_groups: tuple[int, ...]
    cores: tuple[int, ...]
    memory_bytes: tuple[float, ...] = ()
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        memberships = {name: getattr(self, name) for name in MEMBERSHIPS}
        for name, numbers in memberships.items():
            # a number is whole or it is not there: 0.5 and true come out of damaged profiles
            if not all(type(number) is int and number >= 0 for number in numbers):
                raise InputError(f"topology: {name} must be whole numbers of at least 0, one for each CPU")
        if len({len(numbers) for numbers in memberships.values()}) != 1 or not self.cpus:
            raise InputError("topology: every CPU needs one socket, NUMA node, L3 group and core")
        if len(set(self.cpus)) != len(self.cpus):
            raise InputError("topology: a CPU number is listed twice")
        nodes = len(set(self.numa_nodes))
        if self.memory_bytes and len(self.memory_bytes) != nodes:
            raise InputError(
                f"topology: memory_bytes has {len(self.memory_bytes)} sizes for {nodes} NUMA nodes; "
                "give one for each node, or none"
            )
        if not all(type(size) in {int, float} and 0.0 <= size < math.inf for size in self.memory_bytes):
            raise InputError("topology: memory_bytes must be finite numbers of at least 0")
        if self.kinds and (len(self.kinds) != len(self.cpus) or not all(type(kind) is str for kind in self.kinds)):
            raise InputError("topology: kinds must be one name for each CPU, or none")

    @property
    def n_cpus(self) -> int:
        """Number of logical CPUs."""
        return len(self.cpus)

    @property
    def physical_cores(self) -> int:
        """Number of physical cores."""
        return len(set(self.cores))

    @property
    def sibling_groups(self) -> tuple[tuple[int, ...], ...]:
        """CPUs of each physical core, ascending; cores in order of their first CPU."""
        groups: dict[int, list[int]] = {}
        for cpu, core in zip(self.cpus, self.cores, strict=True):
            groups.setdefault(core, []).append(cpu)
        return tuple(sorted(tuple(sorted(group)) for group in groups.values()))

    @property
    def efficiency_cpus(self) -> tuple[int, ...]:
        """CPUs of the slower kind of core; empty where all are alike."""
        slow = tuple(cpu for cpu, kind in zip(self.cpus, self.kinds, strict=False) if kind in _EFFICIENCY)
        return slow if len(slow) < len(self.cpus) else ()

    @property
    def nodes(self) -> tuple[int, ...]:
        """Numbers of the NUMA nodes that have CPUs, ascending: the order of ``memory_bytes``."""
        return tuple(sorted(set(self.numa_nodes)))

    @property
    def threads_per_core(self) -> float:
        """Hardware threads of a core, on average where cores differ."""
        return self.n_cpus / self.physical_cores

    def counts(self) -> dict[str, float]:
        """What laws ask of a topology, as they ask for costs."""
        return {
            "physical_cores": float(self.physical_cores),
            "threads_per_core": self.threads_per_core,
            "efficiency_share": len({self.cores[self.cpus.index(cpu)] for cpu in self.efficiency_cpus})
            / self.physical_cores,
            "cores_per_node": self.physical_cores / len(set(self.numa_nodes)),
            "cores_per_l3": self.physical_cores / len(set(self.l3_groups)),
        }

    @classmethod
    def hybrid(cls, kinds: Sequence[tuple[str, int, int]], *, memory_bytes: float = 0.0) -> Topology:
        """One socket of unlike cores at one last-level cache; siblings are neighbours, as Linux numbers them.

        Args:
            kinds: Name, number of cores and threads of each core, in the order of the CPU numbers.
            memory_bytes: Memory of the machine [B]; 0 when unknown.
        """
        if any(cores < 1 or threads < 1 for _, cores, threads in kinds) or not kinds:
            raise InputError("topology: each kind needs at least one core of at least one thread")
        threads_of = [(name, threads) for name, cores, threads in kinds for _ in range(cores)]
        cores_of = [core for core, (_, threads) in enumerate(threads_of) for _ in range(threads)]
        one = (0,) * len(cores_of)
        return cls(
            cpus=tuple(range(len(cores_of))),
            sockets=one,
            numa_nodes=one,
            l3_groups=one,
            cores=tuple(cores_of),
            memory_bytes=(memory_bytes,) if memory_bytes else (),
            kinds=tuple(threads_of[core][0] for core in cores_of),
        )

    @classmethod
    def regular(
        cls,
        *,
        sockets: int,
        nodes_per_socket: int = 1,
        l3_per_node: int = 1,
        cores_per_l3: int,
        threads_per_core: int = 1,
        memory_bytes: float = 0.0,
    ) -> Topology:
        """A machine built of equal parts; SMT siblings are numbered after all first threads, as Linux does.

        Args:
            sockets: Number of sockets.
            nodes_per_socket: NUMA nodes in each.
            l3_per_node: Last-level caches in each node.
            cores_per_l3: Physical cores at each cache.
            threads_per_core: Hardware threads of each core.
            memory_bytes: Memory of the whole machine, spread evenly [B]; 0 when unknown.
        """
        parts = (sockets, nodes_per_socket, l3_per_node, cores_per_l3, threads_per_core)
        if any(type(part) is not int or part < 1 for part in parts):
            raise InputError(f"topology: all counts must be whole numbers of at least 1, not {parts}")
        n_groups = sockets * nodes_per_socket * l3_per_node
        physical = range(n_groups * cores_per_l3)
        groups = [core // cores_per_l3 for core in physical] * threads_per_core
        nodes = sockets * nodes_per_socket
        return cls(
            cpus=tuple(range(len(groups))),
            sockets=tuple(g // (nodes_per_socket * l3_per_node) for g in groups),
            numa_nodes=tuple(g // l3_per_node for g in groups),
            l3_groups=tuple(groups),
            cores=tuple(list(physical) * threads_per_core),
            memory_bytes=(memory_bytes / nodes,) * nodes if memory_bytes else (),
        )
