"""systemd slices: one cgroup cpuset an instance (AllowedCPUs, AllowedMemoryNodes).

A slice holds all threads of one process or service on its CPUs; the kernel places threads inside it.
Lists are separated by blanks or commas, in quotes or not, and may go on over several lines.
Source: systemd.resource-control(5), systemd.syntax(7); slice names nest at each ``-``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.calibration.store import decode
from cerberus_plan.calibration.store.files import read_text
from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.planner.deploy.deployment import Deployment, Format
from cerberus_plan.planner.deploy.seen import Seen, amount, cpu_set
from cerberus_plan.planner.deploy.systemd_scripts import MARK, scripts


def _slice(description: str, cpus: str, nodes: str) -> str:
    return f"{MARK}\n[Unit]\nDescription={description}\n\n[Slice]\nAllowedCPUs={cpus}\nAllowedMemoryNodes={nodes}\n"


def _write(deployment: Deployment) -> dict[str, str]:
    nodes = {node for unit in deployment.units for node in unit.place.nodes}
    files = {
        f"{deployment.name}.slice": _slice(
            f"All instances of {deployment.name}", cpu_list(deployment.instance_cpus), cpu_list(nodes)
        )
    }
    for unit in deployment.units:
        files[f"{unit.name}.slice"] = _slice(f"Instance {unit.name}", cpu_list(unit.cpus), cpu_list(unit.place.nodes))
    return files | scripts(deployment)


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0].name
    text = (
        "    sudo sh apply.sh\n"
        f"    sudo systemd-run --slice={first}.slice --unit={first} YOUR COMMAND\n\n"
        "and so on, one command a slice; or `Slice=` in the [Service] section of units you have. Give each instance\n"
        "as many worker threads as its slice has CPUs. Check with `cerberus-plan audit . --live`, or\n\n"
        f"    cat /sys/fs/cgroup/{deployment.name}.slice/{first}.slice/cpuset.cpus.effective"
    )
    if deployment.host_cpus:
        text += (
            "\n\nUntil the next boot `system.slice` and `user.slice` are kept on CPUs "
            f"{cpu_list(deployment.host_cpus)}; what they were allowed before is recorded in `/run/cerberus-plan`."
        )
    return text


def _undo(deployment: Deployment) -> str:  # noqa: ARG001 - the format's signature
    return (
        "    sudo sh undo.sh\n\n"
        "This ends what runs in the slices, and gives `system.slice` and `user.slice` what they were allowed before.\n"
        "Settings of yours stay."
    )


def _read(folder: Path) -> Iterator[Seen]:
    """Slices with their drop-ins (``NAME.slice.d/*.conf``), which are read after them by name."""
    for file in sorted(folder.glob("*-*.slice")):
        lines: list[str] = []
        for part in (file, *sorted((folder / f"{file.name}.d").glob("*.conf"))):
            lines += _settings(read_text(part))
        yield Seen(
            name=file.stem,
            source=file.name,
            cpus=cpu_set(_value(lines, "AllowedCPUs"), f"{file}: AllowedCPUs"),
            nodes=cpu_set(_value(lines, "AllowedMemoryNodes"), f"{file}: AllowedMemoryNodes"),
            quota=_quota(_value(lines, "CPUQuota"), f"{file}: CPUQuota"),
        )


def _quota(text: str, where: str) -> float | None:
    """CPUs of a share such as ``150%``, the last that is given; None where there is no limit."""
    words = text.split()
    if not words:
        return None
    if not words[-1].endswith("%"):
        decode.refuse(words[-1], where, "a share of one CPU's time such as 150%")
    return amount(words[-1].removesuffix("%"), where, what="a share of one CPU's time such as 150%") / 100


def _settings(text: str) -> list[str]:
    """Settings of the [Slice] section, a line each: comments go, continued lines are joined.

    systemd ignores what stands elsewhere in the file of a slice, with no more than a line in its journal.
    """
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", ";")))
    found, section = [], ""
    for line in kept.replace("\\\n", " ").splitlines():
        if line.strip().startswith("["):
            section = line.strip()
        elif section == "[Slice]":
            found.append(line.strip())
    return found


def _value(lines: list[str], name: str) -> str:
    """All lines of a list setting together; an empty one begins it anew."""
    parts: list[str] = []
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and key.strip() == name:
            parts = [*parts, value.strip()] if value.strip() else []
    return re.sub("[\"']", "", " ".join(parts))


FORMAT = Format(
    name="systemd",
    title="systemd slices",
    systems=("processes", "linux"),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    as_a_whole=True,
)
