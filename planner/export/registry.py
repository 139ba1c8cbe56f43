"""All formats by name, in the order they are shown."""

from __future__ import annotations

from planner.export import cloud_hypervisor, compose, firecracker, kubevirt, libvirt, systemd, xl
from planner.export.deployment import Format

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (libvirt, xl, firecracker, cloud_hypervisor, systemd, compose, kubevirt)
}
