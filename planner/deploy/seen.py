"""What was found of one instance: in a file or on the running host. None stands for "cannot be told from there"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import plain
from cerberus_plan.model.topology import Topology

# More vCPUs than any hypervisor gives a guest, more memory than any machine has: what is above is a slip or an attack.
MOST_VCPUS, MOST_BYTES = 2**13, 2**60
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One instance as found.

    Attributes:
        name: Name of the instance.
        source: Where it was found, for people.
        count: Number of vCPUs.
        vcpus: CPUs each vCPU may use; an empty set for one that is not pinned.
        cpus: CPUs the instance as a whole may use, where its threads are not told apart.
        places: CPUs as a whole by their place in the machine as hwloc counts; `on` turns them into `cpus`.
        pins: CPUs of each vCPU as a list that names nodes (``nodes:1,^4``); `on` turns it into `vcpus`.
        nodes: NUMA nodes its memory may come from.
        policy: How it comes from there where that is not strict: ``preferred``, ``interleave``.
        cells: NUMA nodes that the memory of a guest's node may come from, for guest nodes told apart.
        memory_bytes: Its memory [B].
        emulator: CPUs of its other threads (emulator, device threads).
        io_threads: CPUs of each I/O thread by its number; an empty set for one that is not pinned.
        quota: CPUs whose time it may use, where that is limited: 0.5 of a second in each second.
        processes: Numbers of its processes, where it was found running.
        host: CPUs that its host keeps for itself, where that is told beside it.
        launcher: What would start it, where a deployment has files for several that each start all instances.
    """

    name: str
    source: str
    count: int | None = None
    vcpus: tuple[frozenset[int], ...] | None = None
    cpus: frozenset[int] | None = None
    places: frozenset[int] | None = None
    pins: tuple[str, ...] | None = None
    nodes: frozenset[int] | None = None
    policy: str = ""
    cells: Mapping[int, frozenset[int]] = field(default_factory=dict)
    memory_bytes: int | None = None
    emulator: frozenset[int] | None = None
    io_threads: Mapping[str, frozenset[int]] = field(default_factory=dict)
    quota: float | None = None
    processes: tuple[int, ...] = ()
    host: frozenset[int] | None = None
    launcher: str = ""

    def on(self, topology: Topology, *, folder: Path | None = None) -> Seen:
        """With CPUs in the place of the nodes that pins name, and of places in the machine.

        Args:
            topology: Of the machine.
            folder: Where the file is that it was found in, for messages.

        Raises:
            InputError: A pin is no list of CPUs and nodes, or the machine has no such place.
        """
        where = self.source if folder is None else str(folder / self.source)
        if self.places is not None:
            return replace(self, places=None, cpus=self._placed(topology, where))
        if self.pins is None:
            return self
        node_of = dict(zip(topology.cpus, topology.numa_nodes, strict=True))
        return replace(self, pins=None, vcpus=tuple(_named(text, node_of, f"{where}: cpus") for text in self.pins))

    def _placed(self, topology: Topology, where: str) -> frozenset[int]:
        order = hwloc_order(topology)
        beyond = [place for place in self.places or () if place >= len(order)]
        if beyond:
            raise InputError(f"{where}: place {min(beyond)} of a machine of {len(order)} CPUs; they count from 0")
        return frozenset(order[place] for place in self.places or ())

    def __post_init__(self) -> None:
        # a name from a file, a process or a cgroup: what is shown of it moves no terminal
        object.__setattr__(self, "name", plain(self.name, one_line=True)[:_LONGEST_NAME])


def hwloc_order(topology: Topology) -> list[int]:
    """CPUs in the order of hwloc: by socket, node, cache, core, then by their own numbers."""
    shape = topology
    rows = zip(shape.sockets, shape.numa_nodes, shape.l3_groups, shape.cores, shape.cpus, strict=True)
    return [row[-1] for row in sorted(rows)]


def digits(text: str, where: str, *, low: int = 0, high: int = MOST_VCPUS) -> int:
    """A whole number in digits, within bounds.

    Raises:
        InputError: It is none.
    """
    found = text.strip()
    if not (found.isascii() and found.isdigit() and len(found) <= 20 and low <= int(found) <= high):
        decode.refuse(text, where, f"a whole number from {low} to {high}")
    return int(found)


def amount(text: str, where: str, *, what: str = "a number of at least 0") -> float:
    """A number in digits such as ``0.5``.

    Raises:
        InputError: It is none; ``what`` says what is expected.
    """
    found = text.strip()
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{0,9})?", found, re.ASCII):
        decode.refuse(text, where, what)
    return float(found)


def cpu_set(text: str, where: str) -> frozenset[int]:
    """CPUs of a list such as ``1-4,^2``: ``^`` takes out what is named before it.

    Raises:
        InputError: It is no such list.
    """
    found: set[int] = set()
    for part in _parts(text):
        try:
            if part.startswith("^"):
                found -= set(parse_cpu_list(part[1:]))
            else:
                found |= set(parse_cpu_list(part))
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
    return frozenset(found)


def _parts(text: str) -> list[str]:
    """The parts of a list, which commas or blanks separate; blanks about ``-`` and ``^`` separate nothing."""
    return [part for part in re.split(r"[,\s]+", re.sub(r"\s*-\s*|(?<=\^)\s+|(?<=:)\s+", _tight, text)) if part]


def _tight(match: re.Match[str]) -> str:
    return match[0].strip()


def _named(text: str, node_of: Mapping[int, int], where: str) -> frozenset[int]:
    """CPUs of a list of CPUs and nodes as xl.cfg(5) has it: ``all``, ``nodes:1,^4``, ``0-3,node:2,^nodes:3``."""
    found: set[int] = set()
    for part in _parts(text):
        named = re.fullmatch(r"(\^?)(all|nodes?:(.+)|[\d-]+)", part)
        if named is None:
            raise InputError(f"{where}: {part!r} is no list of CPUs and nodes such as 0-3,nodes:1,^node:2")
        if named[2] == "all":
            cpus = frozenset(node_of)
        elif named[3] is not None:
            nodes = cpu_set(named[3], where)
            if unknown := nodes - set(node_of.values()):
                raise InputError(f"{where}: {part!r} names node {min(unknown)}, which the machine does not have")
            cpus = frozenset(cpu for cpu, node in node_of.items() if node in nodes)
        else:
            cpus = cpu_set(named[2], where)
        found = found - cpus if named[1] else found | cpus
    return frozenset(found)


def read_object(file: Path) -> dict[str, Any]:
    """A JSON object in a file.

    Raises:
        InputError: It is not one.
    """
    found = decode.parse_json(read_text(file), str(file))
    if not isinstance(found, dict):
        raise InputError(f"{file}: a JSON object is expected")
    return found
