"""The machine's floor plan with the instances on it: sockets, groups that share a cache, CPUs, and who has each.

Takes a placement as the planner made it. When not to use it: for machines with more CPUs than a page can show; the
table of instances says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.placing.placement import Placement, place
from cerberus_plan.reports.formats import percent, quantity

# More squares than this are a texture, not a drawing [CPUs].
MOST_CPUS = 1024
# What a CPU belongs to, as the drawing groups it.
_GROUPED = ("cpus", "sockets", "l3_groups", "cores")


def floor_plan(topology: Topology, split: Sequence[int], *, host_cores: int) -> dict[str, Any]:
    """What the page draws for a split; ``why_not`` says why it cannot be placed, None when it can."""
    try:
        placement = place(topology, split, host_cores=host_cores)
    except CannotAnswerError as error:
        return {"why_not": str(error), "sockets": [], "notes": (), "rows": [], "idle": False, "host": False}
    return {
        "why_not": None,
        "sockets": _sockets(topology, placement) if topology.n_cpus <= MOST_CPUS else [],
        "notes": placement.notes,
        "rows": list(_rows(placement)),
        "idle": bool(placement.idle_cpus),
        "host": bool(placement.host_cpus),
    }


def _sockets(topology: Topology, placement: Placement) -> list[list[list[dict[str, Any]]]]:
    """CPUs with their owner."""
    owner = {cpu: str(number) for number, one in enumerate(placement.places) for cpu in one.cpus}
    owner |= dict.fromkeys(placement.host_cpus, "host")
    members = {name: getattr(topology, name) for name in _GROUPED}
    return squares(members, lambda cpu: square(cpu, owner.get(cpu)))


def squares(members: Mapping[str, Sequence[int]], draw: Callable[[int], Any]) -> list[list[list[Any]]]:
    """What is drawn for each CPU, by socket and by cache group, SMT siblings side by side.

    Args:
        members: The topology's memberships, one entry a CPU.
        draw: What is drawn for a CPU.
    """
    sockets: dict[int, dict[int, list[tuple[int, int]]]] = {}
    for cpu, socket, group, core in zip(*(members[name] for name in _GROUPED), strict=True):
        sockets.setdefault(socket, {}).setdefault(group, []).append((core, cpu))
    return [
        [[draw(cpu) for _, cpu in sorted(groups[group])] for group in sorted(groups)]
        for _, groups in sorted(sockets.items())
    ]


def square(cpu: int, owner: str | None) -> dict[str, Any]:
    """One CPU; neighbouring instances get unlike tints."""
    if owner is None:
        return {"cpu": cpu, "label": "", "kind": "idle", "text": f"CPU {cpu}: idle"}
    if owner == "host":
        return {"cpu": cpu, "label": "h", "kind": "host", "text": f"CPU {cpu}: host"}
    return {"cpu": cpu, "label": owner, "kind": f"tint{int(owner) % 2}", "text": f"CPU {cpu}: instance {owner}"}


def _rows(placement: Placement) -> Iterable[tuple[str, ...]]:
    """Instance, CPUs, nodes, memory, and how many pairs of its CPUs share a cache."""
    for number, one in enumerate(placement.places):
        near = one.shares.same_core + one.shares.same_l3
        memory = " + ".join(quantity(size, "B") for size in one.memory_bytes)
        guess = "" if placement.memory_known else " (a guess)"
        pairs = percent(near) if len(one.cpus) > 1 else "–"
        yield (str(number), cpu_list(one.cpus), cpu_list(one.nodes), memory + guess, pairs)


def placement_json(topology: Topology, split: Sequence[int], *, host_cores: int) -> dict[str, Any]:
    """The placement as in the JSON document: CPUs of each instance, or why there is none."""
    try:
        placement = place(topology, split, host_cores=host_cores)
    except CannotAnswerError as error:
        return {"instances": None, "reason": str(error)}
    return {
        "instances": [
            {"cpus": list(one.cpus), "nodes": list(one.nodes), "memory_bytes": list(one.memory_bytes)}
            for one in placement.places
        ],
        "host_cpus": list(placement.host_cpus),
        "idle_cpus": list(placement.idle_cpus),
        "notes": list(placement.notes),
    }
