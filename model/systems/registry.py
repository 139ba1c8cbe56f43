"""All systems by name, in the order they are shown."""

from __future__ import annotations

from model.structure import System
from model.systems.cerberus import CERBERUS
from model.systems.kvm import KVM
from model.systems.linux import LINUX
from model.systems.processes import PROCESSES
from model.systems.xen_linux import XEN_LINUX
from model.systems.xen_linux_shadow import XEN_LINUX_SHADOW

SYSTEMS: dict[str, System] = {
    system.name: system for system in (LINUX, PROCESSES, KVM, XEN_LINUX, XEN_LINUX_SHADOW, CERBERUS)
}
