"""Messages between VMs: a two-level queue in shared memory and an event channel for each pair.

Equations: a remote operation adds one round trip; with targets spread evenly a share (V - 1) / V of them is remote.
A broadcast to all other VMs costs half a round trip at the sender and half at the receiver, and each VM receives
as many as it sends. Crossing chips makes a transfer (1 + d) times dearer; with C chips in use and even targets
(C - 1) / C of the transfers cross.
Assumptions: the sender waits for replies but not for broadcasts' completion; no queueing at the receiver.
When not to use it: when one VM owns what everybody asks for (then its responder is a station).
Source: OS clustering, EuroSys 2011, section 7.2: 10.24 us on one chip, 11.34 us between chips.
"""

from __future__ import annotations

from typing import Any


def remote_share(lib: Any, vms: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Share of evenly spread targets that lie in another VM."""
    return (vms - 1) / vms


def broadcast_time(lib: Any, vms: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time that one broadcast costs sender and receivers together, per VM that broadcasts [s]."""
    return (vms - 1) * round_trip


def distance_factor(lib: Any, active_cores: Any, cores_per_chip: Any, chip_distance: Any) -> Any:
    """Mean cost of a transfer between active cores relative to one on the same chip."""
    chips = lib.maximum(active_cores / cores_per_chip, 1)
    return 1 + chip_distance * (1 - 1 / chips)
