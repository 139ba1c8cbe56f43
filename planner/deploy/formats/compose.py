"""Compose file: one service an instance, each with its cpuset.

Compose has no field for memory nodes; the kernel allocates on the node of the CPU that touches first.
The image has a default that no registry has, not ``${IMAGE:?}``: Compose interpolates for ``down`` too.
Source: Compose specification, top-level ``name``, services, ``cpuset``, interpolation ``${NAME:-default}``.
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
NAMES = (FILE, "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_FIELD = re.compile(r"^( *)([\w.-]+|\"[^\"]+\"|'[^']+')\s*:(?:\s+(?:&\S+\s*)?(\"[^\"]*\"|'[^']*'|[^#]*))?(?:#.*)?$")
_NO_IMAGE = "localhost/variable-image-is-not-set"


def _project(deployment: Deployment) -> str:
    """A project name begins with a lower case letter or digit; Compose would drop the rest without a word."""
    return deployment.name.lower().lstrip("_-") or "plan"


def _write(deployment: Deployment) -> dict[str, str]:
    lines = [f"name: {_project(deployment)}", "services:"]
    for unit in deployment.units:
        lines += [
            f"  {unit.name}:",
            f'    image: "${{IMAGE:-{_NO_IMAGE}}}"',
            f'    cpuset: "{cpu_list(unit.cpus)}"',
            "    environment:",
            f'      CERBERUS_THREADS: "{len(unit.cpus)}"',
        ]
    return {FILE: "\n".join(lines) + "\n"}


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0]
    return (
        "    IMAGE=your/image docker compose up --detach\n"
        "    docker inspect --format '{{.Name}} {{.HostConfig.CpusetCpus}}' $(docker compose ps --quiet)\n\n"
        "The second command shows the CPUs in force. Docker Compose 2 is needed: docker-compose 1.29 refuses `name`.\n"
        "With Podman, podman-compose 1.6 or later: earlier ones drop `cpuset` without a word.\n\n"
        "Every instance sees its number of CPUs in `CERBERUS_THREADS`: start as many workers. Memory nodes have no\n"
        "field in Compose; where that matters use `--format script`, or\n\n"
        f"    docker run --cpuset-cpus {cpu_list(first.cpus)} --cpuset-mems {cpu_list(first.place.nodes)} IMAGE"
    )


def _undo(deployment: Deployment) -> str:
    return f"    docker compose --project-name {_project(deployment)} down"


def _read(folder: Path) -> Iterator[Seen]:
    """Services, one block a service with its ``cpuset`` on a line; flow style (``{...}``) is not understood.

    Other sections (networks, volumes, ...) hold names that are no services.
    """
    file = next((folder / name for name in NAMES if (folder / name).is_file()), folder / FILE)
    for name, fields in _services(read_text(file)).items():
        yield Seen(name=name, source=file.name, cpus=cpu_set(fields.get("cpuset", ""), f"{file}: {name}: cpuset"))


def _services(text: str) -> dict[str, dict[str, str]]:
    """Plain fields of each service, by the depth of lines: section, service, field."""
    services: dict[str, dict[str, str]] = {}
    section, depths = "", [0, 0]
    for line in text.splitlines():
        field = _FIELD.match(line)
        if field is None or line.lstrip().startswith("#"):
            continue
        depth, key, value = len(field[1]), field[2].strip("\"'"), (field[3] or "").strip("\"' ")
        if depth == 0:
            section, depths = key, [0, 0]
        elif section == "services" and depth <= (depths[0] or depth):
            depths = [depth, 0]
            services[key] = {}
        elif section == "services" and services and depth <= (depths[1] or depth):
            depths[1] = depth
            services[next(reversed(services))][key] = value
    return services


FORMAT = Format(
    name="compose",
    title="Compose services",
    systems=("processes", "linux"),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    as_a_whole=True,
)
