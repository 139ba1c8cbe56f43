"""libvirt domain XML: vcpupin, emulatorpin, numatune, guest topology and NUMA cells.

Disks and network cards are the user's: the README says how to add them.
Source: libvirt, docs/formatdomain, sections CPU tuning, NUMA node tuning, CPU model and topology.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.deployment import Deployment, Format, Unit
from cerberus_plan.planner.deploy.seen import Seen, cpu_set

_UNITS = {"b": 1, "bytes": 1, "k": 2**10, "kib": 2**10, "m": 2**20, "mib": 2**20, "g": 2**30, "gib": 2**30}


def _domain(deployment: Deployment, unit: Unit) -> str:
    domain = ET.Element("domain", type="kvm")
    _text(domain, "name", unit.name)
    _text(domain, "memory", str(sum(unit.memory_mib)), unit="MiB")
    _text(domain, "vcpu", str(len(unit.cpus)), placement="static", cpuset=cpu_list(unit.cpus))
    tune = ET.SubElement(domain, "cputune")
    for vcpu, cpu in enumerate(unit.cpus):
        ET.SubElement(tune, "vcpupin", vcpu=str(vcpu), cpuset=str(cpu))
    ET.SubElement(tune, "emulatorpin", cpuset=cpu_list(deployment.host_cpus or unit.cpus))
    numa = ET.SubElement(domain, "numatune")
    ET.SubElement(numa, "memory", mode="strict", nodeset=cpu_list(unit.place.nodes))
    for cell, node in enumerate(unit.place.nodes):
        ET.SubElement(numa, "memnode", cellid=str(cell), mode="strict", nodeset=str(node))
    operating_system = ET.SubElement(domain, "os")
    _text(operating_system, "type", "hvm", arch="x86_64")
    _cpu(domain, deployment, unit)
    ET.indent(domain)
    return ET.tostring(domain, encoding="unicode") + "\n"


def _cpu(domain: ET.Element, deployment: Deployment, unit: Unit) -> None:
    cpu = ET.SubElement(domain, "cpu", mode="host-passthrough")
    sockets, cores, threads = deployment.guest_topology(unit)
    ET.SubElement(cpu, "topology", sockets=str(sockets), dies="1", cores=str(cores), threads=str(threads))
    cells = ET.SubElement(cpu, "numa")
    by_node = deployment.vcpus_by_node(unit)
    for cell, (vcpus, memory) in enumerate(zip(by_node.values(), unit.memory_mib, strict=True)):
        ET.SubElement(cells, "cell", id=str(cell), cpus=cpu_list(vcpus), memory=str(memory), unit="MiB")


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text


def _write(deployment: Deployment) -> dict[str, str]:
    return {f"{unit.name}.xml": _domain(deployment, unit) for unit in deployment.units}


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0].name
    return (
        "Each XML file is a whole domain without disks and network cards. Add yours (`<devices>`), then\n\n"
        f'    for f in {deployment.name}-*.xml; do virsh define "$f"; done\n'
        f"    virsh start {first}\n\n"
        "Pins apply when a guest starts, its memory only if nothing touched it before: start guests, do not migrate\n"
        f"them in. Check what you got: `virsh vcpupin {first}`, `virsh emulatorpin {first}`, or\n\n"
        "    virsh dumpxml NAME > live.xml && cerberus-plan audit plan.json --libvirt live.xml"
    )


def _undo(deployment: Deployment) -> str:
    return f'    for f in {deployment.name}-*.xml; do n=${{f%.xml}}; virsh destroy "$n"; virsh undefine "$n"; done'


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


def _read(folder: Path) -> Iterator[Seen]:
    for file in sorted(folder.glob("*.xml")):
        yield libvirt_domain(file)


FORMAT = Format(
    name="libvirt", title="libvirt domain XML", systems=("kvm",), write=_write, read=_read, apply=_apply, undo=_undo
)
