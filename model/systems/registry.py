"""All systems by name, in the order they are shown."""

from __future__ import annotations

from cerberus_plan.model.structure import System
from cerberus_plan.model.systems.cerberus import CERBERUS
from cerberus_plan.model.systems.kvm import KVM
from cerberus_plan.model.systems.linux import LINUX
from cerberus_plan.model.systems.processes import PROCESSES
from cerberus_plan.model.systems.xen_linux import XEN_LINUX
from cerberus_plan.model.systems.xen_linux_shadow import XEN_LINUX_SHADOW

SYSTEMS: dict[str, System] = {
    system.name: system for system in (LINUX, PROCESSES, KVM, XEN_LINUX, XEN_LINUX_SHADOW, CERBERUS)
}
