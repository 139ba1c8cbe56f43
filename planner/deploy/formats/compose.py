"""Compose file: one service an instance, each with its cpuset.

Compose has no field for memory nodes; the kernel allocates on the node of the CPU that touches first.
The image has a default that no registry has, not ``${IMAGE:?}``: Compose interpolates for ``down`` too.
Read: what people make of it, with anchors and merges, copies (``deploy.replicas``, else ``scale``), or as JSON.
Source: Compose specification, top-level ``name``, services, ``cpuset``, interpolation ``${NAME:-default}``, fragments,
``deploy``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cerberus_plan.calibration.store import decode
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.deploy.deployment import Deployment, Format
from cerberus_plan.planner.deploy.seen import Seen, amount, cpu_set, digits
from cerberus_plan.planner.deploy.yaml_tree import Tree, yaml_tree

FILE = "compose.yaml"
NAMES = (FILE, "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_NEGATIVE = re.compile(r"-[0-9]{1,18}", re.ASCII)  # a quota that is no limit
_MOST_COPIES = 1000
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
    """Services, the copies of one told apart by their numbers as Compose names their containers.

    Other sections (networks, volumes, ...) hold names that are no services.
    """
    file = next((folder / name for name in NAMES if (folder / name).is_file()), folder / FILE)
    services = _mapping(yaml_tree(file), "services", str(file))
    for name in services:
        where = f"{file}: {name}"
        fields = _mapping(services, name, where)
        seen = Seen(
            name=name,
            source=file.name,
            cpus=_cpus(_text(fields, "cpuset"), f"{where}: cpuset"),
            quota=_quota(fields, where),
        )
        copies = range(1, _copies(fields, where) + 1)
        yield from (seen if copy == 1 else replace(seen, name=f"{name}-{copy}") for copy in copies)


def _cpus(text: str, where: str) -> frozenset[int]:
    """CPUs of a list; a variable has its value from a shell that is not seen here."""
    if "$" in text:
        decode.refuse(text, where, "a list of CPUs, not a variable; `docker compose config` writes its value")
    return cpu_set(text, where)


def _mapping(tree: Tree, name: str, where: str) -> Tree:
    """The mapping of a name; none where nothing stands behind it.

    Raises:
        InputError: It is in flow style.
    """
    found = tree.get(name) or {}
    if isinstance(found, str):
        decode.refuse(found, f"{where}: {name}", "names below it, a line each; `docker compose config` writes it so")
    return found


def _text(fields: Tree, name: str) -> str:
    found = fields.get(name, "")
    return found if isinstance(found, str) else ""


def _copies(fields: Tree, where: str) -> int:
    """How many containers of a service are started."""
    told = _text(_mapping(fields, "deploy", where), "replicas") or _text(fields, "scale")
    return digits(told, f"{where}: replicas", high=_MOST_COPIES) if told else 1


def _quota(fields: Tree, where: str) -> float | None:
    """CPUs whose time a service may use, in any of three ways of saying it; None where none limits it."""

    def told(inside: Tree, name: str) -> float:
        text = _text(inside, name).strip()
        return amount(text, f"{where}: {name}") if text else 0.0

    limits = _mapping(fields, "deploy", where)
    for name in ("resources", "limits"):
        limits = _mapping(limits, name, f"{where}: deploy")
    unlimited = _NEGATIVE.fullmatch(_text(fields, "cpu_quota").strip())
    spent, period = 0.0 if unlimited else told(fields, "cpu_quota"), told(fields, "cpu_period") or _PERIOD_US
    return next(filter(None, (spent / period, told(fields, "cpus"), told(limits, "cpus"))), None)


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
