"""Reads deployment files back, whoever wrote or edited them: pins, memory and emulator threads of each instance.

One reader a format, chosen by the plan's ``files``; each knows only what it audits and ignores the rest.
When not to use it: as a validator of the formats; their own tools do that better.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from calibration.files import read_text
from model.errors import CannotAnswerError, InputError
from planner.audit.seen import Seen, cpu_set

_UNITS = {"b": 1, "bytes": 1, "k": 2**10, "kib": 2**10, "m": 2**20, "mib": 2**20, "g": 2**30, "gib": 2**30}
_MIB = 2**20


def libvirt_domain(file: Path) -> Seen:
    """A libvirt domain, from a file or from ``virsh dumpxml``.

    Raises:
        InputError: It is not a domain.
    """
    text = read_text(file)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # libvirt writes neither, and entities can be made to explode
        raise InputError(f"{file}: a document type is not expected in a libvirt domain")
    try:
        domain = ET.fromstring(text)  # noqa: S314 - entities are refused above
    except ET.ParseError as error:
        raise InputError(f"{file}: not XML: {error}") from error
    count = (domain.findtext("vcpu") or "").strip()
    if domain.tag != "domain" or not count.isdigit():
        raise InputError(f"{file} is not a libvirt domain with <vcpu>; give the output of `virsh dumpxml NAME`")
    where = str(file)
    everywhere = _attribute(domain.find("vcpu"), "cpuset", where)
    pins = {pin.get("vcpu"): _attribute(pin, "cpuset", where) for pin in domain.iterfind("cputune/vcpupin")}
    memory = domain.find("memory")
    return Seen(
        name=(domain.findtext("name") or "").strip(),
        source=file.name,
        count=int(count),
        vcpus=tuple(pins.get(str(vcpu)) or everywhere or frozenset() for vcpu in range(int(count))),
        nodes=_attribute(domain.find("numatune/memory"), "nodeset", where) or frozenset(),
        memory_bytes=None if memory is None else _memory(memory, where),
        emulator=_attribute(domain.find("cputune/emulatorpin"), "cpuset", where) or frozenset(),
    )


def _attribute(element: ET.Element | None, name: str, where: str) -> frozenset[int] | None:
    text = None if element is None else element.get(name)
    return None if text is None else cpu_set(text, where)


def _memory(element: ET.Element, where: str) -> int:
    text, unit = (element.text or "").strip(), element.get("unit", "KiB").lower()
    if not text.isdigit() or unit not in _UNITS:
        raise InputError(f"{where}: <memory unit={unit!r}>{text} is not an amount of memory")
    return int(text) * _UNITS[unit]


def _libvirt(folder: Path) -> Iterator[Seen]:
    for file in sorted(folder.glob("*.xml")):
        yield libvirt_domain(file)


def _xl(folder: Path) -> Iterator[Seen]:
    for file in sorted(folder.glob("*.cfg")):
        values = _assignments(file)
        pins = values.get("cpus", [])
        count = int(values.get("vcpus", 1))
        each = [pins] * count if isinstance(pins, str) else list(pins)
        vnuma = [dict(str(item).split("=", 1) for item in node) for node in values.get("vnuma", [])]
        yield Seen(
            name=str(values.get("name", file.stem)),
            source=file.name,
            count=count,
            vcpus=tuple(
                cpu_set(str(each[vcpu]), str(file)) if vcpu < len(each) else frozenset() for vcpu in range(count)
            ),
            nodes=frozenset(int(node["pnode"]) for node in vnuma if "pnode" in node) or None,
            memory_bytes=int(values["memory"]) * _MIB if "memory" in values else None,
        )


def _assignments(file: Path) -> dict[str, Any]:
    """Names and values of an xl configuration, whose strings, numbers and lists are written as Python's."""
    try:
        return {
            statement.targets[0].id: ast.literal_eval(statement.value)
            for statement in ast.parse(read_text(file)).body
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        }
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as an xl configuration: {error}") from error


def _firecracker(folder: Path) -> Iterator[Seen]:
    script = folder / "start.sh"
    for line in read_text(script).splitlines():
        words = shlex.split(line, comments=True) if line.startswith("start ") else []
        if len(words) < 4:
            continue
        _, name, cpuset, mems, *pins = words
        config = _json(folder / f"{name}.json").get("machine-config", {})
        yield Seen(
            name=name,
            source=f"{script.name} and {name}.json",
            count=config.get("vcpu_count"),
            vcpus=tuple(cpu_set(pin, str(script)) & cpu_set(cpuset, str(script)) for pin in pins),
            nodes=cpu_set(mems, str(script)),
            memory_bytes=config.get("mem_size_mib", 0) * _MIB,
        )


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise InputError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(found, dict):
        raise InputError(f"{file}: a JSON object is expected")
    return found


