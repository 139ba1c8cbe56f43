"""Incus (and LXD): one file of limits an instance, for virtual machines.

``limits.cpu`` as a set pins: ``0-3`` or ``0,2``; a number alone is a count, so that one CPU is written ``6-6``.
``limits.cpu.nodes`` names the nodes it may use. Pinned machines get guest nodes from Incus itself.
When not to use it: as containers the same files work without ``--vm``, but one kernel's locks are shared then.
Source: Incus documentation, instance options, resource limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cerberus_plan.model.cpu_list import cpu_list
from cerberus_plan.model.errors import InputError
from cerberus_plan.planner.deploy.deployment import Deployment, Format, Unit
from cerberus_plan.planner.deploy.seen import MOST_BYTES, Seen, cpu_set, digits
from cerberus_plan.planner.deploy.yaml_text import yaml_text

_OPTION = re.compile(r"^ {1,8}(limits\.[a-z.]+):[ \t]*[\"']?([^\"'#\n]*)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)
_SIZE = re.compile(r"([0-9]{1,18})([KMGT]i?B|B|)")
# A key of the user's, which Incus keeps and lists by: what carries it is ours.
_OURS = "user.cerberus-plan"
_POWER = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def _set(cpus: tuple[int, ...]) -> str:
    text = cpu_list(cpus)
    return f"{text}-{text}" if text.isdecimal() else text


def _limits(unit: Unit, deployment: str) -> str:
    return (
        "config:\n"
        f'  limits.cpu: "{_set(unit.cpus)}"\n'
        f'  limits.cpu.nodes: "{cpu_list(unit.place.nodes)}"\n'
        f"  limits.memory: {sum(unit.memory_mib)}MiB\n"
        f"  {_OURS}: {deployment}\n"
    )


def _write(deployment: Deployment) -> dict[str, str]:
    return {f"{unit.name}.yaml": _limits(unit, deployment.name) for unit in deployment.units}


def _apply(deployment: Deployment) -> str:
    first = deployment.units[0].name
    return (
        f'    for f in {deployment.name}-*.yaml; do incus launch IMAGE "${{f%.yaml}}" --vm <"$f"; done\n'
        f"    incus config get {first} limits.cpu\n"
        '    now=$(mktemp -d) && cp -- * "$now"\n'
        f'    for f in {deployment.name}-*.yaml; do incus config show "${{f%.yaml}}" >"$now/$f"; done\n'
        '    cerberus-plan audit "$now"; rm -r -- "$now"\n\n'
        "Machines you have: `incus config set NAME limits.cpu=... limits.cpu.nodes=... limits.memory=...`, while off.\n"
        "Without `--vm` these are containers: they split the address-space lock, and share the kernel's others.\n"
        "LXD takes the same files (`lxc`). `cerberus-plan audit . --live` reads what is in force."
    )


def _undo(deployment: Deployment) -> str:
    return (
        "Machines that were launched from these files, no others of their names:\n\n"
        f"    for m in $(incus list {_OURS}={deployment.name} --format csv --columns n); do\n"
        '        incus delete --force "$m"\n'
        "    done\n\n"
        "This removes them with their disks. Of machines you had before, `incus config unset NAME limits.cpu`\n"
        "and so on takes the limits away."
    )


def _read(folder: Path) -> Iterator[Seen]:
    """Limits of each instance, from our files or from ``incus config show``."""
    for file in sorted(folder.glob("*-*.yaml")):
        options, where = dict(_OPTION.findall(yaml_text(file))), str(file)
        cpus = options.get("limits.cpu", "").strip()
        counted = cpus.isascii() and cpus.isdecimal()
        pinned = frozenset() if counted else cpu_set(cpus, f"{where}: limits.cpu")
        memory = options.get("limits.memory", "").strip()
        yield Seen(
            name=file.stem,
            source=file.name,
            count=digits(cpus, f"{where}: limits.cpu") if counted else len(pinned) or None,
            cpus=pinned,
            quota=_quota(options.get("limits.cpu.allowance", "").strip(), f"{where}: limits.cpu.allowance"),
            nodes=cpu_set(options.get("limits.cpu.nodes", ""), f"{where}: limits.cpu.nodes"),
            memory_bytes=_bytes(memory, f"{where}: limits.memory") if memory else None,
        )


def _quota(text: str, where: str) -> float | None:
    """CPUs of a slice of time such as ``25ms/100ms``; a share (``50%``) limits only where others want the rest."""
    if not text or re.fullmatch(r"[0-9]{1,9}%", text):
        return None
    part = re.fullmatch(r"([0-9]{1,9})ms/([1-9][0-9]{0,8})ms", text)
    if part is None:
        raise InputError(f"{where} = {text[:60]!r} must be a share such as 50% or a slice of time such as 25ms/100ms")
    return int(part[1]) / int(part[2]) or None


def _bytes(text: str, where: str) -> int | None:
    """A size; a share of the host's memory (``10%``) cannot be told here."""
    if text.endswith("%"):
        return None
    size = _SIZE.fullmatch(text)
    if size is None:
        raise InputError(f"{where} = {text[:60]!r} must be a size such as 4096{'MiB'}")
    base = 1024 if "i" in size[2] else 1000
    return min(int(size[1]) * base ** _POWER[size[2].rstrip("iB")], MOST_BYTES)


FORMAT = Format(
    name="incus",
    title="Incus virtual machines",
    systems=("kvm",),
    write=_write,
    read=_read,
    apply=_apply,
    undo=_undo,
    as_a_whole=True,
)
