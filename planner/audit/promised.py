"""What a deployment promised: its ``plan.json``, read strictly.

Format version 1, written by ``planner.deploy.bundle``: keys are added, never renamed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.bundle import PLAN_FILE, PLAN_FORMAT, PLAN_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One planned instance: CPU of each vCPU, NUMA nodes, memory in each node [B]."""

    name: str
    cpus: tuple[int, ...]
    nodes: tuple[int, ...]
    memory_bytes: tuple[int, ...]


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
    try:
        record = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise InputError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(record, dict) or record.get("format") != PLAN_FORMAT:
        raise InputError(f"{file} is not a plan; give a folder written by `cerberus-plan export`, or its plan.json")
    if record.get("version") != PLAN_VERSION:
        raise InputError(f"{file}: version {record.get('version')!r}, but this program reads {PLAN_VERSION}; update it")
    try:
        return _promise(file, record)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file}: field {error} is missing or has the wrong type; export the plan again") from error


def _promise(file: Path, record: dict[str, Any]) -> Promise:
    return Promise(
        path=file,
        files=str(record["files"]),
        machine=str(record["machine"]),
        workload=str(record["workload"]),
        system=str(record["system"]),
        throughput=float(record["throughput"]),
        unit=str(record["unit"]),
        instances=tuple(
            Instance(
                name=str(each["name"]),
                cpus=_whole(each["cpus"]),
                nodes=_whole(each["nodes"]),
                memory_bytes=_whole(each["memory_bytes"]),
            )
            for each in record["instances"]
        ),
        host_cpus=_whole(record["host_cpus"]),
        written=tuple(str(name) for name in record.get("written", ())),
    )


def _whole(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
