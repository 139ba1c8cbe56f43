"""CPU and node lists as Linux, libvirt, Xen, systemd and Docker write them: ``0-3,8``.

When not to use it: for masks of hexadecimal words.
Source: Linux, Documentation/admin-guide/cputopology, list format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown

# Numbers of CPUs and nodes are below this: Linux counts to 8192.
MOST_CPUS = 2**16
_PART = re.compile(r"\s*([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?\s*", re.ASCII)


def cpu_list(cpus: Iterable[int]) -> str:
    """The shortest list, ascending: ``0-3,8``; empty for no CPU."""
    runs: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """CPU numbers of a kernel list such as ``0-3,8,10-11``.

    Raises:
        InputError: It is not such a list, a range runs backwards, or a number is above those of any machine.
    """
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        match = _PART.fullmatch(part)
        if match is None:
            raise InputError(f"{shown(text.strip())} is not a list of CPUs such as 0-3,8")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < MOST_CPUS:
            raise InputError(f"{shown(part.strip())} is no range of numbers from 0 to {MOST_CPUS - 1}, the first lower")
        found.update(range(first, last + 1))
    return tuple(sorted(found))
