"""Cloud Hypervisor VM configuration: CPU affinity, guest topology, a memory zone in each host node.

Source: Cloud Hypervisor, docs/cpu.md, docs/memory.md and the vm_config structures of its API.
"""

from __future__ import annotations

import json
from typing import Any

from planner.export.deployment import MIB, Deployment, Format, Unit

_NEAR, _FAR = 10, 20


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
        "disks": [{"path": f"{unit.name}.raw"}],
    }


def _write(deployment: Deployment) -> dict[str, str]:
    return {f"{unit.name}.json": json.dumps(_machine(deployment, unit), indent=2) + "\n" for unit in deployment.units}


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0].name
    return (
        "Put a kernel `vmlinux` and one disk image `NAME.raw` a VM here (or change the paths), then for each VM\n\n"
        f"    cloud-hypervisor --api-socket /run/{first}.sock &\n"
        f"    ch-remote --api-socket /run/{first}.sock create {first}.json\n"
        f"    ch-remote --api-socket /run/{first}.sock boot\n\n"
        "Threads other than vCPUs follow the process: start it with `taskset --cpu-list` on host CPUs to keep them\n"
        "off the guests. `core_scheduling` is left at the program's default."
    )


def _undo(deployment: Deployment) -> str:
    return f'    for s in /run/{deployment.name}-*.sock; do ch-remote --api-socket "$s" shutdown-vmm; done'


FORMAT = Format(
    name="cloud-hypervisor",
    title="Cloud Hypervisor VM configuration",
    systems=("kvm",),
    write=_write,
    apply=_apply,
    undo=_undo,
)
