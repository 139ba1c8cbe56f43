"""Which container of Docker or Podman an instance is: the control group of a container is named after its identity.

Asked is the program itself, ``ps`` with the whole identity: containers are called as the instance, or run a Compose
service that is. A program that is not there, or whose daemon is not, has no running container. Labels are asked for as
JSON, which both have: an object from Podman (whose templates know no single label), a list ``a=b,c=d`` from Docker.
When not to use it: for containers of Kubernetes, whose CPUs the kubelet chooses.
Source: docker-ps(1), podman-ps(1); cgroups ``docker-ID.scope``, ``libpod-ID.scope`` (systemd) and ``ID`` (cgroupfs).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable

PROGRAMS = ("docker", "podman")
_FORMAT = "{{.ID}}\t{{.Names}}\t{{json .Labels}}"
_SERVICE = "com.docker.compose.service"
_PATIENCE_S = 20.0
_GROUP = re.compile(r"(?:docker-|libpod-)?([0-9a-f]{64})(?:\.scope)?")


def containers(names: Iterable[str], programs: Iterable[str] = PROGRAMS) -> dict[str, str]:
    """Instance by identity of its container, for those that run."""
    wanted, found = set(names), {}
    for program in programs:
        for line in _listed(program).splitlines():
            identity, names, labels = [*line.split("\t", 2), "", ""][:3]
            called = [name for name in (*names.split(","), _service(labels)) if name in wanted]
            if called:
                found[identity] = called[0]
    return found


def _service(labels: str) -> str:
    """Name of the Compose service; empty where the container is of none."""
    try:
        found = json.loads(labels)
    except ValueError:
        return ""
    if isinstance(found, str):
        found = dict(each.partition("=")[::2] for each in found.split(","))
    return str(found.get(_SERVICE, "")) if isinstance(found, dict) else ""


def _listed(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        return ""
    command = [path, "ps", "--no-trunc", "--format", _FORMAT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def identity_of(group: str) -> str:
    """Identity of the container that a control group of this name holds; empty when it holds none."""
    found = _GROUP.fullmatch(group)
    return found[1] if found else ""
