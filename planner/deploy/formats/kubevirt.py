"""KubeVirt virtual machines with dedicated CPUs, and the kubelet's options that make them exclusive.

The kubelet chooses the CPUs, not the file: the options make it take whole cores at one cache and one node, which is
the placement planned. vCPUs are given as sockets: KubeVirt's user guide finds CPU-bound programs faster so.
Under ``full-pcpus-only`` a VM on a machine with SMT needs an even number of vCPUs. ``kubelet_configuration`` is shared
with the ``kubernetes`` format.
Source: KubeVirt user guide, dedicated CPU resources; Kubernetes, CPU and topology management policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.calibration.store import decode
from cerberus_plan.planner.deploy.deployment import Deployment, Format, Unit
from cerberus_plan.planner.deploy.kubelet import (
    KUBELET_STEPS,
    KUBELET_UNDO,
    NEEDS_HOST_CPUS,
    kubelet_configuration,
)
from cerberus_plan.planner.deploy.kubelet_policy import KUBELET_FILE, kubelet_policy
from cerberus_plan.planner.deploy.kubernetes_amount import kubernetes_amount
from cerberus_plan.planner.deploy.seen import MOST_VCPUS, Seen, digits
from cerberus_plan.planner.deploy.yaml_text import yaml_text


def _machine(unit: Unit, label: str) -> str:
    threads = 2 if unit.place.siblings else 1
    return f"""apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: {_name(unit)}
  labels:
    cerberus-plan: {label}
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        cpu:
          sockets: {len(unit.cpus) // threads}
          cores: 1
          threads: {threads}
          dedicatedCpuPlacement: true
        memory:
          guest: {sum(unit.memory_mib)}Mi
        devices:
          disks:
            - name: root
              disk:
                bus: virtio
      volumes:
        - name: root
          persistentVolumeClaim:
            claimName: {_name(unit)}
"""


def _name(unit: Unit) -> str:
    """Kubernetes allows lower case letters, digits and ``-``."""
    return unit.name.lower().replace("_", "-").strip("-")


def _write(deployment: Deployment) -> dict[str, str]:
    return {f"{unit.name}.yaml": _machine(unit, deployment.name) for unit in deployment.units} | {
        KUBELET_FILE: kubelet_configuration(deployment)
    }


def refuse(vcpus: int, smt: bool) -> str | None:
    """Why the kubelet does not admit a VM of so many vCPUs."""
    if smt and vcpus % 2:
        return f"full-pcpus-only needs an even number of vCPUs on a machine with SMT siblings, not {vcpus}"
    return None


def _apply(deployment: Deployment) -> str:
    return (
        f"{KUBELET_STEPS}\n\n"
        "Dedicated CPUs are a feature gate of KubeVirt (0.59 or later is assumed for `v1` and `runStrategy`): add\n"
        "`CPUManager` to those that are on already in `spec.configuration.developerConfiguration.featureGates` of\n\n"
        "    kubectl edit kubevirt kubevirt --namespace kubevirt\n"
        "    kubectl get nodes --selector cpumanager=true      # the node must be listed\n\n"
        "Make a volume claim for each VM, then\n\n"
        f'    for f in {deployment.name}-*.yaml; do kubectl create --filename "$f"; done\n\n'
        "The kubelet chooses the CPUs; `plan.json` holds those planned. See `virsh vcpupin` in the launcher pod."
    )


def _undo(deployment: Deployment) -> str:
    return (
        "Machines with the deployment's label, no others of their names; their volume claims stay:\n\n"
        f"    kubectl delete virtualmachine --selector cerberus-plan={deployment.name}\n\n{KUBELET_UNDO}\n\n"
        "Take `CPUManager` out of the feature gates if you put it there."
    )


def _read(folder: Path) -> Iterator[Seen]:
    """The kubelet chooses the CPUs: only counts, memory and whether they are dedicated can be told.

    They are where the machine asks for it and the kubelet's configuration, if it is there, gives it.
    """
    policy = kubelet_policy(folder)
    exclusive = policy is None or policy.exclusive
    for file in sorted(folder.glob("*-*.yaml")):
        text = yaml_text(file)
        where = str(file)
        found = re.findall(r"^ {1,40}(sockets|cores|threads): ([0-9]+)[ \t]*(?:#.*)?$", text, re.MULTILINE)
        parts = {key: digits(n, f"{where}: {key}", low=1) for key, n in found}
        count = parts.get("sockets", 1) * parts.get("cores", 1) * parts.get("threads", 1)
        if count > MOST_VCPUS:
            decode.refuse(count, f"{where}: sockets x cores x threads", f"at most {MOST_VCPUS}")
        memory = re.search(r"^ {1,40}guest: [\"']?([0-9A-Za-z.+]+)[\"']?[ \t]*(?:#.*)?$", text, re.MULTILINE)
        dedicated = re.search(r"^ {1,40}dedicatedCpuPlacement: true[ \t]*(?:#.*)?$", text, re.MULTILINE)
        name = re.search(r"^  name: [\"']?([^\s\"']+)[\"']?[ \t]*(?:#.*)?$", text, re.MULTILINE)
        yield Seen(
            name=name[1] if name else file.stem,
            source=file.name if not dedicated or exclusive else f"{file.name}, {KUBELET_FILE}",
            count=count,
            vcpus=None if dedicated and exclusive else (frozenset(),) * count,
            nodes=None if policy is None or policy.bound else frozenset(),
            host=None if policy is None else policy.host,
            memory_bytes=int(kubernetes_amount(memory[1], f"{where}: guest")) if memory else None,
        )


FORMAT = Format(
    name="kubevirt",
    title="KubeVirt virtual machines",
    systems=("kvm",),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    refuse=refuse,
    needs_host_cpus=NEEDS_HOST_CPUS,
)
