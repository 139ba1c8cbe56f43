"""Cloud Hypervisor VM configuration: CPU affinity, guest topology, a memory zone in each host node.

Source: Cloud Hypervisor, docs/cpu.md, docs/memory.md and the vm_config structures of its API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.deploy.deployment import MIB, Deployment, Format, Unit
from cerberus_plan.planner.deploy.seen import MOST_BYTES, MOST_VCPUS, Seen, read_object

_NEAR, _FAR = 10, 20

_START = """#!/bin/sh
# Starts every VM and waits for its socket before it speaks to it. Needs root and /dev/kvm.
set -eu
cd "$(dirname "$0")"
[ ! -e started ] || {{ echo "started before from $PWD; run undo.sh first" >&2 && exit 1; }}
for name in {names}; do
    for there in "/run/$name.sock" "/run/$name.log"; do
        [ ! -e "$there" ] || {{ echo "$there is there already, and not ours; nothing was started" >&2 && exit 1; }}
    done
done
mkdir started
trap 'test $? = 0 || echo "not all was started; undo.sh takes back what was" >&2' EXIT
for name in {names}; do
    socket=/run/$name.sock
    {prefix}cloud-hypervisor --api-socket "$socket" >"/run/$name.log" 2>&1 &
    # number and time of birth, by which undo.sh knows the process again
    read -r status <"/proc/$!/stat"
    echo "$! ${{status##*) }}" >"started/$name"
    ready=no
    for _ in $(seq 100); do
        if ch-remote --api-socket "$socket" ping >/dev/null 2>&1; then ready=yes && break; fi
        sleep 0.1
    done
    [ "$ready" = yes ] || {{ echo "$name did not start; see /run/$name.log" >&2 && exit 1; }}
    ch-remote --api-socket "$socket" create "$name.json"
    ch-remote --api-socket "$socket" boot
done
"""
_UNDO = """#!/bin/sh
# Ends the VMs that start.sh started and removes what it left in /run, and nothing else. Needs root.
set -eu
cd "$(dirname "$0")"
[ -d started ] || {{ echo "nothing is recorded as started from $PWD" && exit 0; }}

