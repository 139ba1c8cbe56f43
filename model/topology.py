"""Where the cores are: sockets, NUMA nodes, groups sharing a last-level cache, SMT siblings.

Models: for each logical CPU the socket, NUMA node, L3 group and physical core it belongs to.
Assumptions: memberships are what counts, not distances; distances are measured costs of a machine.
When not to use it: for machines with more than one kind of core (mark the kind in the profile).
"""

from __future__ import annotations

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.record import Record


class Topology(Record):
    """Memberships of the logical CPUs, each tuple one entry a CPU in the order of ``cpus``.

    Attributes:
        cpus: The operating system's numbers of the CPUs that may be used.
        sockets: Socket of each CPU.
        numa_nodes: NUMA node of each CPU.
        l3_groups: Group of CPUs that share a last-level cache.
        cores: Physical core; CPUs with the same number are SMT siblings.
        memory_bytes: Memory of each NUMA node [B], in node order; empty when unknown.

    Raises:
        InputError: No CPU, tuples of different length, or a CPU listed twice.
    """

    cpus: tuple[int, ...]
    sockets: tuple[int, ...]
    numa_nodes: tuple[int, ...]
    l3_groups: tuple[int, ...]
    cores: tuple[int, ...]
    memory_bytes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        sizes = {len(self.cpus), len(self.sockets), len(self.numa_nodes), len(self.l3_groups), len(self.cores)}
        if len(sizes) != 1 or not self.cpus:
            raise InputError("topology: every CPU needs one socket, NUMA node, L3 group and core")
        if len(set(self.cpus)) != len(self.cpus):
            raise InputError("topology: a CPU number is listed twice")

    @property
    def n_cpus(self) -> int:
        """Number of logical CPUs."""
        return len(self.cpus)

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
