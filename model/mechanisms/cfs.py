"""Clustered file system: each VM owns a partition, others reach it by messages.

Equations: a read in the VM's own partition costs the own read; elsewhere one message there and back more. A listing
asks all other partitions in turn.
Assumptions: owners answer at once (no queue); targets are spread evenly.
When not to use it: when one VM owns what all read: its responder is a station then (``systems.cerberus.owner``).
Source: OS clustering, EuroSys 2011, sections 5.2, 5.3, 6.3 and 7.2 (6.52 us own, 17.81 us remote).
"""

from __future__ import annotations

from typing import Any


def read_time(lib: Any, own: Any, remote_share: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Mean time of a read when a share of the files belongs to other VMs [s]."""
    return own + remote_share * round_trip


def listing_time(lib: Any, own: Any, vms: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time of a directory listing that collects the parts of all VMs [s]."""
    return own * vms + (vms - 1) * round_trip
