"""Second opinion on shadow paging: all times stretch with the active cores, instead of a machine-wide queue.

Models: ``cerberus`` and ``xen_linux_shadow`` with page faults that never queue at the hypervisor; instead every
active core of the machine slows all others (``model.laws.interference``).
Assumptions: the stretch is linear in the active cores. Both structures fit the published histogram runs equally
well; they disagree where nothing was published: few active cores, or VMs of 4 cores on part of the machine.
When not to use it: for dbench-like workloads, whose throughput the stretch would cut threefold from 12 to 48 cores.
Source: OS clustering, EuroSys 2011, Table 7 and section 7.3; form as in Boyd-Wickizer's lock on a busy machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cerberus_plan.model.laws import interference
from cerberus_plan.model.structure import Costs, Structure
from cerberus_plan.model.systems import cerberus, shadow

# Costs of this structure, besides those of ``shadow``: its own values of the first three, and the stretch.
COSTS = ("page_fault_shadow", "shadow_lock_hold", "shadow_lock_handover", "interference")


def law(machine: Costs, operations: Costs, vms: Any, threads: Any) -> Structure:
    """Stations and stretch; ``machine`` must hold ``COSTS`` as fitted to this structure."""
    return Structure(
        local=(*shadow.stations_of_vm(machine, operations), *cerberus.communication(machine, operations, vms)),
        stretch=interference.stretch(np, vms * threads, machine("interference")),
        startup_s=cerberus.startup_s(machine, operations, vms),
    )


def with_costs(machine: Costs, values: Mapping[str, Any]) -> Costs:
    """The machine's costs with this structure's own."""
    return replace(machine, values={**machine.values, **values})
