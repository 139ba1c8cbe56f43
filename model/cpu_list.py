"""CPU and node lists as Linux, libvirt, Xen, systemd and Docker write them: ``0-3,8``.

When not to use it: for masks of hexadecimal words.
Source: Linux, Documentation/admin-guide/cputopology, list format.
"""

from __future__ import annotations

from collections.abc import Iterable

from cerberus_plan.model.errors import InputError


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
        InputError: It is not such a list.
    """
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        try:
            found.update(range(int(first), int(last or first) + 1))
        except ValueError as error:
            raise InputError(f"{text.strip()!r} is not a list of CPUs such as 0-3,8") from error
    return tuple(sorted(found))
