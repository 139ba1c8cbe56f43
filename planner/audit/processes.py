"""Processes of the running host as ``/proc`` tells them: their threads, whose children they are, which guest they are.

Everything is read while it changes: what ended meanwhile is left out. Names come from processes and are never trusted:
a thread number of more than four digits is no vCPU's, but a guest's attempt to make us count to it.
When not to use it: for processes of other users where ``/proc`` hides them, which are not seen.
Source: proc_pid_status(5), proc_pid_cmdline(5), proc_pid_environ(5), proc_pid_cgroup(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cerberus_plan.model.cpu_list import parse_cpu_list

# Set by the scripts that start instances for what they start.
INSTANCE = "CERBERUS_INSTANCE"
_VCPU = re.compile(r"(?:CPU ([0-9]{1,4})/(?:KVM|TCG)|fc_vcpu ([0-9]{1,4})|vcpu([0-9]{1,4}))")
_KERNEL = 2  # number of the kernel's thread daemon, the parent of all kernel threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One thread: CPUs and memory nodes it may use, number of the vCPU it is or None."""

    cpus: frozenset[int]
    nodes: frozenset[int]
    vcpu: int | None


def read(path: Path) -> str | None:
    """Content, None where it is gone: processes end and cgroups vanish while we look."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


def numbers(proc: Path) -> list[int]:
    """Numbers of all processes."""
    return sorted(int(folder.name) for folder in proc.glob("[0-9]*"))


def threads(proc: Path, pid: int) -> Iterator[Thread]:
    """The threads of a process that still run."""
    for task in (proc / str(pid) / "task").glob("[0-9]*"):
        fields = dict(line.split(":", 1) for line in (read(task / "status") or "").splitlines() if ":" in line)
        if "Cpus_allowed_list" not in fields:
            continue
        vcpu = _VCPU.fullmatch((read(task / "comm") or fields.get("Name", "")).strip())
        yield Thread(
            cpus=frozenset(parse_cpu_list(fields["Cpus_allowed_list"])),
            nodes=frozenset(parse_cpu_list(fields.get("Mems_allowed_list", ""))),
            vcpu=int(vcpu[1] or vcpu[2] or vcpu[3]) if vcpu else None,
        )


def _parents(proc: Path) -> dict[int, int]:
    """Parent of each process."""
    found = {}
    for pid in numbers(proc):
        parent = re.search(r"^PPid:\s*(\d+)$", read(proc / str(pid) / "status") or "", re.MULTILINE)
        if parent:
            found[pid] = int(parent[1])
    return found


def family(proc: Path, first: int) -> list[int]:
    """A process and all that it started, as far as their parents live: servers fork their workers."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents(proc).items():
        children.setdefault(parent, []).append(pid)
    found = [first]
    for pid in found:
        found += [child for child in children.get(pid, ()) if child not in found]
    return found


def of_programs(proc: Path) -> list[int]:
    """Processes that are not threads of the kernel."""
    return [pid for pid, parent in _parents(proc).items() if _KERNEL not in (pid, parent)]


def guest(proc: Path, pid: int) -> str:
    """Name of the guest that a hypervisor's command line tells; empty where it is none."""
    words = (read(proc / str(pid) / "cmdline") or "").split("\0")
    for word, following in zip(words, [*words[1:], ""], strict=True):
        named = re.match(r"guest=([^,]+)", word)
        if named:
            return named[1]
        if word == "-name" and not following.startswith("guest="):
            return following.partition(",")[0]
        if word == "--id":
            return following
        if word == "--api-socket":
            return Path(following).stem
    return ""


def by_guest(proc: Path, names: Iterable[str]) -> dict[str, list[int]]:
    """Process of each of these guests that runs, the first found."""
    wanted, found = set(names), dict[str, list[int]]()
    for pid in numbers(proc):
        name = guest(proc, pid)
        if name in wanted:
            found.setdefault(name, [pid])
    return found


def by_environment(proc: Path, names: Iterable[str]) -> dict[str, list[int]]:
    """Processes whose environment says which of these instances they are."""
    wanted, found = set(names), dict[str, list[int]]()
    for pid in numbers(proc):
        for setting in (read(proc / str(pid) / "environ") or "").split("\0"):
            key, _, name = setting.partition("=")
            if key == INSTANCE and name in wanted:
                found.setdefault(name, []).append(pid)
                break
    return found
