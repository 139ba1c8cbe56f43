"""Compose file: one service an instance, each with its cpuset.

Compose has no field for memory nodes; the kernel allocates on the node of the CPU that touches first.
Source: Compose specification, services, ``cpuset``; interpolation ``${NAME:?message}``.
"""

from __future__ import annotations

from planner.export.cpu_list import cpu_list
from planner.export.deployment import Deployment, Format

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


FORMAT = Format(
    name="compose",
    title="Compose services",
    systems=("processes", "linux"),
    write=_write,
    apply=_apply,
    undo=_undo,
)
