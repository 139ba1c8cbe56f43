"""Readers of every format that share no code with its writer: pins and memory nodes of each instance, by name."""

from __future__ import annotations

import ast
import configparser
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from lxml import etree


@dataclass(frozen=True)
class Pins:
    """What a file says: CPUs of each vCPU (or of the whole instance) and memory nodes; None where it cannot say."""

    vcpus: int
    cpus: tuple[frozenset[int], ...] | None
    nodes: frozenset[int] | None
    memory_mib: int | None


def numbers(text: str) -> frozenset[int]:
    """CPUs of a list such as 1-4,^2."""
    chosen: set[int] = set()
    dropped: set[int] = set()
    for part in re.split(r"[,\s]+", text.strip()):
        target = dropped if part.startswith("^") else chosen
        match = re.fullmatch(r"\^?(\d+)(?:-(\d+))?", part)
        assert match, text
        first = int(match[1])
        target.update(range(first, int(match[2] or first) + 1))
    return frozenset(chosen - dropped)


def libvirt(folder: Path) -> dict[str, Pins]:
    """Domains of a folder."""
    found = {}
    for file in sorted(folder.glob("*.xml")):
        domain = etree.parse(file).getroot()
        vcpus = int(domain.findtext("vcpu"))
        pins = {int(p.get("vcpu")): numbers(p.get("cpuset")) for p in domain.iterfind("cputune/vcpupin")}
        assert sorted(pins) == list(range(vcpus))
        assert numbers(domain.find("vcpu").get("cpuset")) == frozenset().union(*pins.values())
        shape = domain.find("cpu/topology")
        assert vcpus == int(shape.get("sockets")) * int(shape.get("dies")) * int(shape.get("cores")) * int(
            shape.get("threads")
        )
        cells = domain.findall("cpu/numa/cell")
        assert sorted(v for cell in cells for v in numbers(cell.get("cpus"))) == list(range(vcpus))
        memory = int(domain.findtext("memory"))
        assert sum(int(cell.get("memory")) for cell in cells) == memory
        assert [n.get("cellid") for n in domain.iterfind("numatune/memnode")] == [c.get("id") for c in cells]
        assert numbers(domain.find("cputune/emulatorpin").get("cpuset"))
        found[domain.findtext("name")] = Pins(
            vcpus,
            tuple(pins[v] for v in range(vcpus)),
            numbers(domain.find("numatune/memory").get("nodeset")),
            memory,
        )
    return found


def xl(folder: Path) -> dict[str, Pins]:
    """Guests of a folder; xl's syntax for strings, numbers and lists is Python's."""
    found = {}
    for file in sorted(folder.glob("*.cfg")):
        values = _assignments(file.read_text())
        nodes = None
        if "vnuma" in values:
            assert values["type"] != "pv"
            entries = [dict(item.split("=", 1) for item in node) for node in values["vnuma"]]
            assert all(entry.keys() == {"pnode", "size", "vcpus", "vdistances"} for entry in entries)
            assert sum(int(entry["size"]) for entry in entries) == values["maxmem"]
            assert all(len(entry["vdistances"].split(",")) == len(entries) for entry in entries)
            assert sorted(v for e in entries for v in numbers(e["vcpus"])) == list(range(values["vcpus"]))
            nodes = frozenset(int(entry["pnode"]) for entry in entries)
        assert values["memory"] <= values["maxmem"]
        assert values["maxvcpus"] == values["vcpus"] == len(values["cpus"])
        found[values["name"]] = Pins(
            values["vcpus"], tuple(numbers(pin) for pin in values["cpus"]), nodes, values["memory"]
        )
    return found


def _assignments(text: str) -> dict[str, Any]:
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(text).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }


def firecracker(folder: Path) -> dict[str, Pins]:
    """Machine configurations with the start script's calls: start NAME CPUSET MEMS CPU..."""
    calls = {}
    for line in (folder / "start.sh").read_text().splitlines():
        words = line.split()
        if len(words) > 3 and words[0] == "start" and words[1] != "()":
            calls[words[1]] = words[2:]
    found = {}
    for file in sorted(folder.glob("*-*.json")):
        config = json.loads(file.read_text())["machine-config"]
        cpuset, mems, *pins = calls.pop(file.stem)
        assert numbers(cpuset) == {int(pin) for pin in pins}
        found[file.stem] = Pins(
            config["vcpu_count"],
            tuple(frozenset({int(pin)}) for pin in pins),
            numbers(mems),
            config["mem_size_mib"],
        )
    assert not calls
    return found


def cloud_hypervisor(folder: Path) -> dict[str, Pins]:
    """VM configurations of a folder."""
    found = {}
    for file in sorted(folder.glob("*-*.json")):
        config = json.loads(file.read_text())
        cpus, zones = config["cpus"], config["memory"]["zones"]
        shape = cpus["topology"]
        assert cpus["boot_vcpus"] == (
            shape["threads_per_core"] * shape["cores_per_die"] * shape["dies_per_package"] * shape["packages"]
        )
        by_vcpu = {entry["vcpu"]: frozenset(entry["host_cpus"]) for entry in cpus["affinity"]}
        assert sorted(v for node in config["numa"] for v in node["cpus"]) == sorted(by_vcpu)
        assert [z for node in config["numa"] for z in node["memory_zones"]] == [zone["id"] for zone in zones]
        assert config["memory"]["size"] == 0
        found[file.stem] = Pins(
            cpus["boot_vcpus"],
            tuple(by_vcpu[v] for v in range(cpus["boot_vcpus"])),
            frozenset(zone["host_numa_node"] for zone in zones),
            sum(zone["size"] for zone in zones) // 2**20,
        )
    return found


