"""The catalog machine that comes close to an uncalibrated host: by the processor's model, then by its CPUs.

Close means: the entry's pattern is found in the model name that the kernel tells, the host has as many sockets, and
its CPUs (or the entry's cores, siblings switched off) number within a quarter of the entry's. A virtual machine with a
few CPUs of a large processor comes close to nothing.
When not to use it: instead of calibrating; a match is of one model with another, whatever the firmware's settings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cerberus_plan.model.machine import Machine
    from cerberus_plan.model.topology import Topology

_CLOSE = 0.25
_PATTERN = re.compile(r"^processor = '([^'\n]*)'$", re.MULTILINE)
_CPUINFO = Path("/proc/cpuinfo")


def processor_of_host(path: Path = _CPUINFO) -> str:
    """The model name of the first processor, empty where the system does not tell it."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return ""


def candidates(processor: str, texts: Mapping[str, str]) -> list[str]:
    """Names of the machine files whose pattern is found in the model name; the text decides, nothing is parsed.

    Args:
        processor: Model name.
        texts: Content of each machine file by its name.
    """
    found = []
    for name, text in texts.items():
        pattern = _PATTERN.search(text)
        if pattern is not None and re.search(pattern[1], processor):
            found.append(name)
    return found


def nearest(topology: Topology, machines: Iterable[Machine]) -> Machine | None:
    """The machine with as many sockets and nearly as many CPUs, the nearest first; None when none is close.

    Args:
        topology: Where the host's CPUs are.
        machines: Those whose processor fits.
    """
    sockets = len(set(topology.sockets))
    ranked = []
    for machine in machines:
        counts = (machine.topology.n_cpus, machine.topology.physical_cores)
        off = min(abs(topology.n_cpus / count - 1.0) for count in counts)
        if len(set(machine.topology.sockets)) == sockets and off <= _CLOSE:
            ranked.append((off, machine.name, machine))
    return min(ranked, key=lambda each: each[:2])[2] if ranked else None
