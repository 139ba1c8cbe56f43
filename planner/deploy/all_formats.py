"""All formats by name, in the order they are shown."""

from __future__ import annotations

from pathlib import Path

from cerberus_plan.planner.deploy.deployment import Format
from cerberus_plan.planner.deploy.formats import (
    cloud_hypervisor,
    compose,
    firecracker,
    incus,
    kubernetes,
    kubevirt,
    libvirt,
    proxmox,
    script,
    slurm,
    systemd,
    xl,
)
from cerberus_plan.planner.deploy.seen import Seen

_MODULES = (
    libvirt, xl, firecracker, cloud_hypervisor, proxmox, incus, systemd, script, slurm, compose, kubernetes, kubevirt,
)  # fmt: skip
FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in _MODULES}


def read_files(form: str, folder: Path) -> list[Seen]:
    """All instances that the files of a format, one of `FORMATS`, in a folder describe.

    Raises:
        InputError: A file cannot be understood; says which and where.
    """
    return list(FORMATS[form].read(folder))
