"""Where the kernel takes a process's memory from: the policy of the mappings that hold most of its pages.

``numactl --membind`` and hypervisors bind memory by policy, which the nodes allowed (``Mems_allowed``) do not show.
Rule: pages are summed by policy, those of files left out; the policy with most of them is the process's.
When not to use it: for processes of other users, whose maps may not be read: nothing is told then.
Source: numa(7) on ``/proc/PID/numa_maps``; mempolicy names in set_mempolicy(2).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import parse_cpu_list
from cerberus_plan.model.errors import InputError

_LINE = re.compile(r"[0-9a-f]+ (\S+)(?: .*)?")
_PAGES = re.compile(r" N[0-9]{1,4}=([0-9]{1,15})")
_SIZE = re.compile(r" kernelpagesize_kB=([0-9]{1,9})")
# As the kernel writes them; modes such as ``=static`` and ``=relative`` stand between name and nodes.
_POLICY = re.compile(r"(bind|prefer|prefer \(many\)|interleave|weighted interleave)(?:=[a-z|]+)?:([0-9,-]+)")
_NAMES = {"prefer": "preferred"}


def policy_of(proc: Path, pids: Iterable[int]) -> tuple[str, frozenset[int]]:
    """Name of the policy (``bind``, ``preferred``, ``interleave``) and its nodes; empty where there is none."""
    size: Counter[str] = Counter()
    for pid in pids:
        for policy, kib in _mappings(proc / str(pid) / "numa_maps"):
            size[policy] += kib
    if not size:
        return "", frozenset()
    found = _POLICY.fullmatch(size.most_common(1)[0][0])
    if found is None:
        return "", frozenset()
    return _NAMES.get(found[1], found[1]), frozenset(parse_cpu_list(found[2]))


def _mappings(file: Path) -> list[tuple[str, int]]:
    """Policy and size [KiB] of each mapping that holds pages of its own."""
    try:
        text = read_text(file)
    except InputError:  # gone, another user's, or a kernel thread's, which is empty
        return []
    found = []
    for line in text.splitlines():
        policy = _LINE.fullmatch(line)
        if policy is None or (" file=" in line and " anon=" not in line):
            continue
        kib = _SIZE.search(line)
        found.append((policy[1], sum(map(int, _PAGES.findall(line))) * int(kib[1] if kib else 4)))
    return found
