"""Every deviation of what was found from what was promised, each with its price.

One deviation an instance and kind: wrong CPUs (other than planned, shared, or not pinned at all), number of vCPUs or
threads, memory nodes and how strictly they are kept, memory size, emulator and I/O threads on instances' CPUs,
neighbours on them, instances missing or not planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.audit.deviation import Deviation, Verdict
from cerberus_plan.planner.audit.neighbours import Neighbour
from cerberus_plan.planner.audit.overlap import crowded_nodes, load_on, overlaps, owners, twins
from cerberus_plan.planner.audit.price import Pricer
from cerberus_plan.planner.audit.promised import Instance, Promise
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.seen import Seen

# Memory may be rounded by whoever starts the instance.
_MEMORY_TOLERANCE = 0.01

_Pins = tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """Pins as planned, whose each CPU is, prices, where floating vCPUs run, and what runs on a CPU ("vCPU")."""

    promise: Promise
    pins: dict[str, _Pins]
    owner: dict[int, str]
    pricer: Pricer
    all_cpus: frozenset[int]
    noun: str


def planned_pins(promise: Promise) -> dict[str, _Pins]:
    """Pins as planned: a CPU a vCPU in VMs, the instance's set for every thread of what is pinned as a whole."""
    form = FORMATS.get(promise.files)
    if form is not None and form.as_a_whole:
        return {each.name: (frozenset(each.cpus),) * len(each.cpus) for each in promise.instances}
    return {each.name: tuple(frozenset({cpu}) for cpu in each.cpus) for each in promise.instances}


def compare(
    promise: Promise,
    found: Iterable[Seen],
    pricer: Pricer,
    *,
    topology: Topology,
    expect_all: bool = True,
    neighbours: Sequence[Neighbour] = (),
) -> Verdict:
    """Compare what was found with the promise.

    Args:
        promise: What was planned.
        found: What was seen; several sights of one instance are each compared, and the dearest counts.
        pricer: Prices pins.
        topology: Of the machine: a vCPU that is not pinned floats over all its CPUs.
        expect_all: Report planned instances that were not seen.
        neighbours: Who else is pinned to the host.
    """
    planned = {_key(each.name): each for each in promise.instances}
    pins = planned_pins(promise)
    system = SYSTEMS[promise.system]
    context = _Context(
        promise=promise,
        pins=pins,
        owner={**owners(neighbours), **{cpu: each.name for each in promise.instances for cpu in each.cpus}},
        pricer=pricer,
        all_cpus=frozenset(topology.cpus),
        noun=system.thread_noun,
    )
    deviations: list[Deviation] = []
    actual: dict[str, _Pins] = {}
    seen: dict[str, set[str]] = {}  # by launcher: each is to start all of them
    for sight in found:
        key = _key(sight.name)
        seen.setdefault(sight.launcher, set()).add(key)
        if key not in planned:
            what = f"an instance of this name was not planned{_taken(sight, context.owner)}"
            deviations.append(_deviation(sight, "unplanned", what, None))
            continue
        each = planned[key]
        now = _pins_now(each, sight, pins[each.name], context.all_cpus)
        if now is not None:
            actual[each.name] = _dearer(each.name, now, actual.get(each.name), pricer)
        deviations += _compared(each, sight, now, context)
    if expect_all:
        deviations += _missing(context, seen or {"": set()})
    deviations += twins(neighbours)
    names = set[str]().union(*seen.values())
    running = {each.name: actual.get(each.name, pins[each.name]) for key, each in planned.items() if key in names}
    deviations += overlaps(running, neighbours, pricer)
    deviations += crowded_nodes(promise, neighbours, topology, reserves=system.virtualised)
    together = {**actual, **{each.instance: () for each in deviations if each.kind == "missing"}}
    return Verdict(
        checked=len(names),
        deviations=tuple(deviations),
        total_price=pricer.loss(together, beside=load_on(neighbours)) if together or neighbours else 0.0,
    )


def _dearer(name: str, now: _Pins, before: _Pins | None, pricer: Pricer) -> _Pins:
    """Of two sights of an instance, such as job script and rank file, the one that costs more."""
    return now if before is None or pricer.loss({name: now}) > pricer.loss({name: before}) else before


def _compared(each: Instance, sight: Seen, now: _Pins | None, context: _Context) -> Iterator[Deviation]:
    if now is not None:
        yield from _cpus(each, sight, now, context)
    yield from _rest(each, sight, context.noun)
    yield from _other_threads(each, sight, context)


def _missing(context: _Context, seen: Mapping[str, set[str]]) -> Iterator[Deviation]:
    """Instances that a launcher does not start."""
    for launcher, names in seen.items():
        for each in context.promise.instances:
            if _key(each.name) not in names:
                source, price = launcher or context.promise.files, context.pricer.loss({each.name: ()})
                yield Deviation(instance=each.name, kind="missing", what="not found", source=source, price=price)


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


def _pins_now(each: Instance, sight: Seen, planned: _Pins, all_cpus: frozenset[int]) -> _Pins | None:
    """The pins as found, one set a vCPU; None where nothing can be told."""
    if sight.vcpus is not None:
        return tuple(cpus or all_cpus for cpus in sight.vcpus)
    if sight.cpus is None:
        return None
    cpus = sight.cpus or all_cpus
    # where the whole instance is on the right CPUs, its threads are as good as pinned
    return planned if cpus == frozenset(each.cpus) else (cpus,) * len(each.cpus)


def _cpus(each: Instance, sight: Seen, now: _Pins, context: _Context) -> Iterator[Deviation]:
    planned, owner, pricer = context.pins[each.name], context.owner, context.pricer
    if len(now) != len(each.cpus):
        what = f"{_number(len(now), context.noun)} instead of {len(each.cpus)}"
        yield _deviation(sight, "count", what, max(pricer.loss({each.name: now}), 0.0))
    wrong = [i for i, cpus in enumerate(now) if i >= len(planned) or cpus != planned[i]]
    if not wrong or not now:
        return
    if sight.vcpus is None:
        words = [f"may use {_set(now[0])} instead of {_set(frozenset(each.cpus))}"]
    else:
        words = [
            f"{context.noun} {i} on {_set(now[i])}" + (f" instead of {_set(planned[i])}" if i < len(planned) else "")
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


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _rest(each: Instance, sight: Seen, noun: str) -> Iterator[Deviation]:
    """Counts without pins, and memory."""
    if sight.vcpus is None and sight.count is not None and sight.count != len(each.cpus):
        yield _deviation(sight, "count", f"{_number(sight.count, noun)} instead of {len(each.cpus)}", None)
    if sight.count is not None and sight.vcpus is not None and sight.count != len(sight.vcpus):
        yield _deviation(sight, "count", f"{_number(sight.count, noun)}, but pins for {len(sight.vcpus)}", None)
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


def _other_threads(each: Instance, sight: Seen, context: _Context) -> Iterator[Deviation]:
    """Emulator and I/O threads not pinned, on other instances' CPUs, or on its own where the host has CPUs for them."""
    threads = [("emulator", "emulator threads", sight.emulator)] if sight.emulator is not None else []
    threads += [("io-thread", f"I/O thread {number}", cpus) for number, cpus in sorted(sight.io_threads.items())]
    owner, promise = context.owner, context.promise
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
