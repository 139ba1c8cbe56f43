"""Sockets across VMs: an operation on a card that another VM owns is done there by its responder.

Equation: operation = own + remote_share x round trip. With a card for each VM and servers that bind to their own,
nothing is remote; with one card for V VMs a share (V - 1) / V is.
Assumptions: the responder is idle when asked.
When not to use it: near a saturated responder: it is a station then (``systems.cerberus.owner``).
Source: OS clustering, EuroSys 2011, sections 5.4 and 6.4; Table 2: 44.0 us for four forwarded operations, 22.9 for two.
"""

from __future__ import annotations

from typing import Any


def operation_time(lib: Any, own: Any, remote_share: Any, round_trip: Any) -> Any:  # noqa: ARG001 - all laws take lib
    """Mean time of a socket operation [s]."""
    return own + remote_share * round_trip
