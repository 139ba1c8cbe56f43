"""What was found of one instance: in a file or on the running host. None stands for "cannot be told from there"."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One instance as found.

    Attributes:
        name: Name of the instance.
        source: Where it was found, for people.
        count: Number of vCPUs.
        vcpus: CPUs each vCPU may use; an empty set for one that is not pinned.
        cpus: CPUs the instance as a whole may use, where its threads are not told apart.
        nodes: NUMA nodes its memory may come from.
        memory_bytes: Its memory [B].
        emulator: CPUs of its other threads (emulator, device threads).
    """

    name: str
    source: str
    count: int | None = None
    vcpus: tuple[frozenset[int], ...] | None = None
    cpus: frozenset[int] | None = None
    nodes: frozenset[int] | None = None
    memory_bytes: int | None = None
    emulator: frozenset[int] | None = None


def cpu_set(text: str, where: str) -> frozenset[int]:
    """CPUs of a list such as ``1-4,^2``: ``^`` takes out what is named before it.

    Raises:
        InputError: It is no such list.
    """
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        try:
            if part.startswith("^"):
                found -= set(parse_cpu_list(part[1:]))
            else:
                found |= set(parse_cpu_list(part))
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
    return frozenset(found)


def read_object(file: Path) -> dict[str, Any]:
    """A JSON object in a file.

    Raises:
        InputError: It is not one.
    """
    try:
        found = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise InputError(f"{file}, line {error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(found, dict):
        raise InputError(f"{file}: a JSON object is expected")
    return found
