"""Memory of a cluster: what every VM holds again, and how many VMs that leaves room for.

Equation: bytes(V) = shared + V (kernel + replicated): each VM boots a kernel and caches again the files it reads.
Assumptions: the program's own memory is shared and counted once; caches are as large as the files in use.
When not to use it: for time; replication costs memory only, and saves contention.
Source: OS clustering, EuroSys 2011, section 5.3 (a file may be held by several buffer caches).
"""

from __future__ import annotations

from typing import Any


def cluster_bytes(lib: Any, vms: Any, shared: Any, per_vm: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Memory of V VMs [B]."""
    return shared + vms * per_vm


def most_vms(lib: Any, memory: Any, shared: Any, per_vm: Any) -> Any:
    """Most VMs that fit, as a real number, at least 0."""
    return lib.maximum((memory - shared) / per_vm, 0)
