"""``lstopo --of xml``: topology as hwloc sees it.

Shape: nested ``<object type=... os_index=...>``; packages, L3 caches, cores and PUs are what counts. NUMA nodes are
memory children beside the CPUs (hwloc 2) or enclose them (hwloc 1); both are matched through ``cpuset``.
When not to use it: for what was measured; firmware tells hwloc, and firmware errs.
Source: the hwloc manual, "XML export" and object types.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cerberus_plan.calibration.programs.imports.source import Source


def sniff(text: str) -> bool:
    """Whether it is XML with a topology in it."""
    return text.lstrip().startswith("<") and "<topology" in text


def parse(source: Source) -> Topology:
    """The topology of all PUs in the file.

    Raises:
        InputError: not XML, no PU, or a PU without number.
    """
    if "<!ENTITY" in source.text:
        source.refuse(None, "an entity declaration", "XML as lstopo writes it, which has none")
    try:
        root = ET.fromstring(source.text)  # noqa: S314 - entities are refused above
    except ET.ParseError as error:
        source.refuse(error.position[0], f"not XML ({error})", "the output of lstopo --of xml")
    units = list(_units(root, {}))
    if not units:
        source.refuse(None, "no PU", "the output of lstopo --of xml, with at least one")
    nodes = _nodes(root)
    cpus = [_whole(source, unit.get("os_index")) for unit, _ in units]
    return Topology(
        cpus=tuple(cpus),
        sockets=_numbered([where.get("Package", where.get("Socket", 0)) for _, where in units]),
        numa_nodes=_numbered([next((name for name, mask in nodes if mask >> cpu & 1), 0) for cpu in cpus]),
        l3_groups=_numbered([where.get("L3", where.get("Package", 0)) for _, where in units]),
        cores=_numbered([where.get("Core", i) for i, (_, where) in enumerate(units)]),
    )


def _units(element: ET.Element, where: dict[str, int]) -> Iterator[tuple[ET.Element, dict[str, int]]]:
    """Each PU with the objects around it, by kind; the identity of an object is its place in memory."""
    for child in element:
        kind = child.get("type", "")
        if child.tag != "object":
            continue
        if kind == "PU":
            yield child, where
            continue
        if kind == "L3Cache" or (kind == "Cache" and child.get("depth") == "3"):
            kind = "L3"
        yield from _units(child, {**where, kind: id(child)})


def _nodes(root: ET.Element) -> list[tuple[int, int]]:
    """NUMA nodes and the CPUs of each as a bit mask."""
    found: list[tuple[int, int]] = []
    for element in root.iter("object"):
        if element.get("type") in {"NUMANode", "Node"}:
            found.append((len(found) + 1, _mask(element.get("cpuset", ""))))
    return found


def _mask(text: str) -> int:
    """Hwloc writes masks as 32-bit words, the highest first: ``0x00000001,0x0000ffff``."""
    value = 0
    for word in filter(None, text.split(",")):
        value = value << 32 | int(word, 16)
    return value


def _whole(source: Source, text: str | None) -> int:
    if text is None or not text.isdigit():
        source.refuse(None, f"a PU with os_index {text!r}", "a whole number")
    return int(text)


def _numbered(keys: list[int]) -> tuple[int, ...]:
    numbers: dict[int, int] = {}
    return tuple(numbers.setdefault(key, len(numbers)) for key in keys)
