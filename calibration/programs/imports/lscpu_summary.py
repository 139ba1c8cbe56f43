"""``lscpu`` and ``lscpu -J``: how many sockets, cores, threads and caches, and the CPUs of each NUMA node.

The summary does not say which CPUs are siblings. Two numberings are usual: i with i + half, and 2i with 2i + 1; the
CPU lists of the nodes exclude one of them where there are several nodes, else POWER, s390 and SPARC have the second,
all others are taken to have the first, and a note says so. On s390 sockets are in books, and books in drawers; where
firmware tells no sockets (Arm in clouds), clusters stand for them.
Cores are taken to follow one another in caches and sockets. Machines with unlike cores are refused: their counts do
not multiply.
When not to use it: where ``lscpu -e`` or lstopo is to be had, which tell all of this; in other languages than English.
Source: lscpu(1) of util-linux 2.31 to 2.40, and its test suite for other architectures.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from cerberus_plan.calibration.programs.imports.described_machine import Described
from cerberus_plan.calibration.programs.imports.json_source import load
from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.digits import counted
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cerberus_plan.calibration.programs.imports.source import Source

_INSTANCES = re.compile(r"\((\d+) instances?\)")
_NODE = re.compile(r"NUMA node(\d+) CPU\(s\)")
_BETTER = "give `lscpu -e` or `lstopo --of xml` of that machine, which list every CPU"
_MOST_CPUS = 2**16  # beyond any single machine
_MOST_DEPTH = 10
_BESIDE = re.compile(r"ppc|s390|sparc")  # architectures that number the siblings of a core one after another
_POWER = re.compile(r"POWER\d")  # older versions print no architecture beside it


def sniff(text: str) -> bool:
    """Whether it is the summary, as text or as JSON."""
    start = text.lstrip()
    if start.startswith("{"):
        return '"lscpu"' in start[:100]
    return "Thread(s) per core:" in text and ("Socket(s):" in text or "Socket(s) per book:" in text)


def read(source: Source) -> Described:
    """The machine of the summary.

    Raises:
        InputError: A field is missing or no number, or the counts do not multiply.
    """
    fields = dict(_json_fields(source) if source.text.lstrip().startswith("{") else _text_fields(source))
    sockets, threads = _sockets(source, fields), _count(source, fields, "Thread(s) per core")
    cores = _count(source, fields, f"Core(s) per {_group(fields).lower()}") * sockets
    online = _cpus(source, fields, "On-line CPU(s) list", count=_count(source, fields, "CPU(s)"))
    if cores * threads != len(online):
        source.refuse(
            None,
            f"{counted(cores, 'core')} of {counted(threads, 'thread')} but {counted(len(online), 'CPU')} online",
            f"counts that multiply (unlike cores, or CPUs offline: {_BETTER})",
        )
    nodes = {int(match[1]): _list(source, name, fields[name]) for name in fields if (match := _NODE.fullmatch(name))}
    node_of = {cpu: node for node, cpus in nodes.items() for cpu in cpus}
    if nodes and set(online) - set(node_of):
        source.refuse(None, "CPUs that are in no NUMA node", "every CPU in one")
    order, notes = _cores_in_order(online, threads, node_of, beside_first=_numbers_beside(fields))
    caches = _caches(fields, sockets=sockets, cores=cores, notes=notes)
    place = {cpu: core for core, cpus in enumerate(order) for cpu in cpus}
    topology = Topology(
        cpus=online,
        sockets=tuple(place[cpu] * sockets // cores for cpu in online),
        numa_nodes=tuple(node_of.get(cpu, 0) for cpu in online),
        l3_groups=tuple(place[cpu] * caches // cores for cpu in online),
        cores=tuple(place[cpu] for cpu in online),
    )
    return Described(topology=topology, processor=fields.get("Model name", ""), notes=notes)


def _cores_in_order(
    online: tuple[int, ...], threads: int, node_of: dict[int, int], *, beside_first: bool
) -> tuple[list[Sequence[int]], list[str]]:
    """CPUs of each core, cores of one node together, and what had to be assumed."""
    count = len(online) // threads
    half = [online[core::count] for core in range(count)]
    beside = [online[core * threads : (core + 1) * threads] for core in range(count)]

    def fits(cores: list[Sequence[int]]) -> bool:
        return all(len({node_of.get(cpu, 0) for cpu in cpus}) == 1 for cpus in cores)

    usual, other = (beside, half) if beside_first else (half, beside)
    chosen: list[Sequence[int]] = list(usual) if fits(list(usual)) or not fits(list(other)) else list(other)
    notes = []
    if threads > 1 and fits(list(half)) == fits(list(beside)):
        notes.append(
            f"siblings are taken to be {','.join(map(str, chosen[0]))} and so on, which lscpu's summary does not tell; "
            f"to be sure {_BETTER}"
        )
    return sorted(chosen, key=lambda cpus: (node_of.get(cpus[0], 0), cpus[0])), notes


def _sockets(source: Source, fields: dict[str, str]) -> int:
    """Number of sockets; on s390 those of each book, times the books of each drawer, times the drawers."""
    if "Socket(s) per book" not in fields:
        return _count(source, fields, f"{_group(fields)}(s)")
    books = [name for name in ("Book(s)", "Book(s) per drawer", "Drawer(s)") if name in fields]
    return math.prod(_count(source, fields, name) for name in ("Socket(s) per book", *books))


def _group(fields: dict[str, str]) -> str:
    """What cores are counted in: clusters where firmware tells no sockets, as of Arm machines in clouds."""
    return "Cluster" if fields.get("Socket(s)", "-") == "-" and "Cluster(s)" in fields else "Socket"


def _numbers_beside(fields: dict[str, str]) -> bool:
    """Whether siblings are numbered one after another on this architecture."""
    return bool(_BESIDE.match(fields.get("Architecture", "")) or _POWER.match(fields.get("Model name", "")))


def _caches(fields: dict[str, str], *, sockets: int, cores: int, notes: list[str]) -> int:
    """Number of last-level caches: as told, else one a socket."""
    told = _INSTANCES.search(fields.get("L3", fields.get("L3 cache", "")))
    if told is not None and int(told[1]) and cores % int(told[1]) == 0:
        return int(told[1])
    notes.append(f"each socket is taken to have one last-level cache; to be sure {_BETTER}")
    return sockets


def _count(source: Source, fields: dict[str, str], name: str) -> int:
    text = fields.get(name)
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 10) or not 0 < int(text) <= _MOST_CPUS:
        source.refuse(None, f"{name} {text!r}", f"a whole number of at least 1; else {_BETTER}")
    return int(text)


def _cpus(source: Source, fields: dict[str, str], name: str, *, count: int) -> tuple[int, ...]:
    return _list(source, name, fields[name]) if name in fields else tuple(range(count))


def _list(source: Source, name: str, text: str) -> tuple[int, ...]:
    try:
        return parse_cpu_list(text, strides=True)
    except InputError as error:
        raise InputError(f"{source.name}: {name}: {error}") from error


def _text_fields(source: Source) -> Iterable[tuple[str, str]]:
    for _, line in source.lines:
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()


def _json_fields(source: Source) -> Iterable[tuple[str, str]]:
    record = load(source).value
    return list(_nested(record.get("lscpu") if isinstance(record, dict) else None))


def _nested(rows: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Fields at every depth: newer versions group them, two deep."""
    for row in rows if isinstance(rows, list) and depth < _MOST_DEPTH else []:
        if isinstance(row, dict):
            yield str(row.get("field", "")).rstrip(":"), str(row.get("data") or "")
            yield from _nested(row.get("children"), depth + 1)
