"""The kubelet's configuration under which containers and VMs get whole cores and memory of their own.

The static CPU manager gives exclusive CPUs to pods of the Guaranteed class, ``full-pcpus-only`` whole cores only, the
topology manager CPUs of one NUMA node, and the static memory manager memory of that node. The memory manager demands
that what is reserved adds up: systemReserved + the hard eviction threshold = sum of reservedMemory.
Least version: Kubernetes 1.32, for ``prefer-align-cpus-by-uncorecache``, which is behind a feature gate until 1.34.
Source: Kubernetes documentation, "Control CPU Management Policies", "Memory Manager", "Topology Manager".
"""

from __future__ import annotations

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.deploy.deployment import Deployment

NEEDS_HOST_CPUS = "the kubelet's static policy refuses to start without a reserved CPU"

_CONFIGURATION = "/var/lib/kubelet/config.yaml"
# Whether somebody had cordoned the node: what drains it cordons it, and undo is to leave it as it was.
_RECORD_NODE = (
    "    [ -e node.before ] || {\n"
    "        kubectl get node NODE --output 'jsonpath={.spec.unschedulable}' >node.part && mv node.part node.before\n"
    "    }"
)
_FORGET_POLICIES = "sudo rm -f /var/lib/kubelet/cpu_manager_state /var/lib/kubelet/memory_manager_state"
KUBELET_STEPS = (
    "Kubernetes 1.32 or later. On the node, keep the kubelet's configuration (where kubeadm puts it), and whether the\n"
    "node takes pods:\n\n"
    f"    [ -e kubelet.before ] || sudo cp {_CONFIGURATION} kubelet.before\n"
    f"{_RECORD_NODE}\n\n"
    "Merge `kubelet.yaml` into it, and restart the kubelet without the state of the policies before; a node that\n"
    "somebody has cordoned is opened for this, and cordoned again by undo:\n\n"
    "    kubectl drain NODE --ignore-daemonsets\n"
    "    sudo systemctl stop kubelet\n"
    f"    {_FORGET_POLICIES}\n"
    "    sudo systemctl start kubelet && kubectl uncordon NODE"
)
KUBELET_UNDO = (
    "On the node, put the kubelet's former configuration back, and restart it without the state of the policies; the\n"
    "node stays cordoned if it was so before:\n\n"
    "    if [ -e node.before ]; then\n"
    "        kubectl drain NODE --ignore-daemonsets\n"
    "        sudo systemctl stop kubelet\n"
    f"        [ -e kubelet.before ] && sudo cp kubelet.before {_CONFIGURATION} && rm -f kubelet.before\n"
    f"        {_FORGET_POLICIES}\n"
    "        sudo systemctl start kubelet\n"
    '        { [ "$(cat node.before)" = true ] || kubectl uncordon NODE; } && rm -f node.before\n'
    "    fi"
)

_SYSTEM_MIB = 1024
_EVICTION_MIB = 100


def kubelet_configuration(deployment: Deployment) -> str:
    """The file, as YAML; the host must have CPUs."""
    one_node = all(len(unit.place.nodes) == 1 for unit in deployment.units)
    node_of = dict(zip(deployment.topology.cpus, deployment.topology.numa_nodes, strict=True))
    lines = [
        "apiVersion: kubelet.config.k8s.io/v1beta1",
        "kind: KubeletConfiguration",
        "featureGates:",
        "  CPUManagerPolicyAlphaOptions: true # for the second option below, until Kubernetes 1.34",
        "cpuManagerPolicy: static",
        "cpuManagerPolicyOptions:",
        '  full-pcpus-only: "true"',
        '  prefer-align-cpus-by-uncorecache: "true"',
        f"topologyManagerPolicy: {'single-numa-node' if one_node else 'best-effort'}",
        f'reservedSystemCPUs: "{cpu_list(deployment.host_cpus)}"',
        "memoryManagerPolicy: Static",
        "systemReserved:",
        f"  memory: {_SYSTEM_MIB}Mi",
        "evictionHard:",
        f"  memory.available: {_EVICTION_MIB}Mi",
        "reservedMemory: # the sum of the two above, on the node of the reserved CPUs",
        f"  - numaNode: {node_of[deployment.host_cpus[0]]}",
        "    limits:",
        f"      memory: {_SYSTEM_MIB + _EVICTION_MIB}Mi",
    ]
    return "\n".join(lines) + "\n"
