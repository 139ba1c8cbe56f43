"""What host this is: identity, kernel, processor, and what disturbs a measurement right now.

The identity decides whether two measurements may be put into one profile: processor, number of cores allowed,
memory, kernel and hypervisor. The host's name is for people only; containers change it at will.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cerberus_plan.model.errors import CannotAnswerError, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Identity of a host.

    Attributes:
        name: Host name.
        processor: Model name of the processor.
        family: Vendor, family, model and stepping.
        cpus: Cores this process may use.
        memory_bytes: Memory of the machine.
        kernel: System and release.
        hypervisor: Name of the hypervisor if the processor admits one, else "none".
    """

    name: str
    processor: str
    family: str
    cpus: int
    memory_bytes: int
    kernel: str
    hypervisor: str

    def to_record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def differences(self, other: Host) -> list[str]:
        """What makes ``other`` a different host; empty if it is the same one.

        Memory may differ by 2 %: kernels reserve a little more or less from boot to boot.
        """
        found = [
            f"{field}: {getattr(self, field)} / {getattr(other, field)}"
            for field in ("processor", "family", "cpus", "kernel", "hypervisor")
            if getattr(self, field) != getattr(other, field)
        ]
        if abs(self.memory_bytes - other.memory_bytes) > 0.02 * max(self.memory_bytes, other.memory_bytes):
            found.append(f"memory: {self.memory_bytes} / {other.memory_bytes} bytes")
        return found

    def is_same_machine(self, other: Host) -> bool:
        """Whether ``other`` is this hardware, whatever kernel it runs and however many cores it lends."""
        return all(getattr(self, name) == getattr(other, name) for name in ("processor", "family", "hypervisor"))


def require_supported() -> None:
    """Stop where the compiled loops cannot run.

    Raises:
        CannotAnswerError: Not Linux on x86-64.
    """
    machine = platform.machine().lower()
    if not sys.platform.startswith("linux") or machine not in {"x86_64", "amd64"}:
        raise CannotAnswerError(
            f"calibrate measures x86-64 Linux hosts; this is {platform.system()} on {platform.machine()}. "
            "Plan with a shipped machine (--machine), or measure on the target host and copy its profile here"
        )


def allowed_cpus() -> tuple[int, ...]:
    """The cores this process may run on: its affinity mask, which containers restrict."""
    return tuple(sorted(os.sched_getaffinity(0)))


def affinity(pid: int) -> tuple[int, ...]:
    """CPUs that another process may use.

    Raises:
        InputError: There is no such process.
    """
    try:
        return tuple(sorted(os.sched_getaffinity(pid)))
    except ProcessLookupError as error:
        raise InputError(f"there is no process {pid}") from error


def _cpuinfo(path: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """The fields of the first processor."""
    fields: dict[str, str] = {}
    for line in path.read_text(errors="replace").splitlines():
        if not line.strip():
            break
        key, _, value = line.partition(":")
        fields[key.strip()] = value.strip()
    return fields


def _memory_bytes(path: Path = Path("/proc/meminfo")) -> int:
    for line in path.read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def _hypervisor(info: dict[str, str]) -> str:
    """Name where the system tells it; the processor flag says only that there is one."""
    if "hypervisor" not in info.get("flags", "").split():
        return "none"
    for path in (Path("/sys/hypervisor/type"), Path("/sys/class/dmi/id/sys_vendor")):
        try:
            if text := path.read_text().strip():
                return text
        except OSError:
            continue
    return "unnamed"


def this_host() -> Host:
    """The host this process runs on."""
    info = _cpuinfo()
    keys = ("vendor_id", "cpu family", "model", "stepping")
    return Host(
        name=platform.node() or "localhost",
        processor=info.get("model name", platform.processor() or "unknown"),
        family=" ".join(info.get(key, "?") for key in keys),
        cpus=len(allowed_cpus()),
        memory_bytes=_memory_bytes(),
        kernel=f"{platform.system()} {platform.release()}",
        hypervisor=_hypervisor(info),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """What else the machine was doing, read before and after a measurement.

    Attributes:
        load: Runnable tasks, one-minute average.
        steal_ticks: Ticks in which the hypervisor ran somebody else.
        total_ticks: All ticks of all cores.
    """

    load: float
    steal_ticks: int
    total_ticks: int


def disturbance(path: Path = Path("/proc/stat")) -> Disturbance:
    """The state of the machine now."""
    fields = [int(text) for text in path.read_text().split("\n", 1)[0].split()[1:9]]
    return Disturbance(
        load=os.getloadavg()[0],
        steal_ticks=fields[7] if len(fields) > 7 else 0,
        total_ticks=sum(fields),
    )
