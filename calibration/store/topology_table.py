"""The section [topology] of a machine file: counts that multiply, or a socket of unlike cores.

    sockets = 2, nodes_per_socket = 1, l3_per_node = 4, cores_per_l3 = 8, threads_per_core = 2, memory = {...}
    kinds = [{ name = "P-core", cores = 8, threads_per_core = 2 }, { name = "E-core", cores = 8 }]

When not to use it: for irregular machines; a profile lists every CPU (`profile`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.quantity_table import MEMORY, quantity, text_field
from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown
from cerberus_plan.model.topology import Topology

_MOST_CPUS = 2**16  # beyond any single machine
_FIELDS = ("sockets", "nodes_per_socket", "l3_per_node", "cores_per_l3", "threads_per_core", "memory", "kinds")


def topology_of(section: Mapping[str, Any], where: str) -> Topology:
    """The topology that the section describes; ``where`` names the file.

    Raises:
        InputError: What is wrong, in which field, and what is allowed.
    """
    decode.refuse_unknown(section, _FIELDS, f"{where}: topology")
    if "kinds" in section:
        return _hybrid(section, where)
    parts = {field: section[field] for field in _FIELDS[:-2] if field in section}
    for field in ("sockets", "cores_per_l3"):
        if field not in parts:
            raise InputError(f"{where}: topology: field {field!r} is missing")
    for field, count in parts.items():
        if type(count) is not int or count < 1:
            raise InputError(f"{where}: topology: {field} = {shown(count)} must be a whole number of at least 1")
    if math.prod(parts.values()) > _MOST_CPUS:
        raise InputError(f"{where}: topology: more than {_MOST_CPUS} CPUs; check the counts, they are multiplied")
    memory = section.get("memory")
    try:
        return Topology.regular(
            **parts,
            memory_bytes=0.0 if memory is None else quantity(memory, MEMORY, f"{where}: topology.memory").value,
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _hybrid(section: Mapping[str, Any], where: str) -> Topology:
    """A socket of unlike cores, each kind a table {name, cores, threads_per_core}."""
    place = f"{where}: topology.kinds"
    decode.refuse_unknown(section, ("kinds", "memory"), f"{where}: topology with kinds")
    rows = section["kinds"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{place} must be a list of tables such as {{ name = 'E-core', cores = 8 }}")
    kinds = []
    for row in rows:
        decode.refuse_unknown(row, ("name", "cores", "threads_per_core"), place)
        counts = [row.get("cores"), row.get("threads_per_core", 1)]
        if any(type(count) is not int or not 0 < count <= _MOST_CPUS for count in counts):
            raise InputError(f"{place}: cores and threads_per_core must be whole numbers from 1 to {_MOST_CPUS}")
        kinds.append((text_field(row, "name", place), *counts))
    memory = section.get("memory")
    size = 0.0 if memory is None else quantity(memory, MEMORY, f"{where}: topology.memory").value
    return Topology.hybrid(kinds, memory_bytes=size)
