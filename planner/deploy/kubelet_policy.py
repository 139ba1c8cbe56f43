"""What a node's kubelet gives pods and VMs, as its configuration says: CPUs and memory of their own, CPUs for the host.

Exclusive CPUs come from ``cpuManagerPolicy: static`` alone; whatever a pod asks for, under ``none`` it runs on every
CPU. Memory of their CPUs' node comes from ``memoryManagerPolicy: Static`` with a topology manager that is not ``none``.
What the file does not say is the kubelet's default, which is none of these. ``reservedSystemCPUs`` stay the host's.
Assumptions: the file is YAML as people write it, or JSON as the kubelet's ``configz`` prints it; the policy is in force
(the kubelet was restarted without the state of the one before).
When not to use it: to learn which CPUs a pod got; the kubelet chooses them, ``audit --live`` on the node tells.
Source: Kubernetes documentation, "Control CPU Management Policies", "Memory Manager", "Topology Manager".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import is_there
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.seen import cpu_set
from cerberus_plan.planner.deploy.yaml_text import yaml_text

KUBELET_FILE = "kubelet.yaml"
# field -> what the kubelet allows, its default first
_POLICIES = {
    "cpuManagerPolicy": ("none", "static"),
    "memoryManagerPolicy": ("None", "Static"),
    "topologyManagerPolicy": ("none", "best-effort", "restricted", "single-numa-node"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeletPolicy:
    """What pods and VMs of the node get.

    Attributes:
        exclusive: Whether whole CPUs are taken out of the pool that everybody shares.
        bound: Whether memory comes from the node of the CPUs.
        host: CPUs that are never given away.
    """

    exclusive: bool
    bound: bool
    host: frozenset[int]


def kubelet_policy(folder: Path) -> KubeletPolicy | None:
    """What the kubelet's configuration in a folder says; None where there is none.

    Raises:
        InputError: A field that is given twice, or holds what the kubelet refuses.
    """
    file = folder / KUBELET_FILE
    if not is_there(file):
        return None
    text = yaml_text(file)
    found = {field: _policy(text, field, str(file)) for field in _POLICIES}
    return KubeletPolicy(
        exclusive=found["cpuManagerPolicy"] == "static",
        bound=found["memoryManagerPolicy"] == "Static" and found["topologyManagerPolicy"] != "none",
        host=cpu_set(_value(text, "reservedSystemCPUs", str(file)) or "", f"{file}: reservedSystemCPUs"),
    )


def _policy(text: str, field: str, where: str) -> str:
    allowed = _POLICIES[field]
    value = _value(text, field, where)
    return allowed[0] if value is None else decode.one_of(value, f"{where}: {field}", allowed)


def _value(text: str, field: str, where: str) -> str | None:
    """The text of a field, None where it is not given."""
    shape = rf"(?:^|[{{,])[ \t]*\"?{field}\"?[ \t]*:[ \t]*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s#}}][^\n#}}]*))?"
    found = [match[1] or match[2] or match[3] or "" for match in re.finditer(shape, text, re.MULTILINE)]
    if len(found) > 1:
        raise InputError(f"{where}: {field} is given {len(found)} times; keep one")
    return found[0].strip() if found else None
