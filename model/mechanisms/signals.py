"""Signals and futex wake-ups within a VM and across VMs.

Equations: within a VM a signal costs sending and delivery; across VMs sending is one message one way, and the
sender goes on while the receiver delivers, so remote = round_trip / 2 + delivery. A futex wake-up of a thread in
another VM adds one message one way to its own cost.
Assumptions: the target is known from the global table of process numbers at no measurable cost.
When not to use it: for signals to many threads at once (they queue at the receiver and are handled in order).
Source: OS clustering, EuroSys 2011, Table 3: 72.3 us there and back within a VM, 45.0 us across, on the AMD machine.
"""

from __future__ import annotations

from typing import Any


def remote_time(lib: Any, delivery: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Time from sending a signal to its handler in another VM [s]."""
    return round_trip / 2 + delivery


def delivery_from_ping_pong(lib: Any, there_and_back: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Delivery time from a measured ping-pong across VMs: two signals, each a message one way and a delivery [s]."""
    return there_and_back / 2 - round_trip / 2


def wake_time(lib: Any, own: Any, remote_share: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Mean time of a futex wake-up [s]."""
    return own + remote_share * round_trip / 2
