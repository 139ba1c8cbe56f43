"""What is pinned on the running host: cgroup cpusets, affinity of processes and of their vCPU threads.

An instance is found by the process given for it, by a cgroup named after it (``NAME``, ``NAME.slice``) or after its
container, by a hypervisor's command line that names it, or by ``CERBERUS_INSTANCE`` in the environment of processes.
vCPU threads are told by their names: ``CPU n/KVM``, emulated ``CPU n/TCG`` (QEMU), ``fc_vcpu n`` (Firecracker),
``vcpun`` (Cloud Hypervisor). Without such threads the instance is its processes as a whole. Reads only; both versions
of cgroups.
When not to use it: for Xen, whose guests are not processes of the host.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.audit.containers import PROGRAMS, containers, identity_of
from cerberus_plan.planner.audit.memory_policy import policy_of
from cerberus_plan.planner.audit.processes import by_environment, by_guest, family, read, threads
from cerberus_plan.planner.deploy.seen import Seen

_DEPTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where the host's files are; tests give their own."""

    proc: Path = field(default=Path("/proc"))
    cgroup: Path = field(default=Path("/sys/fs/cgroup"))
    runtimes: tuple[str, ...] = PROGRAMS


def find_live(names: Iterable[str], given: Mapping[str, int], host: Host | None = None) -> list[Seen]:
    """The instances of these names that run here.

    Args:
        names: Names of the planned instances.
        given: Process of an instance, by name, where the user tells it.
        host: Where the host's files are.

    Raises:
        InputError: A process that was given does not exist.
    """
    where = host or Host()
    for name, pid in given.items():
        if not (where.proc / str(pid)).is_dir():
            raise InputError(f"--pid {name}={pid}: there is no such process")
    wanted = set(names)
    groups = _groups(where.cgroup, wanted, containers(wanted - given.keys(), where.runtimes))
    rest = wanted - groups.keys() - given.keys()
    pids = by_guest(where.proc, rest) if rest else {}
    if rest := rest - pids.keys():
        pids |= by_environment(where.proc, rest)
    found = []
    for name in sorted(wanted):
        if name in given:
            found.append(_of_processes(where.proc, name, family(where.proc, given[name]), f"process {given[name]}"))
        elif name in groups:
            found.append(_of_group(where.proc, name, groups[name]))
        elif name in pids:
            found.append(_of_processes(where.proc, name, pids[name], f"process {pids[name][0]}"))
    return found


def _groups(root: Path, names: set[str], identities: Mapping[str, str]) -> dict[str, Path]:
    """Cgroup of each name that has one, or whose container has one, the first found."""
    found: dict[str, Path] = {}
    pending = [(root, 0)]
    while pending:
        folder, depth = pending.pop()
        name = identities.get(identity_of(folder.name)) or folder.name.removesuffix(".slice")
        if name in names and _read_first(folder, ("cpuset.cpus.effective", "cpuset.cpus")) is not None:
            found.setdefault(name, folder)
        if depth < _DEPTH:
            pending += [(child, depth + 1) for child in _children(folder)]
    return found


def _children(folder: Path) -> Iterator[Path]:
    try:
        yield from (entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
    except OSError:
        return


def _read_first(folder: Path, names: Iterable[str]) -> str | None:
    return next((text for name in names if (text := read(folder / name)) is not None), None)


def _of_group(proc: Path, name: str, group: Path) -> Seen:
    cpus = frozenset(parse_cpu_list(_read_first(group, ("cpuset.cpus.effective", "cpuset.cpus")) or ""))
    nodes = _read_first(group, ("cpuset.mems.effective", "cpuset.mems"))
    pids = _members(group)
    if not pids:
        return Seen(
            name=name,
            source=f"cgroup {group}, which holds no process",
            cpus=cpus,
            nodes=None if nodes is None else frozenset(parse_cpu_list(nodes)),
        )
    return replace(_of_processes(proc, name, pids, f"cgroup {group}"), quota=_quota(group))


def _quota(group: Path) -> float | None:
    """CPUs whose time a cgroup may use: ``50000 100000`` microseconds in each period; ``max`` is no limit."""
    spent, _, period = (read(group / "cpu.max") or "").strip().partition(" ")
    told = spent.isascii() and spent.isdigit() and period.isascii() and period.isdigit()
    return int(spent) / int(period) if told and int(period) else None


def _members(group: Path) -> list[int]:
    found = [int(pid) for pid in (read(group / "cgroup.procs") or "").split() if pid.isascii() and pid.isdigit()]
    for child in _children(group):
        found += _members(child)
    return found


def _of_processes(proc: Path, name: str, pids: Iterable[int], source: str) -> Seen:
    """What is in force: affinity is the cgroup's cpuset and the process's own mask together; likewise memory."""
    found = tuple(pids)
    seen = replace(_threads(proc, name, found, source), processes=found)
    policy, nodes = policy_of(proc, found)
    if not policy or seen.nodes is None:
        return seen
    return replace(seen, nodes=nodes & seen.nodes or nodes, policy="" if policy == "bind" else policy)


def _threads(proc: Path, name: str, pids: Iterable[int], source: str) -> Seen:
    every = [thread for pid in pids for thread in threads(proc, pid)]
    vcpus = {thread.vcpu: thread.cpus for thread in every if thread.vcpu is not None}
    others = frozenset[int]().union(*(thread.cpus for thread in every if thread.vcpu is None))
    nodes = frozenset[int]().union(*(thread.nodes for thread in every))
    if vcpus:
        count = max(vcpus) + 1
        return Seen(
            name=name,
            source=source,
            count=count,
            vcpus=tuple(vcpus.get(i, frozenset()) for i in range(count)),
            nodes=nodes,
            emulator=others or None,
        )
    return Seen(name=name, source=source, cpus=others, nodes=nodes)