running() {{  # RECORD: whether the process is there still, and is the one that was started
    read -r pid _ <"$1"
    [ -r "/proc/$pid/stat" ] && read -r status <"/proc/$pid/stat" 2>/dev/null || return 1
    born=$(echo "$pid ${{status##*) }}" | cut -d" " -f21)
    [ "$born" = "$(cut -d" " -f21 "$1")" ] && [ "$(echo "${{status##*) }}" | cut -c1)" != Z ]
}}

for record in started/*; do
    [ -e "$record" ] || continue
    name=$(basename "$record")
    if running "$record"; then
        # it may end in between
        ch-remote --api-socket "/run/$name.sock" shutdown-vmm || kill "$(cut -d" " -f1 "$record")" 2>/dev/null || true
        for _ in $(seq 100); do
            running "$record" || break
            sleep 0.1
        done
        if running "$record"; then echo "$name is still running; end it and run undo.sh again" >&2 && exit 1; fi
    fi
    rm -f "/run/$name.sock" "/run/$name.log" "$record"
done
rmdir started
"""


def _machine(deployment: Deployment, unit: Unit) -> dict[str, Any]:
    sockets, cores, threads = deployment.guest_topology(unit)
    nodes = unit.place.nodes
    return {
        "cpus": {
            "boot_vcpus": len(unit.cpus),
            "max_vcpus": len(unit.cpus),
            "topology": {
                "threads_per_core": threads,
                "cores_per_die": cores,
                "dies_per_package": 1,
                "packages": sockets,
            },
            "affinity": [{"vcpu": vcpu, "host_cpus": [cpu]} for vcpu, cpu in enumerate(unit.cpus)],
        },
        # zones hold all memory, so the plain size is zero
        "memory": {
            "size": 0,
            "zones": [
                {"id": f"node{node}", "size": size * MIB, "host_numa_node": node}
                for node, size in zip(nodes, unit.memory_mib, strict=True)
            ],
        },
        "numa": [
            {
                "guest_numa_id": i,
                "cpus": vcpus,
                "distances": [
                    {"destination": j, "distance": _NEAR if i == j else _FAR} for j in range(len(nodes)) if i != j
                ],
                "memory_zones": [f"node{node}"],
            }
            for i, (node, vcpus) in enumerate(deployment.vcpus_by_node(unit).items())
        ],
        "payload": {"kernel": "vmlinux", "cmdline": "console=hvc0 root=/dev/vda1 rw"},
        # guessing the type is going away: a guest could write another header into a raw disk
        "disks": [{"path": f"{unit.name}.raw", "image_type": "Raw"}],
    }


def _write(deployment: Deployment) -> dict[str, str]:
    files = {f"{unit.name}.json": json.dumps(_machine(deployment, unit), indent=2) + "\n" for unit in deployment.units}
    names = " ".join(unit.name for unit in deployment.units)
    prefix = f"taskset --cpu-list {cpu_list(deployment.host_cpus)} " if deployment.host_cpus else ""
    return files | {"start.sh": _START.format(names=names, prefix=prefix), "undo.sh": _UNDO.format()}


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0].name
    return (
        "Put a kernel `vmlinux` and one disk image `NAME.raw` a VM here (or change the paths), then\n\n"
        "    sudo sh start.sh\n"
        f"    sudo ch-remote --api-socket /run/{first}.sock info      # state and affinity, a VM\n\n"
        "Threads other than vCPUs follow the process, which runs on the host's CPUs where there are any.\n"
        "`core_scheduling` is left at the program's default. `image_type` is known since version 50; older ones\n"
        "ignore it."
    )


def _undo(deployment: Deployment) -> str:  # noqa: ARG001 - the format's signature
    return "    sudo sh undo.sh"


def _read(folder: Path) -> Iterator[Seen]:
    for file in sorted(folder.glob("*-*.json")):
        config, where = _configuration(read_object(file), str(file)), str(file)
        cpus = decode.table(config.get("cpus", {}), f"{where}: cpus")
        memory = decode.table(config.get("memory", {}), f"{where}: memory")
        pins = dict(_pins(cpus.get("affinity", []), f"{where}: cpus: affinity"))
        count = decode.whole(cpus.get("boot_vcpus", 1), f"{where}: cpus: boot_vcpus", low=1, high=MOST_VCPUS)
        zones = list(_zones(memory.get("zones", []), f"{where}: memory: zones"))
        size = decode.whole(memory.get("size", 0), f"{where}: memory: size", high=MOST_BYTES)
        yield Seen(
            name=file.stem,
            source=file.name,
            count=count,
            vcpus=tuple(pins.get(vcpu, frozenset()) for vcpu in range(count)),
            nodes=frozenset(node for node, _ in zones if node is not None),
            memory_bytes=size + sum(size for _, size in zones),
        )


def _configuration(found: dict[str, Any], where: str) -> dict[str, Any]:
    """The machine's configuration, also as ``ch-remote info`` shows it beside its state."""
    if "config" in found and "cpus" not in found:
        return decode.table(found["config"], f"{where}: config")
    return found


def _pins(value: object, where: str) -> Iterator[tuple[int, frozenset[int]]]:
    """CPUs of each vCPU that is pinned."""
    for i, entry in enumerate(decode.rows(value, where, most=MOST_VCPUS)):
        found = decode.table(entry, f"{where}[{i}]")
        vcpu = decode.whole(found.get("vcpu"), f"{where}[{i}]: vcpu", high=MOST_VCPUS)
        yield vcpu, frozenset(decode.wholes(found.get("host_cpus", []), f"{where}[{i}]: host_cpus"))


def _zones(value: object, where: str) -> Iterator[tuple[int | None, int]]:
    """Host node, where it is given, and size of each memory zone [B]."""
    for i, entry in enumerate(decode.rows(value, where, most=MOST_VCPUS)):
        zone, place = decode.table(entry, f"{where}[{i}]"), f"{where}[{i}]"
        node = zone.get("host_numa_node")
        yield (
            None if node is None else decode.whole(node, f"{place}: host_numa_node", high=MOST_VCPUS),
            decode.whole(zone.get("size", 0), f"{place}: size", high=MOST_BYTES),
        )


FORMAT = Format(
    name="cloud-hypervisor",
    title="Cloud Hypervisor VM configuration",
    systems=("kvm",),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
)
