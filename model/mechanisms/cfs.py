"""Clustered file system: each VM owns a partition, others reach it by messages.

Equations: a read in the VM's own partition costs the own read; elsewhere one message there and back more. A listing
asks all other partitions in turn. A file shared by threads is mapped once (a broadcast to all VMs) and then copied
from memory, so its first use is spread over the uses that follow.
Assumptions: owners answer at once (no queue); targets are spread evenly.
When not to use it: when one VM owns what all read; its responder is then a station.
Source: OS clustering, EuroSys 2011, sections 5.2, 5.3, 6.3 and 7.2 (6.52 us own, 17.81 us remote).
"""

from __future__ import annotations

from typing import Any

from cerberus_plan.model.mechanisms import messages


def read_time(lib: Any, own: Any, remote_share: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Mean time of a read when a share of the files belongs to other VMs [s]."""
    return own + remote_share * round_trip


def listing_time(lib: Any, own: Any, vms: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time of a directory listing that collects the parts of all VMs [s]."""
    return own * vms + (vms - 1) * round_trip


def shared_read_time(lib: Any, copy: Any, uses: Any, vms: Any, round_trip: Any) -> Any:
    """Mean time of one of ``uses`` reads of a shared file: mapped at the first, copied at each [s]."""
    return copy + messages.broadcast_time(lib, vms, round_trip) / uses
