"""libvirt domain XML: vcpupin, emulatorpin, numatune, guest topology and NUMA cells.

Disks and network cards are the user's: the README says how to add them. Read are also threads that inherit their
CPUs from the domain's cpuset, I/O threads, vCPUs that are not there yet (``current``), memory of guest nodes and
how it is bound.
Source: libvirt, docs/formatdomain, sections CPU tuning, NUMA node tuning, CPU model and topology.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.calibration.store.xml_tree import Element, parse_xml
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shortened, shown
from cerberus_plan.planner.deploy.deployment import Deployment, Format, Unit
from cerberus_plan.planner.deploy.seen import Seen, cpu_set

_PREFIXES = "kmgtpe"
_PERIOD_US = 100_000  # libvirt's default of the period in which a quota is spent
_MOST_VCPUS = 4096
_STRICT = ("strict", "restrictive")  # the latter holds memory on its nodes by a cgroup
# Names of domains live here (RFC 9562, version 5); made once, never changed.
_NAMES = UUID("4d3c4a0e-6b0f-5c1d-9f57-3f0b8a1c2e64")


def _domain(deployment: Deployment, unit: Unit) -> str:
    domain = ET.Element("domain", type="kvm")
    _text(domain, "name", unit.name)
    # the same name has the same uuid: a domain that is defined again is replaced, not refused
    _text(domain, "uuid", str(uuid5(_NAMES, unit.name)))
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
    features = ET.SubElement(domain, "features")
    for feature in ("acpi", "apic"):  # without these tables an x86 guest finds one CPU and no nodes
        ET.SubElement(features, feature)
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
        "Defining again replaces the domain of that name. One that was there before the first time has another uuid:\n"
        "libvirt refuses, and keeps it.\n\n"
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
    domain, where = _root(file), str(file)
    online = _online(domain, where)
    everywhere = _everywhere(domain, where)
    pins = {pin.get("vcpu"): _attribute(pin, "cpuset", where) for pin in domain.all("cputune/vcpupin")}
    emulator = _attribute(domain.first("cputune/emulatorpin"), "cpuset", where)
    cells = _cells(domain, where)
    nodes = _attribute(domain.first("numatune/memory"), "nodeset", where)
    if cells and nodes:  # the guest's memory is in its cells; without <memory> the rest of the domain's is anywhere
        nodes = frozenset().union(*cells.values())
    return Seen(
        name=(domain.text_of("name") or "").strip(),
        source=file.name,
        count=len(online),
        vcpus=tuple(pins.get(str(vcpu)) or everywhere for vcpu in online),
        quota=_quota(domain, len(online), where),
        nodes=nodes or frozenset(),
        policy=_policy(domain),
        cells=cells,
        memory_bytes=_guest_memory(domain, where),
        # a thread that is not pinned itself is where all of the domain is
        emulator=everywhere if emulator is None else emulator,
        io_threads=_io_threads(domain, everywhere, where),
    )


def _root(file: Path) -> Element:
    """The domain in a file; libvirt's own state files have it one level deeper."""
    text = read_text(file)
    if "<!DOCTYPE" in text:  # libvirt writes none
        raise InputError(f"{file}: a document type is not expected in a libvirt domain")
    root = parse_xml(text, str(file), "the output of `virsh dumpxml NAME`")
    domain = root if root.tag == "domain" else root.first("domain")
    count = None if domain is None else domain.text_of("vcpu")
    if domain is None or count is None:
        raise InputError(f"{file} is not a libvirt domain with <vcpu>; give the output of `virsh dumpxml NAME`")
    if _whole(count) is None:
        decode.refuse(count.strip(), f"{file}: <vcpu>", f"a whole number from 1 to {_MOST_VCPUS}")
    return domain


def _online(domain: Element, where: str) -> list[int]:
    """The vCPUs that the guest starts with: all, the first ``current`` ones, or those told one by one to be there."""
    vcpu = domain.first("vcpu")
    most = _whole(domain.text_of("vcpu")) or 0
    current = None if vcpu is None else vcpu.get("current")
    count = most if current is None else _whole(current)
    if count is None or not count <= most <= _MOST_VCPUS:
        said = "" if current is None else f" current={shown(current)}"
        raise InputError(f"{where}: <vcpu{said}>{most} is not a number of vCPUs up to {_MOST_VCPUS}")
    told = {each.get("id"): each.get("enabled") == "yes" for each in domain.all("vcpus/vcpu")}
    if told:
        return [number for number in range(most) if told.get(str(number))]
    return list(range(count))


