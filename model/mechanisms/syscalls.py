"""Virtualised system calls: what each call costs in a cluster, so that a workload can be written as a mix of calls.

Models: calls that only touch local state are untouched. The others are intercepted (a check of a pointer, 0.05 us
measured, and nothing else while the target is in the same VM) and, when the target is elsewhere, pay by category:

    creation     a remote spawn (``spawn``), at the start of a thread or process
    threads      a message one way to the VM of the target (``signals``)
    memory       a broadcast to all other VMs, drained before the caller's next such call
    network      a message there and back to the owner of the card
    files        a message there and back to the owner of the file; a listing asks every VM

Assumptions: a call's target is spread evenly over VMs unless the mix says otherwise; names are Linux's, with the
variants (``pread64``, ``clone3``) counted as the call they replace.
When not to use it: for calls the source leaves alone (security, real-time signals, debugging, kernel modules).
Source: OS clustering, EuroSys 2011, sections 4.2 and 6.5 and Table 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from cerberus_plan.model import system_calls
from cerberus_plan.model.system_calls import CATEGORY_OF, Category

__all__ = ["CATEGORY_OF", "LISTINGS", "LOCAL_ANSWERS", "SPAWNS", "USUAL_SHARE", "Category", "operations"]


# Answered from the global table of process numbers: intercepted, never sent.
LOCAL_ANSWERS = frozenset((*system_calls.IDENTITY.calls, *system_calls.EXECUTING.calls))
LISTINGS = frozenset(system_calls.LISTINGS.calls)
SPAWNS = frozenset((*system_calls.FORKING.calls, *system_calls.CLONING.calls))

# Share of calls whose target may be in another VM, by category, where the mix does not say: most files are private,
# cards belong to the VM of their server, memory is one address space.
USUAL_SHARE: Mapping[Category, float] = {
    Category.CREATION: 1.0,
    Category.THREADS: 1.0,
    Category.MEMORY: 1.0,
    Category.NETWORK: 0.0,
    Category.FILES: 0.0,
}


def operations(calls: Mapping[str, float], spread: Mapping[Category, float] = USUAL_SHARE) -> dict[str, float]:
    """What a cycle with these calls asks of the cluster, in the vocabulary of workloads.

    Args:
        calls: Calls a cycle by name; calls that are not virtualised are ignored.
        spread: Share of each category's calls that go to a target spread over VMs; 0 keeps them in their VM.

    Returns:
        ``messages`` (calls that are answered from afar when the target is remote), ``wake_ups`` (futex and signals,
        sent one way), ``directory_listings`` (which ask every other
        VM), ``address_space_calls`` and ``spawns``; those that are zero are left out.
    """
    found = {"messages": 0.0, "wake_ups": 0.0, "directory_listings": 0.0, "address_space_calls": 0.0, "spawns": 0.0}
    for name, count in calls.items():
        category = CATEGORY_OF.get(name)
        if category is None or name in LOCAL_ANSWERS:
            continue
        shared = count * spread.get(category, 0.0)
        if name in SPAWNS:
            found["spawns"] += shared
        elif category is Category.MEMORY:
            found["address_space_calls"] += shared
        elif category is Category.THREADS:
            found["wake_ups"] += shared
        else:
            found["directory_listings" if name in LISTINGS else "messages"] += shared
    return {name: count for name, count in found.items() if count > 0.0}
