"""Which CPUs each instance gets: close together, none twice, the rest for the host.

Method: see ``nesting``; minimised is the expected distance of a hand-over.
SMT: while there are physical cores enough, every vCPU gets a core of its own and the siblings stay idle; beyond
that siblings are used, both of a core by one instance where possible.
Memory: each instance is bound to the nodes of its CPUs, with memory in proportion to its CPUs there.
When not to use it: for machines with unlike cores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cerberus_plan.model.digits import counted, percent
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.placing.distance import Shares, shares_at
from cerberus_plan.planner.placing.nesting import nest, where

# Share of a node's memory that instances may have: the rest is the host's, and the hypervisor's own per VM.
_MEMORY_SHARE = 0.9
# What a vCPU gets where the machine file does not tell its memory [B].
_MEMORY_GUESS = 2.0**31
_MIB = 2.0**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one instance runs.

    Attributes:
        cpus: CPU of each vCPU; vCPUs that follow each other are neighbours.
        nodes: NUMA nodes of these CPUs, ascending; the memory is bound to them.
        memory_bytes: Memory in each of those nodes [B], whole MiB.
        shares: Share of its pairs of CPUs by closeness.
        siblings: True when vCPUs 0 and 1, 2 and 3, ... are SMT siblings throughout.
    """

    cpus: tuple[int, ...]
    nodes: tuple[int, ...]
    memory_bytes: tuple[float, ...]
    shares: Shares
    siblings: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where everything runs.

    Attributes:
        places: One for each instance, in the order of the split.
        host_cpus: CPUs for the host, emulators of VMs and interrupts; may be empty.
        idle_cpus: CPUs that nobody gets.
        notes: Why CPUs are left over, what is shared, what is not proven.
        proven: True when no placement has fewer pairs apart.
        memory_known: False when memory sizes are a guess.
    """

    places: tuple[Place, ...]
    host_cpus: tuple[int, ...]
    idle_cpus: tuple[int, ...]
    notes: tuple[str, ...]
    proven: bool
    memory_known: bool


def place(topology: Topology, split: Sequence[int], *, host_cores: int = 0, exact: bool = True) -> Placement:
    """The placement of instances with these numbers of vCPUs.

    Args:
        topology: Where the CPUs are.
        split: vCPUs of each instance.
        host_cores: CPUs kept for the host.
        exact: False takes best fit where the exact packing takes time: for comparing many splits.

    Raises:
        CannotAnswerError: The machine has too few CPUs.
    """
    wanted = sum(split) + host_cores
    if wanted > topology.n_cpus:
        raise CannotAnswerError(
            f"instances of {sum(split)} CPUs and {host_cores} host cores do not fit {topology.n_cpus} CPUs; "
            "give the machine file of the larger machine, or plan for fewer --cores"
        )
    usable = _usable(topology, wanted)
    chosen, proven = nest(topology, usable, tuple(split), exact=exact)
    memory = _memory_per_cpu(topology, usable)
    places = tuple(_place(topology, chosen[v], memory) for v in range(len(split)))
    taken = {cpu for each in places for cpu in each.cpus}
    host, idle = _leftover(topology, taken, usable, host_cores)
    notes = tuple(_notes(topology, places, host, idle, proven=proven))
    return Placement(
        places=places,
        host_cpus=host,
        idle_cpus=idle,
        notes=notes,
        proven=proven,
        memory_known=bool(topology.memory_bytes),
    )


def _usable(topology: Topology, wanted: int) -> list[int]:
    """Positions of the CPUs to use: one hardware thread of every core, siblings only as far as needed."""
    turn: Counter[int] = Counter()
    ranked = []
    for i in sorted(range(topology.n_cpus), key=topology.cpus.__getitem__):
        ranked.append((turn[topology.cores[i]], i))
        turn[topology.cores[i]] += 1
    ranked.sort(key=lambda entry: (entry[0], where(topology, entry[1])))
    n_cores = len(turn)
    return [i for _, i in ranked[: max(wanted, n_cores)]]


def _memory_per_cpu(topology: Topology, usable: Sequence[int]) -> dict[int, float]:
    """Memory that comes with a CPU of each node [B]."""
    if not topology.memory_bytes:
        return dict.fromkeys(topology.numa_nodes, _MEMORY_GUESS)
    share = Counter(topology.numa_nodes[i] for i in usable)
    nodes = sorted(set(topology.numa_nodes))
    return {
        node: held * _MEMORY_SHARE / share[node]
        for node, held in zip(nodes, topology.memory_bytes, strict=True)
        if share[node]
    }


def _place(topology: Topology, positions: Sequence[int], memory_per_cpu: Mapping[int, float]) -> Place:
    ordered = sorted(positions, key=lambda i: where(topology, i))
    cpus = tuple(topology.cpus[i] for i in ordered)
    here = Counter(topology.numa_nodes[i] for i in ordered)
    nodes = tuple(sorted(here))
    memory = tuple(memory_per_cpu[node] * here[node] for node in nodes)
    cores = [topology.cores[i] for i in ordered]
    return Place(
        cpus=cpus,
        nodes=nodes,
        memory_bytes=tuple(size // _MIB * _MIB for size in memory),
        shares=shares_at(topology, ordered),
        siblings=len(cores) % 2 == 0 and len(cores) == 2 * len(set(cores)) and cores[::2] == cores[1::2],
    )


def _leftover(
    topology: Topology, taken: set[int], usable: Sequence[int], host_cores: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """CPUs of the host and CPUs of nobody; the host gets those nearest the first CPU, idle siblings come last."""
    first = set(usable)
    left = [i for i in range(topology.n_cpus) if topology.cpus[i] not in taken]
    left.sort(key=lambda i: (i not in first, where(topology, i)))
    cpus = [topology.cpus[i] for i in left]
    return tuple(sorted(cpus[:host_cores])), tuple(sorted(cpus[host_cores:]))


def _notes(
    topology: Topology,
    places: Sequence[Place],
    host: tuple[int, ...],
    idle: tuple[int, ...],
    *,
    proven: bool,
) -> list[str]:
    """What a person should know about the placement."""
    notes = []
    if idle:
        used = {topology.cores[topology.cpus.index(cpu)] for each in places for cpu in each.cpus}
        siblings = [cpu for cpu in idle if topology.cores[topology.cpus.index(cpu)] in used]
        rest = len(idle) - len(siblings)
        if siblings:
            notes.append(
                f"the split leaves {counted(len(siblings), 'CPU')} idle, as SMT siblings of cores in use: every CPU in "
                "use has its core to itself"
            )
        if rest:
            notes.append(f"the split leaves {counted(rest, 'CPU')} idle; let the host run there")
    if not host and not idle:
        notes.append("no CPU is left for the host: its own threads and interrupts share the instances' CPUs")
    apart = [each for each in places if len(set(each.cpus)) > 1 and each.shares.crossing_l3 > 0.0]
    if apart:
        worst = max(each.shares.crossing_l3 for each in apart)
        notes.append(
            f"instances that cross L3 groups: {len(apart)} of {len(places)}; at most {percent(worst)} of an instance's "
            "pairs do"
        )
    if not proven:
        notes.append(
            "the placement is the best found, not proven best: the split does not fit the levels of the machine"
        )
    if not topology.memory_bytes:
        notes.append("memory sizes are a guess (2 GiB a CPU): the machine file does not tell its memory")
    return notes
