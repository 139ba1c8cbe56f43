"""Every deviation of what was found from what was promised, each with its price.

One deviation an instance and kind: wrong CPUs (other than planned, shared, or not pinned at all), number of vCPUs or
threads, memory nodes and how strictly they are kept, memory size, emulator and I/O threads on instances' CPUs,
neighbours on them, instances missing or not planned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.digits import counted
from cerberus_plan.model.systems.registry import SYSTEMS
from cerberus_plan.model.topology import Topology
from cerberus_plan.planner.audit.deviation import Deviation, Verdict
from cerberus_plan.planner.audit.neighbours import Neighbour
from cerberus_plan.planner.audit.overlap import crowded_nodes, load_on, overlaps, owners, twins
from cerberus_plan.planner.audit.price import Pricer
from cerberus_plan.planner.audit.promised import Instance, Promise, key_of
from cerberus_plan.planner.deploy.all_formats import FORMATS
from cerberus_plan.planner.deploy.kubelet_policy import KUBELET_FILE
from cerberus_plan.planner.deploy.seen import Seen

# Memory may be rounded by whoever starts the instance.
_MEMORY_TOLERANCE = 0.01
_MOST_NAMED = 4
# Who uses the CPUs that no instance was given, and a price that is only what rounding leaves.
_HOST, _NOTHING = "the host", 1e-9

_Pins = tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What every instance is compared with.

    Attributes:
        promise: What was planned.
        pins: Pins as planned.
        owner: The instance that each CPU was planned for.
        user: The same, else a neighbour on it.
        host: CPUs of the host.
        users: Names of all that use a set of CPUs, as far as they were looked up.
        pricer: Prices pins.
        all_cpus: Where floating vCPUs run.
        noun: What runs on a CPU ("vCPU").
    """

    promise: Promise
    pins: dict[str, _Pins]
    owner: Mapping[int, str]
    user: Mapping[int, str]
    host: frozenset[int]
    users: dict[frozenset[int], list[str]] = field(default_factory=dict)
    pricer: Pricer
    all_cpus: frozenset[int]
    noun: str


def planned_pins(promise: Promise) -> dict[str, _Pins]:
    """Pins as planned: a CPU a vCPU in VMs, the instance's set for every thread of what is pinned as a whole."""
    if FORMATS[promise.files].as_a_whole:
        return {each.name: (frozenset(each.cpus),) * len(each.cpus) for each in promise.instances}
    return {each.name: tuple(frozenset({cpu}) for cpu in each.cpus) for each in promise.instances}