def _everywhere(domain: Element, where: str) -> frozenset[int]:
    """CPUs of all threads that have no pin of their own; automatic placement ignores what is written."""
    vcpu = domain.first("vcpu")
    if vcpu is None or vcpu.get("placement") == "auto":
        return frozenset()
    return _attribute(vcpu, "cpuset", where) or frozenset()


def _cells(domain: Element, where: str) -> dict[int, frozenset[int]]:
    """Nodes of the memory of each guest node that has its own."""
    found = {}
    for memnode in domain.all("numatune/memnode"):
        cell = _whole(memnode.get("cellid"))
        if cell is None:
            raise InputError(f"{where}: <memnode cellid={shown(memnode.get('cellid'))}> is not a guest node's number")
        found[cell] = _attribute(memnode, "nodeset", where) or frozenset()
    return found


def _quota(domain: Element, vcpus: int, where: str) -> float | None:
    """CPUs whose time the domain may use: of each vCPU, or of all together; None where nothing limits it."""
    limits = []
    for prefix, each in (("", vcpus), ("global_", 1)):
        spent, period = (_time(domain, f"{prefix}{name}", where) for name in ("quota", "period"))
        if spent:
            limits.append(each * spent / (period or _PERIOD_US))
    return min(limits, default=None)


def _time(domain: Element, name: str, where: str) -> int:
    """Microseconds; 0 where there is none, or a negative number, which is no limit."""
    text = domain.text_of(f"cputune/{name}")
    if text is None or re.fullmatch(r"\s*-[0-9]{1,18}\s*", text):
        return 0
    found = _whole(text)
    if found is None:
        decode.refuse(text.strip(), f"{where}: <{name}>", "a whole number of microseconds")
    return found


def _policy(domain: Element) -> str:
    """How memory comes from its nodes where that is not strict."""
    tunes = [*domain.all("numatune/memory"), *domain.all("numatune/memnode")]
    loose = [mode for tune in tunes if (mode := tune.attributes.get("mode", "strict")) not in _STRICT]
    return loose[0] if loose else ""


def _io_threads(domain: Element, everywhere: frozenset[int], where: str) -> dict[str, frozenset[int]]:
    """CPUs of each I/O thread with a pin, and of those without one where nothing holds the domain anywhere."""
    found = {
        str(number): everywhere for number in range(1, min(_whole(domain.text_of("iothreads")) or 0, _MOST_VCPUS) + 1)
    }
    found |= {each.attributes.get("id", "?"): everywhere for each in domain.all("iothreadids/iothread")}
    found = {} if everywhere else found
    for pin in domain.all("cputune/iothreadpin"):
        found[pin.attributes.get("iothread", "?")] = _attribute(pin, "cpuset", where) or frozenset()
    return found


def _attribute(element: Element | None, name: str, where: str) -> frozenset[int] | None:
    text = None if element is None else element.get(name)
    return None if element is None or text is None else cpu_set(text, f"{where}: <{element.tag} {name}>")


def _guest_memory(domain: Element, where: str) -> int | None:
    """What the guest has: its memory, or what a balloon leaves of it, or the sum of its nodes."""
    sizes = [
        _memory(element.text, element, where)
        for name in ("memory", "currentMemory")
        if (element := domain.first(name)) is not None
    ]
    if sizes:
        return min(sizes)
    cells = [_memory(cell.get("memory"), cell, where) for cell in domain.all("cpu/numa/cell")]
    return sum(cells) if cells else None


def _memory(text: str | None, element: Element, where: str) -> int:
    """Bytes: ``KiB``, also ``K`` or nothing, are 1024, ``KB`` 1000, and so on; capital letters do not matter."""
    unit = element.attributes.get("unit", "KiB")
    size = re.fullmatch(rf"([{_PREFIXES}])(i?b)?|(b(?:ytes?)?)", unit.lower())
    amount = _whole(text)
    if amount is None or size is None:
        raise InputError(
            f"{where}: <{element.tag} unit={shown(unit)}>{shortened((text or '').strip())} is not an amount of memory"
        )
    if size[3]:
        return amount
    base = 1000 if size[2] == "b" else 1024
    return int(amount * base ** (_PREFIXES.index(size[1]) + 1))


def _whole(text: str | None) -> int | None:
    """A whole number in plain digits, or None."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def _read(folder: Path) -> Iterator[Seen]:
    for file in sorted(folder.glob("*.xml")):
        yield libvirt_domain(file)


FORMAT = Format(
    name="libvirt", title="libvirt domain XML", systems=("kvm",), write=_write, read=_read, apply=_apply, undo=_undo
)