def _cloud_hypervisor(folder: Path) -> Iterator[Seen]:
    for file in sorted(folder.glob("*-*.json")):
        config = _json(file)
        cpus, memory = config.get("cpus", {}), config.get("memory", {})
        pins = {entry.get("vcpu"): frozenset(entry.get("host_cpus", ())) for entry in cpus.get("affinity", ())}
        count = int(cpus.get("boot_vcpus", 1))
        zones = memory.get("zones", ())
        yield Seen(
            name=file.stem,
            source=file.name,
            count=count,
            vcpus=tuple(pins.get(vcpu, frozenset()) for vcpu in range(count)),
            nodes=frozenset(zone["host_numa_node"] for zone in zones if "host_numa_node" in zone),
            memory_bytes=int(memory.get("size", 0)) + sum(int(zone.get("size", 0)) for zone in zones),
        )


def _systemd(folder: Path) -> Iterator[Seen]:
    for file in sorted(folder.glob("*-*.slice")):
        fields = dict(re.findall(r"^(AllowedCPUs|AllowedMemoryNodes)=(.*)$", read_text(file), flags=re.MULTILINE))
        yield Seen(
            name=file.stem,
            source=file.name,
            cpus=cpu_set(fields.get("AllowedCPUs", ""), str(file)),
            nodes=cpu_set(fields.get("AllowedMemoryNodes", ""), str(file)),
        )


def _compose(folder: Path) -> Iterator[Seen]:
    """Services two spaces deep with a cpuset, as the exporter writes them; YAML of another shape is not understood."""
    file = folder / "compose.yaml"
    name = None
    for line in read_text(file).splitlines():
        service = re.fullmatch(r"  ([\w.-]+):\s*", line)
        cpuset = re.fullmatch(r"    cpuset:\s*[\"']?([-\d,^ ]*)[\"']?\s*(#.*)?", line)
        if service:
            if name:  # the service before had no cpuset
                yield Seen(name=name, source=file.name, cpus=frozenset())
            name = service[1]
        elif cpuset and name:
            yield Seen(name=name, source=file.name, cpus=cpu_set(cpuset[1], str(file)))
            name = None
    if name:
        yield Seen(name=name, source=file.name, cpus=frozenset())


def _kubevirt(folder: Path) -> Iterator[Seen]:
    """The kubelet chooses the CPUs: only counts, memory and whether they are dedicated can be told."""
    for file in sorted(folder.glob("*-*.yaml")):
        text = read_text(file)
        parts = {key: int(n) for key, n in re.findall(r"^ +(sockets|cores|threads): (\d+)\s*$", text, re.MULTILINE)}
        count = parts.get("sockets", 1) * parts.get("cores", 1) * parts.get("threads", 1)
        memory = re.search(r"^ +guest: (\d+)Mi\s*$", text, re.MULTILINE)
        dedicated = re.search(r"^ +dedicatedCpuPlacement: true\s*$", text, re.MULTILINE)
        name = re.search(r"^  name: (\S+)\s*$", text, re.MULTILINE)
        yield Seen(
            name=name[1] if name else file.stem,
            source=file.name,
            count=count,
            vcpus=None if dedicated else (frozenset(),) * count,
            memory_bytes=int(memory[1]) * _MIB if memory else None,
        )


READERS: dict[str, Callable[[Path], Iterator[Seen]]] = {
    "libvirt": _libvirt,
    "xl": _xl,
    "firecracker": _firecracker,
    "cloud-hypervisor": _cloud_hypervisor,
    "systemd": _systemd,
    "compose": _compose,
    "kubevirt": _kubevirt,
}


def read_files(form: str, folder: Path) -> list[Seen]:
    """All instances that the files of a format in a folder describe.

    Raises:
        InputError: A file cannot be understood; says which and where.
        CannotAnswerError: The format is unknown to this version.
    """
    if form not in READERS:
        raise CannotAnswerError(f"the plan's files are {form!r}, which this version cannot read; update it")
    return list(READERS[form](folder))