def compare(
    promise: Promise,
    found: Sequence[Seen],
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
    planned = {each.key: each for each in promise.instances}
    pins = planned_pins(promise)
    system = SYSTEMS[promise.system]
    owner = {cpu: each.name for each in promise.instances for cpu in each.cpus}
    context = _Context(
        promise=promise,
        pins=pins,
        owner=owner,
        user={**owners(neighbours), **owner},
        host=frozenset(promise.host_cpus),
        pricer=pricer,
        all_cpus=frozenset(topology.cpus),
        noun=system.thread_noun,
    )
    deviations: list[Deviation] = []
    actual: dict[str, _Pins] = {}
    seen: dict[str, set[str]] = {}  # by launcher: each is to start all of them
    for sight in found:
        key = key_of(sight.name)
        seen.setdefault(sight.launcher, set()).add(key)
        if key not in planned:
            deviations.append(_unplanned(sight, context.owner))
            continue
        each = planned[key]
        now = _pins_now(each, sight, pins[each.name], context.all_cpus)
        if now is not None:
            actual[each.name] = _dearer(each.name, now, actual.get(each.name), pricer)
        deviations += _compared(each, sight, now, context)
    deviations += _kept_for_host(promise, found)
    if expect_all:
        deviations += _missing(context, seen or {"": set()})
    deviations += twins(promise, neighbours)
    names = set[str]().union(*seen.values())
    running = {each.name: actual.get(each.name, pins[each.name]) for key, each in planned.items() if key in names}
    deviations += overlaps(running, neighbours, pricer)
    deviations += crowded_nodes(promise, neighbours, topology, reserves=system.virtualised)
    together = {**actual, **{each.instance: () for each in deviations if each.kind == "missing"}}
    lost = pricer.loss(together, beside=load_on(neighbours)) if together or neighbours else 0.0
    total = min(lost + _limited(deviations), 1.0)  # an instance that loses by both has its work to lose once
    return Verdict(checked=len(names), deviations=tuple(deviations), total_price=total)


def _dearer(name: str, now: _Pins, before: _Pins | None, pricer: Pricer) -> _Pins:
    """Of two sights of an instance, such as job script and rank file, the one that costs more."""
    return now if before is None or pricer.loss({name: now}) > pricer.loss({name: before}) else before


def _compared(each: Instance, sight: Seen, now: _Pins | None, context: _Context) -> Iterator[Deviation]:
    if now is not None:
        yield from _cpus(each, sight, now, context)
    yield from _time_limit(each, sight, context.pricer)
    yield from _rest(each, sight, context.noun)
    yield from _other_threads(each, sight, context)


def _kept_for_host(promise: Promise, found: Iterable[Seen]) -> Iterator[Deviation]:
    """CPUs that the host keeps and that were planned for instances, or the other way round; once for each source."""
    planned = frozenset(promise.host_cpus)
    for kept in dict.fromkeys(sight.host for sight in found if sight.host is not None and sight.host != planned):
        where = f"CPU {cpu_list(kept)} kept" if kept else "no CPU kept by its number"
        what = f"{where} for the host instead of {cpu_list(planned)}"
        yield Deviation(
            instance=_HOST,
            kind="host",
            what=what,
            source=KUBELET_FILE,
            price=None,
            cpus=tuple(sorted(kept ^ planned)),
        )


def _time_limit(each: Instance, sight: Seen, pricer: Pricer) -> Iterator[Deviation]:
    """Less CPU time than the instance has CPUs."""
    if sight.quota is None or sight.quota >= len(each.cpus):
        return
    what = f"time of {sight.quota:.3g} instead of {counted(len(each.cpus), 'CPU')}"
    yield _deviation(sight, "quota", what, pricer.throttled(each.name, sight.quota), each.cpus)


def _limited(deviations: Iterable[Deviation]) -> float:
    """What limits of CPU time cost together, the dearest of each instance."""
    prices: dict[str, float] = {}
    for each in deviations:
        if each.kind == "quota" and each.price is not None:
            prices[each.instance] = max(prices.get(each.instance, 0.0), each.price)
    return sum(prices.values())


def _missing(context: _Context, seen: Mapping[str, set[str]]) -> Iterator[Deviation]:
    """Instances that a launcher does not start."""
    for launcher, names in seen.items():
        for each in context.promise.instances:
            if each.key not in names:
                yield Deviation(
                    instance=each.name,
                    kind="missing",
                    what="not found",
                    source=launcher or context.promise.files,
                    price=context.pricer.loss({each.name: ()}),
                    cpus=tuple(sorted(each.cpus)),
                )


def _deviation(sight: Seen, kind: str, what: str, price: float | None, cpus: Iterable[int]) -> Deviation:
    return Deviation(
        instance=sight.name, kind=kind, what=what, source=sight.source, price=price, cpus=tuple(sorted({*cpus}))
    )


def _unplanned(sight: Seen, owner: Mapping[int, str]) -> Deviation:
    """An instance that was not planned, with the planned ones whose CPUs it uses."""
    used = frozenset[int]().union(*(sight.vcpus or (sight.cpus or frozenset(),)))
    hit = sorted({owner[cpu] for cpu in used if cpu in owner})
    taken = f"; it uses CPUs of {', '.join(hit)}" if hit else ""
    return _deviation(sight, "unplanned", f"an instance of this name was not planned{taken}", None, used)


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
    planned, pricer = context.pins[each.name], context.pricer
    if len(now) != len(each.cpus):
        what = f"{counted(len(now), context.noun)} instead of {len(each.cpus)}"
        price = max(pricer.loss({each.name: now}), 0.0)
        yield _deviation(sight, "count", what, price, _concerned(each, now[len(planned) :]))
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
    used = frozenset[int]().union(*{now[i] for i in wrong})
    if shared := [*[_HOST] * bool(used & context.host), *_others(each.name, used, context)]:
        words.append(f"shared with {_some(shared)}")
    counts = Counter(cpus for cpus in now if len(cpus) == 1)
    if double := [cpus for cpus, count in counts.items() if count > 1]:
        words.append(f"{_set(frozenset().union(*double))} given twice")
    concerned = _concerned(each, [used - {*each.cpus}] if sight.vcpus is None else [now[i] for i in wrong])
    yield _deviation(sight, "cpus", "; ".join(words), _price(each.name, now, used, context), concerned)


def _others(name: str, used: frozenset[int], context: _Context) -> list[str]:
    """Other instances and neighbours that use these CPUs."""
    if used not in context.users:  # many that float do so on the same CPUs
        context.users[used] = sorted({context.user[cpu] for cpu in used if cpu in context.user})
    return [each for each in context.users[used] if each != name]


def _price(name: str, now: _Pins, used: frozenset[int], context: _Context) -> float | None:
    """What wrong CPUs cost; None where it is only what the host does on its own, which nobody planned."""
    price = max(context.pricer.loss({name: now}), 0.0)
    return None if price < _NOTHING and used & context.host else price


def _concerned(each: Instance, pins: Iterable[frozenset[int]]) -> Iterable[int]:
    """CPUs that are wrong: of those that say where, else those planned."""
    told = frozenset[int]().union(*(cpus for cpus in pins if len(cpus) <= len(each.cpus)))
    return told or each.cpus


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:_MOST_NAMED])}{' and others' if len(names) > _MOST_NAMED else ''}"


