"""libvirt domain XML: vcpupin, emulatorpin, numatune, guest topology and NUMA cells.

Disks and network cards are the user's: the README says how to add them.
Source: libvirt, docs/formatdomain, sections CPU tuning, NUMA node tuning, CPU model and topology.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from planner.export.cpu_list import cpu_list
from planner.export.deployment import Deployment, Format, Unit


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


FORMAT = Format(name="libvirt", title="libvirt domain XML", systems=("kvm",), write=_write, apply=_apply, undo=_undo)
