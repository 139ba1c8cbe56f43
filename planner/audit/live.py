"""What is pinned on the running host: cgroup cpusets, affinity of processes and of their vCPU threads.

An instance is found by the process given for it, by a cgroup named after it (``NAME``, ``NAME.slice``) or after its
container, or by a hypervisor's command line that names it. vCPU threads are told by their names: ``CPU n/KVM``,
emulated ``CPU n/TCG`` (QEMU), ``fc_vcpu n`` (Firecracker), ``vcpun`` (Cloud Hypervisor). Without such threads the
instance is its process as a whole. Reads only; both versions of cgroups.
When not to use it: for Xen, whose guests are not processes of the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.audit.containers import PROGRAMS, containers, identity_of
from cerberus_plan.planner.audit.memory_policy import policy_of
from cerberus_plan.planner.deploy.seen import Seen

# A thread names itself: a number of more digits is no vCPU's, but a guest's attempt to make us count to it.
_VCPU = re.compile(r"(?:CPU ([0-9]{1,4})/(?:KVM|TCG)|fc_vcpu ([0-9]{1,4})|vcpu([0-9]{1,4}))")
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
    commands = _commands(where.proc, wanted) if wanted - groups.keys() - given.keys() else {}
    found = []
    for name in sorted(wanted):
        if name in given:
            found.append(_of_processes(where.proc, name, _family(where.proc, given[name]), f"process {given[name]}"))
        elif name in groups:
            found.append(_of_group(where.proc, name, groups[name]))
        elif name in commands:
            found.append(_of_processes(where.proc, name, [commands[name]], f"process {commands[name]}"))
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


def _read(path: Path) -> str | None:
    """Content, None where it is gone: processes end and cgroups vanish while we look."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


def _read_first(folder: Path, names: Iterable[str]) -> str | None:
    return next((text for name in names if (text := _read(folder / name)) is not None), None)


def _commands(proc: Path, names: set[str]) -> dict[str, int]:
    """Process of each name that a hypervisor's command line tells."""
    found: dict[str, int] = {}
    for folder in proc.glob("[0-9]*"):
        words = (_read(folder / "cmdline") or "").split("\0")
        for i, word in enumerate(words):
            guest = re.match(r"guest=([^,]+)", word)
            if guest:
                name = guest[1]
            elif word == "-name" and i + 1 < len(words):
                name = words[i + 1].partition(",")[0]
            elif word == "--id" and i + 1 < len(words):
                name = words[i + 1]
            elif word == "--api-socket" and i + 1 < len(words):
                name = Path(words[i + 1]).stem
            else:
                continue
            if name in names:
                found.setdefault(name, int(folder.name))
    return found


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
    return _of_processes(proc, name, pids, f"cgroup {group}")


def _members(group: Path) -> list[int]:
    found = [int(pid) for pid in (_read(group / "cgroup.procs") or "").split() if pid.isascii() and pid.isdigit()]
    for child in _children(group):
        found += _members(child)
    return found


def _family(proc: Path, first: int) -> list[int]:
    """A process and all that it started, as far as their parents live: servers fork their workers."""
    children: dict[int, list[int]] = {}
    for folder in proc.glob("[0-9]*"):
        parent = re.search(r"^PPid:\s*(\d+)$", _read(folder / "status") or "", re.MULTILINE)
        if parent:
            children.setdefault(int(parent[1]), []).append(int(folder.name))
    found = [first]
    for pid in found:
        found += [child for child in children.get(pid, ()) if child not in found]
    return found


def _of_processes(proc: Path, name: str, pids: Iterable[int], source: str) -> Seen:
    """What is in force: affinity is the cgroup's cpuset and the process's own mask together; likewise memory."""
    found = list(pids)
    seen = _threads(proc, name, found, source)
    policy, nodes = policy_of(proc, found)
    if not policy or seen.nodes is None:
        return seen
    return replace(seen, nodes=nodes & seen.nodes or nodes, policy="" if policy == "bind" else policy)


def _threads(proc: Path, name: str, pids: Iterable[int], source: str) -> Seen:
    vcpus: dict[int, frozenset[int]] = {}
    others: set[int] = set()
    nodes: set[int] = set()
    for pid in pids:
        for task in (proc / str(pid) / "task").glob("[0-9]*"):
            fields = dict(line.split(":", 1) for line in (_read(task / "status") or "").splitlines() if ":" in line)
            if "Cpus_allowed_list" not in fields:
                continue
            cpus = frozenset(parse_cpu_list(fields["Cpus_allowed_list"]))
            nodes |= set(parse_cpu_list(fields.get("Mems_allowed_list", "")))
            vcpu = _VCPU.fullmatch((_read(task / "comm") or fields.get("Name", "")).strip())
            if vcpu:
                vcpus[int(vcpu[1] or vcpu[2] or vcpu[3] or 0)] = cpus
            else:
                others |= cpus
    if vcpus:
        count = max(vcpus) + 1
        return Seen(
            name=name,
            source=source,
            count=count,
            vcpus=tuple(vcpus.get(i, frozenset()) for i in range(count)),
            nodes=frozenset(nodes),
            emulator=frozenset(others) or None,
        )
    return Seen(name=name, source=source, cpus=frozenset(others), nodes=frozenset(nodes))
