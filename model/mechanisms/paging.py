"""Paging in a virtual machine: what a page fault costs, and what all VMs share in the hypervisor.

Equations: one operation takes the machine-wide hypervisor station for
cost x (1 + per_core (m - 1)): a change of translations is flushed to each of the m cores of the VM. (Its data move
between all chips in use: ``messages.distance_factor`` stretches it.)
Assumptions: one station for the whole hypervisor; flushes are serial; product form.
When not to use it: with nested paging, where most faults never leave the guest.
Source: OS clustering, EuroSys 2011, Table 7 (dbench: 471, 554, 785 us per MB at 2, 4, 8 cores per VM: almost linear).
"""

from __future__ import annotations

from typing import Any


def hypervisor_time(lib: Any, cost: Any, threads: Any, per_core: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time that one operation needs of the machine-wide hypervisor station [s]."""
    return cost * (1 + per_core * (threads - 1))
