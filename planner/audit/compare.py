"""Every deviation of what was found from what was promised, each with its price.

One deviation an instance and kind: wrong CPUs (other than planned, shared, or not pinned at all), vCPU count, memory
nodes and how strictly they are kept, memory size, emulator and I/O threads on instances' CPUs, instances missing or not
planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.audit.price import Pins, Pricer
from cerberus_plan.planner.audit.promised import Instance, Promise
from cerberus_plan.planner.deploy.seen import Seen

# Formats that give an instance a set of CPUs, and leave its threads to the kernel.
_AS_A_WHOLE = {"proxmox", "incus", "systemd", "script", "slurm", "compose", "kubernetes"}
# Memory may be rounded by whoever starts the instance.
_MEMORY_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One difference.

    Attributes:
        instance: Name of the instance.
        kind: ``cpus``, ``count``, ``nodes``, ``memory``, ``emulator``, ``io-thread``, ``missing`` or ``unplanned``.
        what: The difference in words.
        source: Where it was seen.
        price: Share of the whole throughput lost, None where it is not known.
    """

    instance: str
    kind: str
    what: str
    source: str
    price: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All deviations, and what the wrong CPUs among them cost together."""

    checked: int
    deviations: tuple[Deviation, ...]
    total_price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """Pins as planned, the planned owner of each CPU, and prices."""

    pins: dict[str, tuple[frozenset[int], ...]]
    owner: dict[int, str]
    pricer: Pricer


def planned_pins(promise: Promise) -> dict[str, tuple[frozenset[int], ...]]:
    """Pins as planned: a CPU a vCPU in VMs, the instance's set for every thread of what is pinned as a whole."""
    if promise.files in _AS_A_WHOLE:
        return {each.name: (frozenset(each.cpus),) * len(each.cpus) for each in promise.instances}
    return {each.name: tuple(frozenset({cpu}) for cpu in each.cpus) for each in promise.instances}


def compare(
    promise: Promise, found: Iterable[Seen], pricer: Pricer, *, all_cpus: frozenset[int], expect_all: bool = True
) -> Verdict:
    """Compare what was found with the promise.

    Args:
        promise: What was planned.
        found: What was seen; several sights of one instance are each compared.
        pricer: Prices pins.
        all_cpus: CPUs of the machine: where a vCPU floats that is not pinned.
        expect_all: Report planned instances that were not seen.
    """
    planned = {_key(each.name): each for each in promise.instances}
    pins = planned_pins(promise)
    owner = {cpu: each.name for each in promise.instances for cpu in each.cpus}
    deviations: list[Deviation] = []
    actual: dict[str, Pins] = {}
    seen_names = set()
    checked = 0
    for sight in found:
        checked += 1
        each = planned.get(_key(sight.name))
        seen_names.add(_key(sight.name))
        if each is None:
            what = f"an instance of this name was not planned{_taken(sight, owner)}"
            deviations.append(_deviation(sight, "unplanned", what, None))
            continue
        now = _pins_now(each, sight, pins[each.name], all_cpus)
        if now is not None:
            actual[each.name] = {each.name: now}
            deviations += _cpus(each, sight, now, _Context(pins=pins, owner=owner, pricer=pricer))
        deviations += _rest(each, sight)
        deviations += _other_threads(each, sight, owner, promise)
    if expect_all:
        deviations += [_missing(each, promise, pricer) for key, each in planned.items() if key not in seen_names]
    actual |= {each.instance: {each.instance: ()} for each in deviations if each.kind == "missing"}
    together = {name: now for one in actual.values() for name, now in one.items()}
    return Verdict(
        checked=checked, deviations=tuple(deviations), total_price=pricer.loss(together) if together else 0.0
    )


def _missing(each: Instance, promise: Promise, pricer: Pricer) -> Deviation:
    price = pricer.loss({each.name: ()})
    return Deviation(instance=each.name, kind="missing", what="not found", source=promise.files, price=price)


def _key(name: str) -> str:
    """Names as compared: Kubernetes writes them in lower case with ``-``."""
    return name.lower().replace("_", "-")


def _deviation(sight: Seen, kind: str, what: str, price: float | None) -> Deviation:
    return Deviation(instance=sight.name, kind=kind, what=what, source=sight.source, price=price)


def _taken(sight: Seen, owner: dict[int, str]) -> str:
    """Planned instances whose CPUs an instance that was not planned uses."""
    used = {cpu for cpus in (sight.vcpus or (sight.cpus or frozenset(),)) for cpu in cpus}
    hit = sorted({owner[cpu] for cpu in used if cpu in owner})
    return f"; it uses CPUs of {', '.join(hit)}" if hit else ""


