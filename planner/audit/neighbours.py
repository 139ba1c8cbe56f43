"""What else is pinned to CPUs of a deployment: another deployment's instances, and whatever runs on this host.

Rule: a neighbour is who may use some CPUs only, and those are among the deployment's. What may run anywhere (on all
that the first process of the host may use, or more) is no neighbour: the kernel moves it away. Threads count as busy,
as many as have a CPU each of those they may use.
When not to use it: to tell who uses the CPU time; a pinned program that sleeps takes nothing.
Source: proc_pid_cgroup(5), sched_setaffinity(2), cpuset(7).
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cerberus_plan.model.plain import plain, shortened
from cerberus_plan.planner.audit.processes import guest, of_programs, read, threads
from cerberus_plan.planner.audit.promised import Instance, Promise, key_of
from cerberus_plan.planner.deploy.seen import Seen

_INIT = 1
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Somebody else on the host.

    Attributes:
        name: Who, for people.
        source: Where it was found.
        pins: CPUs that each of its busy threads may use.
        memory: Memory that it reserves in NUMA nodes [B].
        deployment: Name of the other deployment that it is an instance of; empty where it is of none.
        twin: Name of the deployment's own instance that it is called like; empty where it is not.
    """

    name: str
    source: str
    pins: tuple[frozenset[int], ...]
    memory: Mapping[int, int] = field(default_factory=dict)
    deployment: str = ""
    twin: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", shortened(plain(self.name, one_line=True), _LONGEST))

    @property
    def cpus(self) -> frozenset[int]:
        """All CPUs that it may use."""
        return frozenset[int]().union(*self.pins)


def of_deployment(
    other: Promise, sights: Sequence[Seen], promise: Promise, *, where: str, reserves: bool
) -> Iterator[Neighbour]:
    """The instances of another deployment, as found, on CPUs of this one.

    Each once: of several sights of one, such as job script and rank file, that with most on this deployment's CPUs.

    Args:
        other: What the other deployment promised.
        sights: What was found of it; what cannot be told from there is as planned.
        promise: This deployment.
        where: Name of the other deployment for people.
        reserves: Its instances keep their memory for themselves, as virtual machines do.
    """
    planned = {each.key: each for each in other.instances}
    own = {each.key: each.name for each in promise.instances}
    taken = {cpu for each in promise.instances for cpu in each.cpus}
    by_name: dict[str, list[Seen]] = {}
    for sight in sights:
        by_name.setdefault(key_of(sight.name), []).append(sight)
    for key, found in by_name.items():
        each = planned.get(key)
        pins, sight = max(
            ((_pins(one, each), one) for one in found), key=lambda told: sum(len(pin & taken) for pin in told[0])
        )
        yield Neighbour(
            name=f"{sight.name} of {where}",
            source=f"{where}: {sight.source}",
            pins=pins,
            memory=dict(zip(each.nodes, each.memory_bytes, strict=False)) if each and reserves else {},
            deployment=where,
            twin=own.get(key, ""),
        )


def _pins(sight: Seen, planned: Instance | None) -> tuple[frozenset[int], ...]:
    """CPUs of each busy thread of another deployment's instance; what cannot be told is as planned."""
    cpus = sight.cpus if sight.cpus is not None else frozenset(planned.cpus if planned else ())
    every = sight.vcpus or (cpus,) * (len(planned.cpus) if planned else len(cpus))
    return tuple(pin for pin in every if pin)


def running(proc: Path, ours: Iterable[int]) -> list[Neighbour]:
    """Everything pinned that runs here.

    Args:
        proc: Where ``/proc`` is.
        ours: Processes of the deployments that are known.
    """
    known = {*ours, os.getpid()}
    anywhere = frozenset[int]().union(*(thread.cpus for thread in threads(proc, _INIT)))
    found: dict[str, list[frozenset[int]]] = defaultdict(list)
    source: dict[str, str] = {}
    for pid in of_programs(proc):
        if pid in known:
            continue
        pins = [cpus for cpus in _busy(proc, pid) if not cpus >= anywhere]
        if pins:
            name = _called(proc, pid)
            found[name] += pins
            source.setdefault(name, f"process {pid}")
    return [Neighbour(name=name, source=source[name], pins=tuple(_with_cpus(pins))) for name, pins in found.items()]


def _busy(proc: Path, pid: int) -> list[frozenset[int]]:
    """CPUs of each thread, of a hypervisor's those that are vCPUs."""
    every = list(threads(proc, pid))
    vcpus = [thread.cpus for thread in every if thread.vcpu is not None]
    return vcpus or [thread.cpus for thread in every]


def _with_cpus(pins: Iterable[frozenset[int]]) -> Iterator[frozenset[int]]:
    """As many of the threads that share a set of CPUs as have one each."""
    for cpus, count in Counter(pins).items():
        yield from [cpus] * min(count, len(cpus))


def _called(proc: Path, pid: int) -> str:
    """A guest's name, a control group other than that of a whole session, or the program's name with its number."""
    name = guest(proc, pid)
    if name:
        return f"guest {name}"
    lines = (read(proc / str(pid) / "cgroup") or "").splitlines()
    paths = {line.split(":", 2)[1]: line.split(":", 2)[2] for line in lines if line.count(":") >= 2}
    group = Path(next((path for kind, path in paths.items() if "cpuset" in kind.split(",")), paths.get("", "/"))).name
    if group and not group.startswith(("session-", "user@", "init.scope")):
        return f"cgroup {group}"
    return f"{(read(proc / str(pid) / 'comm') or '?').strip()} ({pid})"
