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


def shared_table_faults(lib: Any, pages: Any, vms: Any, pages_per_table: Any) -> Any:
    """Faults of all VMs that touch ``pages`` once, last three table levels shared: one more per table and VM."""
    return pages + (vms - 1) * lib.maximum(pages / pages_per_table, 1)


def collision_share(lib: Any, pages: Any, vms: Any, pages_per_table: Any) -> Any:
    """Largest share of faults whose page table two VMs fill at once, parts being contiguous: the tables at borders."""
    return lib.minimum((vms - 1) * pages_per_table / pages, 1)


def table_set_up_time(lib: Any, tables: Any, vms: Any, cost: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time to represent each shared table page in each further VM, on its first write [s]."""
    return tables * (vms - 1) * cost
