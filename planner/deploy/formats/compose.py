"""Compose file: one service an instance, each with its cpuset.

Compose has no field for memory nodes; the kernel allocates on the node of the CPU that touches first.
Source: Compose specification, services, ``cpuset``; interpolation ``${NAME:?message}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.deploy.deployment import Deployment, Format
from cerberus_plan.planner.deploy.seen import Seen, cpu_set

FILE = "compose.yaml"


def _write(deployment: Deployment) -> dict[str, str]:
    lines = [f"name: {deployment.name.lower()}", "services:"]
    for unit in deployment.units:
        lines += [
            f"  {unit.name}:",
            '    image: "${IMAGE:?set IMAGE to the image to run}"',
            f'    cpuset: "{cpu_list(unit.cpus)}"',
            "    environment:",
            f'      CERBERUS_THREADS: "{len(unit.cpus)}"',
        ]
    return {FILE: "\n".join(lines) + "\n"}


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0]
    return (
        "    IMAGE=your/image docker compose up --detach\n\n"
        "Every instance sees its number of CPUs in `CERBERUS_THREADS`: start as many workers. Memory nodes have no\n"
        "field in Compose; where that matters use\n\n"
        f"    docker run --cpuset-cpus {cpu_list(first.cpus)} --cpuset-mems {cpu_list(first.place.nodes)} IMAGE"
    )


def _undo(deployment: Deployment) -> str:  # noqa: ARG001 - the format's signature
    return "    docker compose down"


def _read(folder: Path) -> Iterator[Seen]:
    """Services two spaces deep with a cpuset, as the exporter writes them; YAML of another shape is not understood."""
    file = folder / "compose.yaml"
    name = None
    for line in read_text(file).splitlines():
        service = re.fullmatch(r"  ([\w.-]+):\s*", line)
        cpuset = re.fullmatch(r"    cpuset:\s*[\"']?([-\d,^ ]*)[\"']?\s*(#.*)?", line)
        if service:
            if name:  # the service before had no cpuset
                yield Seen(name=name, source=file.name, cpus=frozenset())
            name = service[1]
        elif cpuset and name:
            yield Seen(name=name, source=file.name, cpus=cpu_set(cpuset[1], str(file)))
            name = None
    if name:
        yield Seen(name=name, source=file.name, cpus=frozenset())


FORMAT = Format(
    name="compose",
    title="Compose services",
    systems=("processes", "linux"),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
)
