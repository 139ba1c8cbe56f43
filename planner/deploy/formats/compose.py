"""Compose file: one service an instance, each with its cpuset.

Compose has no field for memory nodes; the kernel allocates on the node of the CPU that touches first.
The image has a default that no registry has, not ``${IMAGE:?}``: Compose interpolates for ``down`` too.
Source: Compose specification, top-level ``name``, services, ``cpuset``, interpolation ``${NAME:-default}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.deploy.deployment import Deployment, Format
from cerberus_plan.planner.deploy.seen import Seen, amount, cpu_set
from cerberus_plan.planner.deploy.yaml_text import yaml_text

FILE = "compose.yaml"
NAMES = (FILE, "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_FIELD = re.compile(r"^( *)([\w.-]+|\"[^\"]+\"|'[^']+')\s*:(?:\s+(?:&\S+\s*)?(\"[^\"]*\"|'[^']*'|[^#]*))?(?:#.*)?$")
_NEGATIVE = re.compile(r"-[0-9]{1,18}", re.ASCII)  # a quota that is no limit
_PERIOD_US = 100_000  # the engine's default of the period in which a quota is spent
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
    """Services, one block a service with a field on a line; flow style (``{...}``) is not understood.

    Other sections (networks, volumes, ...) hold names that are no services.
    """
    file = next((folder / name for name in NAMES if (folder / name).is_file()), folder / FILE)
    for name, fields in _services(yaml_text(file)).items():
        where = f"{file}: {name}"
        yield Seen(
            name=name,
            source=file.name,
            cpus=cpu_set(fields.get("cpuset", ""), f"{where}: cpuset"),
            quota=_quota(fields, where),
        )


def _quota(fields: dict[str, str], where: str) -> float | None:
    """CPUs whose time a service may use, in any of three ways of saying it; None where none limits it."""

    def told(name: str) -> float:
        text = fields.get(name, "").strip()
        return amount(text, f"{where}: {name}") if text else 0.0

    unlimited = _NEGATIVE.fullmatch(fields.get("cpu_quota", "").strip())
    spent, period = 0.0 if unlimited else told("cpu_quota"), told("cpu_period") or _PERIOD_US
    return next(filter(None, (spent / period, told("cpus"), told("deploy.resources.limits.cpus"))), None)


def _services(text: str) -> dict[str, dict[str, str]]:
    """Fields of each service, by their names on the way (``deploy.resources``), told by the depth of lines."""
    services: dict[str, dict[str, str]] = {}
    way: list[tuple[int, str]] = []
    for line in text.splitlines():
        field = _FIELD.match(line)
        if field is None or line.lstrip().startswith("#"):
            continue
        depth, key, value = len(field[1]), field[2].strip("\"'"), (field[3] or "").strip("\"' ")
        while way and way[-1][0] >= depth:
            way.pop()
        way.append((depth, key))
        section, *names = (name for _, name in way)
        if section == "services" and len(names) == 1:
            services[key] = {}
        elif section == "services" and names:
            services[names[0]][".".join(names[1:])] = value
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
