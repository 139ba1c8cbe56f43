"""What a format writes and reads: a placed plan in, files by name out, and the other way round what files describe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import gcd
from pathlib import Path

from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.deploy.seen import Seen
from cerberus_plan.planner.placing.placement import Place, Placement

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One instance to deploy: its name and its place."""

    name: str
    place: Place

    @property
    def cpus(self) -> tuple[int, ...]:
        """CPU of each vCPU."""
        return self.place.cpus

    @property
    def memory_mib(self) -> tuple[int, ...]:
        """Memory in each of its nodes [MiB]."""
        return tuple(int(size) // MIB for size in self.place.memory_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A plan with its placement.

    Attributes:
        name: Prefix of all instance names, as ``safe_name`` makes it.
        topology: Of the machine deployed on.
        placement: Where everything runs.
    """

    name: str
    topology: Topology
    placement: Placement

    @property
    def units(self) -> tuple[Unit, ...]:
        """The instances by name: ``dbench-00``, ``dbench-01``, ..."""
        places = self.placement.places
        digits = max(2, len(str(len(places) - 1)))
        return tuple(Unit(name=f"{self.name}-{i:0{digits}d}", place=place) for i, place in enumerate(places))

    @property
    def host_cpus(self) -> tuple[int, ...]:
        """CPUs for the host, emulators and interrupts: those kept for it and those nobody uses."""
        return tuple(sorted({*self.placement.host_cpus, *self.placement.idle_cpus}))

    @property
    def instance_cpus(self) -> tuple[int, ...]:
        """CPUs of all instances."""
        return tuple(sorted(cpu for place in self.placement.places for cpu in place.cpus))

    @property
    def smt(self) -> bool:
        """True when the machine has SMT siblings."""
        return len(set(self.topology.cores)) < self.topology.n_cpus

    def vcpus_by_node(self, unit: Unit) -> dict[int, list[int]]:
        """The vCPUs of a unit whose CPU is in each NUMA node, nodes ascending."""
        node_of = dict(zip(self.topology.cpus, self.topology.numa_nodes, strict=True))
        found: dict[int, list[int]] = {node: [] for node in unit.place.nodes}
        for vcpu, cpu in enumerate(unit.cpus):
            found[node_of[cpu]].append(vcpu)
        return found

    def guest_topology(self, unit: Unit) -> tuple[int, int, int]:
        """Sockets, cores of a socket, threads of a core that the guest should see.

        No socket spans two NUMA nodes: kernels take the cores of a socket to share a cache, and warn of one that
        does. One socket a node where vCPUs are spread evenly, else the largest that divides every node's vCPUs.
        """
        threads = 2 if unit.place.siblings else 1
        node_of = dict(zip(self.topology.cpus, self.topology.numa_nodes, strict=True))
        size = gcd(*(len(list(run)) for _, run in groupby(unit.cpus, node_of.__getitem__)))
        return len(unit.cpus) // size, size // threads, threads


# Names that systemd, cgroups or a reader of YAML take for something of their own.
_RESERVED = {"system", "user", "machine", "init", "root", "default", "null", "true", "false", "yes", "no", "on", "off",
             "y", "n", "nan", "inf"}  # fmt: skip
_LONGEST = 40
_TAGGED = re.compile(r".*x[0-9a-f]{8}")


def safe_name(text: str) -> str:
    """A name for a deployment that every format's own validator accepts, different for different texts.

    Lower-case letters and digits, a letter first, at most 40: no ``-``, at which systemd nests slices, no ``_``, which
    Kubernetes and Firecracker's jailer refuse. A text that is not such a name, or is reserved, is replaced by what of
    it is allowed and eight digits of its SHA-256, so that no two workloads share units, cgroups or guests.
    """
    fits = re.fullmatch(r"[a-z][a-z0-9]*", text, re.ASCII) and len(text) <= _LONGEST
    if fits and text not in _RESERVED and not _TAGGED.fullmatch(text):
        return text
    from hashlib import sha256

    stem = re.sub(r"[^a-z0-9]", "", text.lower())
    digest = sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:8]
    return f"{stem if stem[:1].isalpha() else 'w' + stem}"[: _LONGEST - 9] + f"x{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of deployment files.

    Attributes:
        name: Name for ``--format``.
        title: Name for people.
        systems: Systems it can deploy, the usual one first; a plan is evaluated again under it.
        write: Text of each file by name.
        read: Every instance that the files in a folder describe, whoever wrote or edited them; it knows what is
            audited and ignores the rest.
        apply: How to apply the files, Markdown.
        undo: How to undo that, Markdown.
        refuse: Why a VM of so many vCPUs cannot be deployed, None when it can; ``smt``: the machine has siblings.
        as_a_whole: It gives an instance a set of CPUs, and leaves it to the kernel which thread runs on which.
        needs_host_cpus: Why it does not start without a CPU left to the host; empty where it does.
    """

    name: str
    title: str
    systems: tuple[str, ...]
    write: Callable[[Deployment], Mapping[str, str]]
    read: Callable[[Path], Iterator[Seen]]
    apply: Callable[[Deployment], str]
    undo: Callable[[Deployment], str]
    as_a_whole: bool = False
    needs_host_cpus: str = ""
    refuse: Callable[[int, bool], str | None] = lambda vcpus, smt: None  # noqa: ARG005 - most formats accept any size
