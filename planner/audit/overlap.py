"""Deviations that neighbours cause: CPUs that somebody else uses too, memory promised twice, names given twice.

The price of a neighbour on CPUs of an instance is what its load there takes (``price``), all its threads busy.
When not to use it: for what neighbours share beyond CPUs (caches, memory bandwidth), which is not priced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.audit.deviation import Deviation
from cerberus_plan.planner.audit.neighbours import Neighbour
from cerberus_plan.planner.audit.price import Load, Pins, Pricer, load_of
from cerberus_plan.planner.audit.promised import Promise

_MOST_NAMED = 3
_GIB = 2**30


def overlaps(pins: Pins, neighbours: Sequence[Neighbour], pricer: Pricer) -> Iterator[Deviation]:
    """One deviation an instance that has neighbours on its CPUs.

    Args:
        pins: Pins of the instances, as found where they were, else as planned.
        neighbours: Who else is there.
        pricer: Prices the load on the instance's CPUs.
    """
    there: dict[int, list[int]] = {}
    for i, each in enumerate(neighbours):
        for cpu in each.cpus:
            there.setdefault(cpu, []).append(i)
    everywhere = load_on(neighbours)
    for name, vcpus in pins.items():
        cpus = frozenset[int]().union(*{*vcpus})
        shared = sorted(cpu for cpu in cpus if cpu in there)
        if not shared:
            continue
        near = [neighbours[i] for i in sorted({i for cpu in shared for i in there[cpu]})]
        load = {cpu: everywhere[cpu] for cpu in shared}
        yield Deviation(
            instance=name,
            kind="overlap",
            what=f"CPU {cpu_list(shared)} also used by {_named(near)}",
            source=near[0].source,
            price=max(pricer.loss({name: vcpus}, beside=load) - pricer.loss({name: vcpus}), 0.0),
            cpus=tuple(shared),
        )


def twins(promise: Promise, neighbours: Sequence[Neighbour]) -> Iterator[Deviation]:
    """Names that another deployment gives too: only one of the two instances can be defined."""
    names: dict[str, list[str]] = {}
    for each in neighbours:
        if each.twin:
            names.setdefault(each.deployment, []).append(each.twin)
    cpus = {each.name: each.cpus for each in promise.instances}
    for deployment, given in names.items():
        what = f"{_named_like(given)} in {deployment} too: one takes the other's place"
        where = tuple(sorted(cpus[given[0]]))
        yield Deviation(instance=given[0], kind="overlap", what=what, source=deployment, price=None, cpus=where)


def crowded_nodes(
    promise: Promise, neighbours: Sequence[Neighbour], topology: Topology, *, reserves: bool
) -> Iterator[Deviation]:
    """Nodes whose memory is promised twice."""
    if not topology.memory_bytes or not reserves:
        return
    size = dict(zip(sorted(set(topology.numa_nodes)), topology.memory_bytes, strict=True))
    node_of = dict(zip(topology.cpus, topology.numa_nodes, strict=True))
    own, others = Counter[int](), Counter[int]()
    for instance in promise.instances:
        own.update(dict(zip(instance.nodes, instance.memory_bytes, strict=False)))
    for each in neighbours:
        others.update(each.memory)
    for node in sorted(own.keys() & others.keys() & size.keys()):
        if own[node] + others[node] > size[node]:
            amounts = f"{own[node] / _GIB:.1f} GiB here and {others[node] / _GIB:.1f} GiB of others"
            yield Deviation(
                instance=f"node {node}",
                kind="memory",
                what=f"{amounts} of {size[node] / _GIB:.1f} GiB",
                source=_named([each for each in neighbours if node in each.memory]),
                price=None,
                cpus=tuple(sorted(cpu for cpu, its in node_of.items() if its == node)),
            )


def load_on(neighbours: Sequence[Neighbour]) -> Load:
    """How many threads of neighbours ask for each CPU."""
    return load_of(each.pins for each in neighbours)


def owners(neighbours: Sequence[Neighbour]) -> Mapping[int, str]:
    """A neighbour of each CPU that has one."""
    return {cpu: each.name for each in reversed(neighbours) for cpu in each.cpus}


def _named_like(given: Sequence[str]) -> str:
    return "the name is given" if len(given) == 1 else f"this and {len(given) - 1} other names are given"


def _named(near: Sequence[Neighbour]) -> str:
    names = list(dict.fromkeys(each.name for each in near))
    more = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