def _pins_now(
    each: Instance, sight: Seen, planned: tuple[frozenset[int], ...], all_cpus: frozenset[int]
) -> tuple[frozenset[int], ...] | None:
    """The pins as found, one set a vCPU; None where nothing can be told."""
    if sight.vcpus is not None:
        return tuple(cpus or all_cpus for cpus in sight.vcpus)
    if sight.cpus is None:
        return None
    cpus = sight.cpus or all_cpus
    # where the whole instance is on the right CPUs, its threads are as good as pinned
    return planned if cpus == frozenset(each.cpus) else (cpus,) * len(each.cpus)


def _cpus(
    each: Instance,
    sight: Seen,
    now: tuple[frozenset[int], ...],
    context: _Context,
) -> Iterator[Deviation]:
    planned, owner, pricer = context.pins[each.name], context.owner, context.pricer
    if len(now) != len(each.cpus):
        yield _deviation(
            sight, "count", f"{len(now)} vCPUs instead of {len(each.cpus)}", max(pricer.loss({each.name: now}), 0.0)
        )
    wrong = [i for i, cpus in enumerate(now) if i >= len(planned) or cpus != planned[i]]
    if not wrong or not now:
        return
    if sight.vcpus is None:
        words = [f"may use {_set(now[0])} instead of {_set(frozenset(each.cpus))}"]
    else:
        words = [
            f"vCPU {i} on {_set(now[i])}" + (f" instead of {_set(planned[i])}" if i < len(planned) else "")
            for i in wrong
        ]
    shared = sorted({owner[cpu] for i in wrong for cpu in now[i] if owner.get(cpu, each.name) != each.name})
    if shared:
        words.append(f"shared with {', '.join(shared[:4])}{' and others' if len(shared) > 4 else ''}")
    double = [cpus for i, cpus in enumerate(now) if len(cpus) == 1 and cpus in now[:i]]
    if double:
        words.append(f"{_set(frozenset().union(*double))} given twice")
    yield _deviation(sight, "cpus", "; ".join(words), max(pricer.loss({each.name: now}), 0.0))


def _set(cpus: frozenset[int]) -> str:
    return f"CPU {cpu_list(cpus)}"


def _rest(each: Instance, sight: Seen) -> Iterator[Deviation]:
    """Counts without pins, and memory."""
    if sight.vcpus is None and sight.count is not None and sight.count != len(each.cpus):
        yield _deviation(sight, "count", f"{sight.count} vCPUs instead of {len(each.cpus)}", None)
    if sight.count is not None and sight.vcpus is not None and sight.count != len(sight.vcpus):
        yield _deviation(sight, "count", f"{sight.count} vCPUs, but pins for {len(sight.vcpus)}", None)
    if sight.nodes is not None and sight.nodes != frozenset(each.nodes):
        where = f"nodes {cpu_list(sight.nodes)}" if sight.nodes else "any node"
        yield _deviation(sight, "nodes", f"memory from {where} instead of {cpu_list(each.nodes)}", None)
    for cell, nodes in sorted(sight.cells.items()):
        right = frozenset(each.nodes[cell : cell + 1])
        if nodes != right and sight.nodes == frozenset(each.nodes):  # else it is said above
            instead = f" instead of {cpu_list(right)}" if right else ", which is not planned"
            yield _deviation(sight, "nodes", f"guest node {cell} from node {cpu_list(nodes) or 'any'}{instead}", None)
    if sight.policy:
        where = cpu_list(sight.nodes) if sight.nodes else "any"
        yield _deviation(sight, "nodes", f"memory {sight.policy}, not strict, from node {where}", None)
    planned = sum(each.memory_bytes)
    if sight.memory_bytes is not None and abs(sight.memory_bytes - planned) > _MEMORY_TOLERANCE * planned:
        what = f"{sight.memory_bytes >> 20} MiB of memory instead of {planned >> 20}"
        yield _deviation(sight, "memory", what, None)


def _other_threads(each: Instance, sight: Seen, owner: dict[int, str], promise: Promise) -> Iterator[Deviation]:
    """Emulator and I/O threads not pinned, on other instances' CPUs, or on its own where the host has CPUs for them."""
    threads = [("emulator", "emulator threads", sight.emulator)] if sight.emulator is not None else []
    threads += [("io-thread", f"I/O thread {number}", cpus) for number, cpus in sorted(sight.io_threads.items())]
    planned = frozenset(promise.host_cpus) if promise.files == "libvirt" else frozenset()
    for kind, what, cpus in threads:
        owners = {owner[cpu] for cpu in cpus if cpu in owner}
        hit = sorted(owners - {each.name})
        if not cpus:
            yield _deviation(sight, kind, f"{what} not pinned", None)
        elif hit:
            where = f"{', '.join(hit[:4])}{' and others' if len(hit) > 4 else ''}"
            which = f"on {_set(cpus)} of {where}" if len(cpus) == 1 else f"on CPUs of {where} ({_set(cpus)})"
            yield _deviation(sight, kind, f"{what} {which}", None)
        elif owners and planned:
            yield _deviation(sight, kind, f"{what} on {_set(cpus)}, its own vCPUs', instead of {_set(planned)}", None)
