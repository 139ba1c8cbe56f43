"""CPU and node lists as Linux, libvirt, Xen, systemd and Docker write them: ``0-3,8``.

``lscpu`` and ``taskset`` also write every second CPU as ``0-62:2``, which the others do not take.
When not to use it: for masks of hexadecimal words.
Source: Linux, Documentation/admin-guide/cputopology, list format; taskset(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown

# Numbers of CPUs and nodes are below this: Linux counts to 8192.
MOST_CPUS = 2**16
_PART = re.compile(r"\s*([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?\s*", re.ASCII)
_STRIDE = re.compile(r"(.*-[^:]*):([1-9][0-9]{0,4})\s*", re.ASCII | re.DOTALL)


def cpu_list(cpus: Iterable[int]) -> str:
    """The shortest list, ascending: ``0-3,8``; empty for no CPU."""
    runs: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def parse_cpu_list(text: str, *, strides: bool = False) -> tuple[int, ...]:
    """CPU numbers of a kernel list such as ``0-3,8,10-11``.

    Args:
        text: The list.
        strides: Whether a range may have a stride, ``0-62:2``.

    Raises:
        InputError: It is not such a list, a range runs backwards, or a number is above those of any machine.
    """
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        stride = _STRIDE.fullmatch(part) if strides else None
        match = _PART.fullmatch(part if stride is None else stride[1])
        if match is None:
            raise InputError(f"{shown(text.strip())} is not a list of CPUs such as 0-3,8")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last < MOST_CPUS:
            raise InputError(f"{shown(part.strip())} is no range of numbers from 0 to {MOST_CPUS - 1}, the first lower")
        found.update(range(first, last + 1, 1 if stride is None else int(stride[2])))
    return tuple(sorted(found))