def systemd(folder: Path) -> dict[str, Pins]:
    """Slices of a folder, the parent left out."""
    found = {}
    for file in sorted(folder.glob("*-*.slice")):
        unit = configparser.ConfigParser()
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read(file)
        cpus = numbers(unit["Slice"]["AllowedCPUs"])
        found[file.stem] = Pins(len(cpus), (cpus,), numbers(unit["Slice"]["AllowedMemoryNodes"]), None)
    return found


def compose(folder: Path) -> dict[str, Pins]:
    """Services of the Compose file."""
    document = yaml.safe_load((folder / "compose.yaml").read_text())
    return {
        name: Pins(int(service["environment"]["CERBERUS_THREADS"]), (numbers(service["cpuset"]),), None, None)
        for name, service in document["services"].items()
    }


def script(folder: Path) -> dict[str, Pins]:
    """The table of instances, as start.sh and docker.sh split it."""
    rows = [line.split() for line in (folder / "instances.txt").read_text().splitlines() if not line.startswith("#")]
    return {name: Pins(int(threads), (numbers(cpus),), numbers(nodes), None) for name, cpus, nodes, threads in rows}


def kubernetes(folder: Path) -> dict[str, Pins]:
    """Pods of the Guaranteed class; the kubelet chooses their CPUs."""
    found = {}
    for file in sorted(folder.glob("*-*.yaml")):
        pod = yaml.safe_load(file.read_text())
        assert (pod["apiVersion"], pod["kind"]) == ("v1", "Pod")
        (container,) = pod["spec"]["containers"]
        resources = container["resources"]
        assert resources["requests"] == resources["limits"]
        assert container["env"] == [{"name": "CERBERUS_THREADS", "value": resources["limits"]["cpu"]}]
        memory = re.fullmatch(r"(\d+)Mi", resources["limits"]["memory"])
        assert memory
        found[pod["metadata"]["name"]] = Pins(int(resources["limits"]["cpu"]), None, None, int(memory[1]))
    return found


def kubevirt(folder: Path) -> dict[str, Pins]:
    """Virtual machines; the kubelet chooses their CPUs."""
    found = {}
    for file in sorted(folder.glob("*-*.yaml")):
        machine = yaml.safe_load(file.read_text())
        domain = machine["spec"]["template"]["spec"]["domain"]
        cpu = domain["cpu"]
        assert cpu["dedicatedCpuPlacement"] is True
        memory = re.fullmatch(r"(\d+)Mi", domain["memory"]["guest"])
        assert memory
        found[machine["metadata"]["name"]] = Pins(
            cpu["sockets"] * cpu["cores"] * cpu["threads"], None, None, int(memory[1])
        )
    return found


def proxmox(folder: Path) -> dict[str, Pins]:
    """Options of virtual machines, as ``qm config`` prints them."""
    found = {}
    for file in sorted(folder.glob("*.conf")):
        options = dict(line.split(": ", 1) for line in file.read_text().splitlines())
        vcpus = int(options["sockets"]) * int(options["cores"])
        guest = [
            dict(part.split("=") for part in options[f"numa{i}"].split(",")) for i in range(8) if f"numa{i}" in options
        ]
        assert options["numa"] == "1"
        assert all(node.keys() == {"cpus", "hostnodes", "memory", "policy"} for node in guest)
        assert {node["policy"] for node in guest} == {"bind"}
        assert sorted(v for node in guest for v in numbers(node["cpus"].replace(";", ","))) == list(range(vcpus))
        assert sum(int(node["memory"]) for node in guest) == int(options["memory"])
        nodes = frozenset(int(node["hostnodes"]) for node in guest)
        found[options["name"]] = Pins(vcpus, (numbers(options["affinity"]),), nodes, int(options["memory"]))
    return found


def incus(folder: Path) -> dict[str, Pins]:
    """Instances' configurations; a number alone would be a count of CPUs."""
    found = {}
    for file in sorted(folder.glob("*-*.yaml")):
        config = yaml.safe_load(file.read_text())["config"]
        assert not config["limits.cpu"].isdigit()
        cpus = numbers(config["limits.cpu"])
        memory = re.fullmatch(r"(\d+)MiB", config["limits.memory"])
        assert memory
        found[file.stem] = Pins(len(cpus), (cpus,), numbers(config["limits.cpu.nodes"]), int(memory[1]))
    return found


def slurm(folder: Path) -> dict[str, Pins]:
    """Tasks of the job, from its masks."""
    text = (folder / "job.sh").read_text()

    def sets(kind: str) -> list[frozenset[int]]:
        words = re.search(rf"{kind}:(\S+)", text)
        assert words
        return [frozenset(i for i in range(2000) if int(word, 16) >> i & 1) for word in words[1].split(",")]

    cpus, nodes = sets("mask_cpu"), sets("mask_mem")
    ranks = re.findall(r"^rank \d+=\+n0 slot=(\S+) # (\S+)$", (folder / "rankfile").read_text(), re.MULTILINE)
    assert len(ranks) == len(cpus) == len(nodes)
    assert [len(numbers(slots)) for slots, _ in ranks] == [len(each) for each in cpus]
    return {name: Pins(len(c), (c,), n, None) for (_, name), c, n in zip(ranks, cpus, nodes, strict=True)}


READERS = {
    "libvirt": libvirt,
    "proxmox": proxmox,
    "incus": incus,
    "slurm": slurm,
    "xl": xl,
    "firecracker": firecracker,
    "cloud-hypervisor": cloud_hypervisor,
    "systemd": systemd,
    "script": script,
    "compose": compose,
    "kubernetes": kubernetes,
    "kubevirt": kubevirt,
}
