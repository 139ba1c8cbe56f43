"""What a deployment promised: its ``plan.json``, read strictly.

Format version 1, written by ``planner.deploy.bundle``: keys are added, never renamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import is_there, read_text
from cerberus_plan.model.cpu_list import MOST_CPUS
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.bundle import PLAN_FILE, PLAN_FORMAT, PLAN_VERSION

_TEXTS = ("files", "machine", "workload", "system", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One planned instance: CPU of each vCPU, NUMA nodes, memory in each node [B]."""

    name: str
    cpus: tuple[int, ...]
    nodes: tuple[int, ...]
    memory_bytes: tuple[int, ...]

    @property
    def key(self) -> str:
        """Its name as names are compared."""
        return key_of(self.name)


def key_of(name: str) -> str:
    """A name as names are compared: Kubernetes writes them in lower case with ``-``."""
    return name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A planned deployment.

    Attributes:
        path: The plan file.
        files: Format of the files beside it.
        machine: Name or file of the machine planned for.
        workload: Name or file of the workload.
        system: System it was evaluated under.
        throughput: What it promises, in ``unit``.
        instances: All instances.
        host_cpus: CPUs of the host.
        written: Names of the files that export wrote; empty where the plan is older than this list.
    """

    path: Path
    files: str
    machine: str
    workload: str
    system: str
    throughput: float
    unit: str
    instances: tuple[Instance, ...]
    host_cpus: tuple[int, ...]
    written: tuple[str, ...] = ()


def read_promise(path: Path) -> Promise:
    """The promise in a plan file, or in the folder that holds one.

    Raises:
        InputError: It is not such a file; says which field.
    """
    file = path / PLAN_FILE if path.is_dir() else path
    if path.is_dir() and not is_there(file):
        raise InputError(f"{path} holds no {PLAN_FILE}; give a folder written by `cerberus-plan export`")
    record = decode.parse_json(read_text(file), str(file))
    if not isinstance(record, dict) or record.get("format") != PLAN_FORMAT:
        raise InputError(f"{file} is not a plan; give a folder written by `cerberus-plan export`, or its plan.json")
    if record.get("version") != PLAN_VERSION:
        raise InputError(
            f"{file}: version {shown(record.get('version'))}, but this program reads {PLAN_VERSION}; update it"
        )
    return _promise(file, record, str(file))


def _promise(file: Path, record: dict[str, Any], where: str) -> Promise:
    names = {field: decode.name(decode.member(record, field, where), f"{where}: {field}") for field in _TEXTS}
    decode.one_of(names["system"], f"{where}: system", SYSTEMS)
    if names["files"] not in FORMATS:
        raise InputError(
            f"{where}: files = {shown(names['files'])} is no format that this version reads ({', '.join(FORMATS)}); "
            "update it, or export again"
        )
    instances = decode.rows(decode.member(record, "instances", where), f"{where}: instances", most=MOST_CPUS)
    if not instances:
        raise InputError(f"{where}: instances is empty; a deployment has at least one; export it again")
    promise = Promise(
        path=file,
        **names,
        throughput=decode.number(decode.member(record, "throughput", where), f"{where}: throughput", positive=True),
        instances=tuple(_instance(each, f"{where}: instances[{i}]") for i, each in enumerate(instances)),
        host_cpus=decode.wholes(decode.member(record, "host_cpus", where), f"{where}: host_cpus", most=MOST_CPUS),
        written=tuple(
            decode.name(each, f"{where}: written[{i}]")
            for i, each in enumerate(decode.rows(record.get("written", []), f"{where}: written", most=4 * MOST_CPUS))
        ),
    )
    decode.listed((each.name for each in promise.instances), "instance", f"{where}: instances")
    _check_cpus(promise.instances, where)
    return promise


def _check_cpus(instances: tuple[Instance, ...], where: str) -> None:
    """Refuse a plan that gives a CPU twice: no export does, and no price would mean anything."""
    owner: dict[int, str] = {}
    for each in instances:
        for cpu in each.cpus:
            if cpu in owner:
                raise InputError(
                    f"{where}: CPU {cpu} is given to {shown(owner[cpu])} and to {shown(each.name)}; a CPU has one "
                    "instance; export the deployment again"
                )
            owner[cpu] = each.name


def _instance(value: object, where: str) -> Instance:
    found = decode.table(value, where)
    given = {field: decode.member(found, field, where) for field in ("cpus", "nodes", "memory_bytes")}
    cpus = decode.wholes(given["cpus"], f"{where}: cpus", most=MOST_CPUS)
    if not cpus:
        raise InputError(f"{where}: cpus is empty; an instance has at least one")
    return Instance(
        name=decode.name(decode.member(found, "name", where), f"{where}: name"),
        cpus=cpus,
        nodes=decode.wholes(given["nodes"], f"{where}: nodes", most=MOST_CPUS),
        memory_bytes=decode.wholes(given["memory_bytes"], f"{where}: memory_bytes", high=2**60, most=MOST_CPUS),
    )