@lru_cache(maxsize=1024)
def _set(cpus: frozenset[int]) -> str:
    return f"CPU {cpu_list(cpus)}"


def _nodes(nodes: frozenset[int] | None) -> str:
    if not nodes:
        return "any node"
    return f"{'node' if len(nodes) == 1 else 'nodes'} {cpu_list(nodes)}"


def _rest(each: Instance, sight: Seen, noun: str) -> Iterator[Deviation]:
    """Counts without pins, and memory; all are about the instance as a whole."""

    def say(kind: str, what: str) -> Deviation:
        return _deviation(sight, kind, what, None, each.cpus)

    if sight.vcpus is None and sight.count is not None and sight.count != len(each.cpus):
        yield say("count", f"{counted(sight.count, noun)} instead of {len(each.cpus)}")
    if sight.count is not None and sight.vcpus is not None and sight.count != len(sight.vcpus):
        yield say("count", f"{counted(sight.count, noun)}, but pins for {len(sight.vcpus)}")
    if sight.nodes is not None and sight.nodes != frozenset(each.nodes):
        yield say("nodes", f"memory from {_nodes(sight.nodes)} instead of {cpu_list(each.nodes)}")
    for cell, nodes in sorted(sight.cells.items()):
        right = frozenset(each.nodes[cell : cell + 1])
        if nodes != right and sight.nodes == frozenset(each.nodes):  # else it is said above
            instead = f" instead of {cpu_list(right)}" if right else ", which is not planned"
            yield say("nodes", f"guest node {cell} from node {cpu_list(nodes) or 'any'}{instead}")
    if sight.policy:
        yield say("nodes", f"memory {sight.policy}, not strict, from {_nodes(sight.nodes)}")
    planned = sum(each.memory_bytes)
    if sight.memory_bytes is not None and abs(sight.memory_bytes - planned) > _MEMORY_TOLERANCE * planned:
        what = f"{sight.memory_bytes >> 20} MiB of memory instead of {planned >> 20}"
        yield say("memory", what)


def _other_threads(each: Instance, sight: Seen, context: _Context) -> Iterator[Deviation]:
    """Emulator and I/O threads not pinned, on others' CPUs, or on its own where the host has CPUs for them.

    A neighbour on the host's CPUs takes nothing that was promised: threads that are there are as planned.
    """
    threads = [("emulator", "emulator threads", sight.emulator)] if sight.emulator is not None else []
    threads += [("io-thread", f"I/O thread {number}", cpus) for number, cpus in sorted(sight.io_threads.items())]
    planned = context.host if context.promise.files == "libvirt" else frozenset[int]()
    for kind, what, cpus in threads:
        hit = _others(each.name, cpus - context.host, context)
        concerned = cpus if cpus < context.all_cpus else each.cpus
        if not cpus:
            yield _deviation(sight, kind, f"{what} not pinned", None, each.cpus)
        elif hit:
            where = _some(hit)
            which = f"on {_set(cpus)} of {where}" if len(cpus) == 1 else f"on CPUs of {where} ({_set(cpus)})"
            yield _deviation(sight, kind, f"{what} {which}", None, concerned)
        elif planned and any(cpu in context.owner for cpu in cpus):
            instead = f"its own vCPUs', instead of {_set(planned)}"
            yield _deviation(sight, kind, f"{what} on {_set(cpus)}, {instead}", None, concerned)
