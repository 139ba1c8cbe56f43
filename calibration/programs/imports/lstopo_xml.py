"""``lstopo --of xml``, versions 1, 2 and 3: topology as hwloc sees it.

Shape: nested ``<object type=... os_index=...>``; packages, L3 caches, dies, cores and PUs are what counts. NUMA nodes
are memory children beside the CPUs (hwloc 2) or enclose them (hwloc 1); both are matched through ``cpuset``, the
smallest set that holds a CPU being its node, numbered as the system numbers it; of several with the same CPUs it is
the one of ordinary memory, where data goes by default, and not the faster (HBM, MCDRAM) or the slower one. Nodes
without CPUs and larger ones (CXL, persistent memory) are no CPU's node; a note tells of them. PUs outside
``allowed_cpuset`` or offline are left out.
CPUs that no L3 cache covers count their die, else their package, as the group that shares a cache.
When not to use it: for what was measured; firmware tells hwloc, and firmware errs.
Source: the hwloc manual, "XML export", object types, "CPU kinds", "Heterogeneous Memory"; bitmaps as
``hwloc_bitmap_snprintf`` writes them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cerberus_plan.calibration.host.topology import number_groups
from cerberus_plan.calibration.programs.imports.described_machine import Described
from cerberus_plan.calibration.store.xml_tree import Element, parse_xml
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cerberus_plan.calibration.programs.imports.source import Source

_WORD = 32  # bits of one word of a mask
_HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-fA-F]{1,8}")
_MOST_CPUS = 2**16  # beyond any single machine, and what an infinite mask is cut to


class _Unit(NamedTuple):
    """A PU: its number, and the innermost object of each kind around it."""

    cpu: int
    inside: dict[str, Element]


class _Node(NamedTuple):
    """A NUMA node: its number, CPUs as a bit mask, memory [B], and whether that is of a special kind (HBM, CXL)."""

    number: int
    mask: int
    memory_bytes: float
    special: bool


def sniff(text: str) -> bool:
    """Whether it is XML with a topology in it."""
    return text.lstrip().startswith("<") and "<topology" in text and "<capabilities" not in text


def parse(source: Source) -> Topology:
    """The topology of all PUs that may be used.

    Raises:
        InputError: not XML, no PU, a PU or node without number, or a mask that is none.
    """
    return read(source).topology


def read(source: Source) -> Described:
    """The machine that the file describes: its topology, processor and notes.

    Raises:
        InputError: as for ``parse``.
    """
    root = parse_xml(source.text, source.name, "the output of lstopo --of xml")
    units, left = _usable(source, root, list(_units(source, root, {})))
    notes = [f"CPUs {cpu_list(left)} are not allowed or offline and are left out"] if left else []
    nodes = _nodes(source, root)
    node_of = [_node_of(unit.cpu, nodes) for unit in units]
    memory = {node.number: node.memory_bytes for node in nodes}
    cpus = tuple(unit.cpu for unit in units)
    known = [memory.get(number, _machine_memory(source, root)) for number in sorted(set(node_of))]
    try:
        topology = Topology(
            cpus=cpus,
            sockets=number_groups(_key(unit, "Package") for unit in units),
            numa_nodes=tuple(node_of),
            l3_groups=number_groups(_key(unit, "L3", "Die", "Package") for unit in units),
            cores=number_groups(_key(unit, "Core") if "Core" in unit.inside else unit.cpu for unit in units),
            memory_bytes=tuple(known) if all(known) else (),
            kinds=_kinds(source, root, cpus),
        )
    except InputError as error:
        raise InputError(f"{source.name}: {error}") from error
    notes += _memory_left([node for node in nodes if node.number not in node_of and node.memory_bytes], left)
    return Described(topology=topology, processor=_info(root, "CPUModel"), host=_info(root, "HostName"), notes=notes)


def _units(source: Source, element: Element, inside: dict[str, Element]) -> Iterator[_Unit]:
    """Each PU with the objects around it, by kind."""
    for child in element.children:
        if child.tag != "object":
            continue
        kind = child.attributes.get("type", "")
        if kind == "PU":
            yield _Unit(_number(source, child), inside)
            continue
        if kind == "L3Cache" or (kind == "Cache" and child.attributes.get("depth") == "3"):
            kind = "L3"
        kind = "Package" if kind == "Socket" else kind
        yield from _units(source, child, {**inside, kind: child})


def _usable(source: Source, root: Element, units: list[_Unit]) -> tuple[list[_Unit], list[int]]:
    """The PUs that are online and allowed, and the CPUs of the others."""
    if not units:
        source.refuse(None, "no PU", "the output of lstopo --of xml, with at least one")
    machines = _objects(root, "Machine")
    if len(machines) > 1:
        source.refuse(None, "several machines", "the topology of one machine")
    mask = -1
    for element in machines:
        for name in ("allowed_cpuset", "online_cpuset"):
            if name in element.attributes:
                mask &= _mask(source, element, name)
    kept = [unit for unit in units if mask >> unit.cpu & 1]
    if not kept:
        source.refuse(None, "no PU that is allowed", "an allowed_cpuset that holds at least one")
    return kept, sorted({unit.cpu for unit in units} - {unit.cpu for unit in kept})


def _memory_left(nodes: Sequence[_Node], left: Sequence[int]) -> list[str]:
    """Notes on the nodes that are no CPU's: those whose CPUs are left out, and memory beside the CPUs' own."""
    without = [node.number for node in nodes if any(node.mask >> cpu & 1 for cpu in left)]
    beside = [node.number for node in nodes if node.number not in without]
    reasons = (("is left out with its CPUs", without), ("belongs to no CPU alone and is not planned with", beside))
    return [
        f"memory of NUMA node{'s' if len(numbers) > 1 else ''} {cpu_list(sorted(numbers))} {reason}"
        for reason, numbers in reasons
        if numbers
    ]


def _nodes(source: Source, root: Element) -> list[_Node]:
    """NUMA nodes in the order of the file."""
    return [
        _Node(
            mask=_mask(source, element, "cpuset"),
            number=_number(source, element),
            memory_bytes=_memory(source, element),
            special=element.attributes.get("subtype", "DRAM") != "DRAM",
        )
        for element in _objects(root, "NUMANode", "Node")
    ]


def _objects(root: Element, *kinds: str) -> list[Element]:
    """The objects of these kinds; matrices of distances (``<distances2 type="NUMANode">``) name a kind as well."""
    return [each for each in root.walk() if each.tag == "object" and each.attributes.get("type") in kinds]


def _node_of(cpu: int, nodes: Sequence[_Node]) -> int:
    """The node whose CPUs are the fewest that hold this one; of equals ordinary memory, then the lowest number."""
    holding = [node for node in nodes if node.mask >> cpu & 1]
    if holding:
        return min(holding, key=lambda node: (node.mask.bit_count(), node.special, node.number)).number
    return min((node.number for node in nodes), default=0)


def _machine_memory(source: Source, root: Element) -> float:
    """Memory of a machine that is one node and has no object for it (hwloc 1)."""
    return next((_memory(source, element) for element in _objects(root, "Machine")), 0.0)


def _memory(source: Source, element: Element) -> float:
    text = element.attributes.get("local_memory", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        source.refuse(element.line, f"local_memory={text!r}", "bytes, a whole number")
    return float(text)


def _kinds(source: Source, root: Element, cpus: Sequence[int]) -> tuple[str, ...]:
    """Kind of core of each CPU; empty where all are alike."""
    masks = [
        (next((name for name in _infos(element, "CoreType")), f"kind{number}"), _mask(source, element, "cpuset"))
        for number, element in enumerate(e for e in root.walk() if e.tag == "cpukind")
    ]
    found = tuple(next((name for name, mask in masks if mask >> cpu & 1), "") for cpu in cpus)
    return found if len(set(found)) > 1 else ()


def _infos(element: Element, name: str) -> Iterator[str]:
    for child in element.children:
        if child.tag == "info" and child.attributes.get("name") == name:
            yield child.attributes.get("value", "")


def _info(root: Element, name: str) -> str:
    """The first remark of this name anywhere in the file."""
    return next((text for element in root.walk() for text in _infos(element, name)), "")


def _mask(source: Source, element: Element, name: str) -> int:
    """Hwloc writes masks as 32-bit words, the highest first: ``0x00000001,,0x0000ffff``; an empty word is zero.

    ``0xf...f`` in front stands for all higher bits.
    """
    text = element.attributes.get(name, "")
    words = text.split(",")
    value = 0
    endless = words[0] == "0xf...f"
    for word in words[endless:]:
        if word and not _HEXADECIMAL.fullmatch(word):
            source.refuse(element.line, f"{name}={text!r}", "a mask such as 0x00000001,0x0000ffff")
        value = value << _WORD | int(word or "0", 16)
    if endless:
        width = _WORD * (len(words) - 1)
        value |= (1 << max(_MOST_CPUS, width)) - (1 << width)
    return value


def _number(source: Source, element: Element) -> int:
    """The operating system's number of an object."""
    text, kind = element.attributes.get("os_index"), element.attributes.get("type")
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 10) or int(text) >= _MOST_CPUS:
        source.refuse(element.line, f"a {kind} with os_index {text!r}", f"a whole number below {_MOST_CPUS}")
    return int(text)


def _key(unit: _Unit, *kinds: str) -> tuple[str, int]:
    """The innermost object of the first of these kinds that is there: its kind and place in the file."""
    return next(((kind, unit.inside[kind].serial) for kind in kinds if kind in unit.inside), ("", 0))
