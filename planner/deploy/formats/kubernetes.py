"""Kubernetes pods of the Guaranteed class with whole CPUs, and the kubelet's options that make those exclusive.

A pod is of that class when every container's requests equal its limits, CPU and memory; only then, and for a whole
number of CPUs, does the static CPU manager take them out of the shared pool. The kubelet chooses which: its options
make it take whole cores at one cache and one node, which is the placement planned.
When not to use it: pods that change size while they run, or several containers a pod, whose CPUs are told apart.
Source: Kubernetes documentation, "Pod Quality of Service Classes", "Control CPU Management Policies on the Node".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.planner.deploy.deployment import Deployment, Format, Unit
from cerberus_plan.planner.deploy.kubelet import (
    KUBELET_STEPS,
    KUBELET_UNDO,
    NEEDS_HOST_CPUS,
    kubelet_configuration,
)
from cerberus_plan.planner.deploy.kubelet_policy import KUBELET_FILE, kubelet_policy
from cerberus_plan.planner.deploy.kubernetes_amount import kubernetes_amount
from cerberus_plan.planner.deploy.seen import Seen
from cerberus_plan.planner.deploy.yaml_text import yaml_text

_NO_IMAGE = "localhost/image-is-not-set"
_BLOCK = re.compile(r"^( {1,40})(requests|limits):[ \t]*\n((?:\1 +[^\n]*\n?)+)", re.MULTILINE)
_AMOUNT = re.compile(r"^ {1,40}(cpu|memory): [\"']?([0-9A-Za-z.+]+)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)


def _pod(unit: Unit, label: str) -> str:
    amounts = f'          cpu: "{len(unit.cpus)}"\n          memory: {sum(unit.memory_mib)}Mi\n'
    return f"""apiVersion: v1
kind: Pod
metadata:
  name: {unit.name}
  labels:
    cerberus-plan: {label}
spec:
  nodeSelector:
    cerberus-plan: {label}
  containers:
    - name: main
      image: {_NO_IMAGE}
      env:
        - name: CERBERUS_THREADS
          value: "{len(unit.cpus)}"
      resources:
        requests:
{amounts}        limits:
{amounts}"""


def _write(deployment: Deployment) -> dict[str, str]:
    pods = {f"{unit.name}.yaml": _pod(unit, deployment.name) for unit in deployment.units}
    return {**pods, KUBELET_FILE: kubelet_configuration(deployment)}


def refuse(vcpus: int, smt: bool) -> str | None:
    """Why the kubelet does not admit a pod of so many CPUs."""
    if smt and vcpus % 2:
        return f"full-pcpus-only needs an even number of CPUs in a pod on a machine with SMT siblings, not {vcpus}"
    return None


def _apply(deployment: Deployment) -> str:
    name = deployment.name
    return (
        f"{KUBELET_STEPS}\n\n"
        "The pods run on the node with the deployment's label:\n\n"
        f"    kubectl label node NODE cerberus-plan={name}\n"
        f"    for f in {name}-*.yaml; do\n"
        f'        sed "s|{_NO_IMAGE}|your/image|" "$f" | kubectl create --filename -\n'
        "    done\n"
        f"    kubectl exec {deployment.units[0].name} -- grep Cpus_allowed_list /proc/self/status\n\n"
        "The last command shows the CPUs in force: the kubelet chooses them, `plan.json` holds those planned. Every\n"
        "instance sees its number of CPUs in `CERBERUS_THREADS`: start as many workers."
    )


def _undo(deployment: Deployment) -> str:
    return (
        "Pods and nodes with the deployment's label, no others of their names:\n\n"
        f"    kubectl delete pod --selector cerberus-plan={deployment.name}\n"
        f"    kubectl label node --selector cerberus-plan={deployment.name} cerberus-plan-\n\n{KUBELET_UNDO}"
    )


def _read(folder: Path) -> Iterator[Seen]:
    """The kubelet chooses the CPUs: only counts, memory and whether CPUs are exclusive can be told.

    They are where the pod asks for it and the kubelet's configuration, if it is there, gives it.
    """
    policy = kubelet_policy(folder)
    exclusive = policy is None or policy.exclusive
    for file in sorted(folder.glob("*-*.yaml")):
        text, where = yaml_text(file), str(file)
        amounts = {
            block[2]: {
                name: kubernetes_amount(value, f"{where}: {block[2]}: {name}")
                for name, value in _AMOUNT.findall(block[3])
            }
            for block in _BLOCK.finditer(text)
        }
        limits = amounts.get("limits", {})
        cpus, memory = limits.get("cpu"), limits.get("memory")
        whole = cpus is not None and cpus >= 1 and cpus % 1 == 0
        # what is not requested is requested as limited
        guaranteed = {"cpu", "memory"} <= limits.keys() and amounts.get("requests", limits).items() <= limits.items()
        name = re.search(r"^  name: [\"']?([^\s\"']+)[\"']?[ \t]*(?:#.*)?$", text, re.MULTILINE)
        yield Seen(
            name=name[1] if name else file.stem,
            source=file.name if not guaranteed or exclusive else f"{file.name}, {KUBELET_FILE}",
            count=int(cpus) if cpus is not None and whole else None,
            quota=None if cpus is None or whole else float(cpus),
            cpus=None if guaranteed and whole and exclusive else frozenset(),
            nodes=None if policy is None or policy.bound else frozenset(),
            host=None if policy is None else policy.host,
            memory_bytes=None if memory is None else int(memory),
        )


FORMAT = Format(
    name="kubernetes",
    title="Kubernetes pods",
    systems=("processes", "linux"),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    as_a_whole=True,
    refuse=refuse,
    needs_host_cpus=NEEDS_HOST_CPUS,
)
