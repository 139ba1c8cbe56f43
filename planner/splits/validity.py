"""Where the exact answer of a split's network is no answer for the split: what product form leaves out, looked for.

Models: two ways in which a plan's network bends (docs/where-the-model-bends.md), with the range in which each matters.

- Onset of collapse of a ticket lock. With hold h, hand-over c and Z seconds elsewhere a congested state appears at
  n_c = 2 sqrt(2 Z / c) - (2 h / c - 1) threads. Around it chance decides, and holds that do not vary are up to a
  quarter faster than the model.
- Messages to other VMs, which others handle in order with time of their own. The model has a free answer; right while
  a receiver is busy below a tenth.

Assumptions: those of the laws; the range is that of the page's simulations. When not to use it: as a correction; ask
`cerberus-plan simulate` for the number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from cerberus_plan.model.digits import percent
from cerberus_plan.model.laws.delay import Delay
from cerberus_plan.model.laws.station import Station
from cerberus_plan.model.laws.ticket_lock import TicketLock
from cerberus_plan.model.structure import Structure
from cerberus_plan.planner.plan import Candidate

# Threads within this share of the onset of collapse are near it.
NEAR = 0.25
# Share of a thread's time at messages from which a receiver is a station: a tenth busy, half a message each way.
BUSY = 0.10
# Delays whose other end is served by another VM.
MESSAGES = frozenset({"messages", "wake-ups"})
# Receivers that the plan has as a station of each VM: exact for their load, short of queueing from here on.
RECEIVERS = frozenset({"broadcast receiver", "listing receiver"})
MOST_RECEIVING = 0.20


def bends(structure: Structure, candidate: Candidate) -> Iterator[str]:
    """A sentence for each way in which the split may not do what its network does.

    Args:
        structure: Its stations under the central values, parameters as numbers.
        candidate: The split, its instances equal.
    """
    threads = candidate.split[0]
    for station in structure.local:
        if isinstance(station, TicketLock):
            onset = onset_of_collapse(station, _elsewhere(structure, station))
            if abs(threads / onset - 1.0) <= NEAR and threads > 2:
                yield (
                    f"{threads} threads are near the onset of collapse of the {station.name} (about {onset:.0f}): "
                    "holds that do not vary would do better; ask `cerberus-plan simulate --holds deterministic`"
                )
    sent, received = (sum(candidate.ledger.get(name, 0.0) for name in names) for names in (MESSAGES, RECEIVERS))
    queued = threads * received
    busy = 0.5 * threads * sent + queued / (1.0 + queued)
    if candidate.vms > 1 and busy > (MOST_RECEIVING if received else BUSY):
        yield (
            f"messages keep the core that receives them in each VM {percent(min(busy, 1.0))} busy: answers queue "
            "there, which the plan leaves out; expect less, and ask `cerberus-plan simulate`"
        )


def onset_of_collapse(lock: TicketLock, elsewhere: float) -> float:
    """Threads at which a ticket lock's congested state appears; infinite without a hand-over."""
    hold, handover = float(lock.hold), float(lock.handover)
    if handover <= 0.0:
        return math.inf
    return max(2.0 * math.sqrt(2.0 * elsewhere / handover) - (2.0 * hold / handover - 1.0), 1.0)


def _elsewhere(structure: Structure, lock: Station) -> float:
    """Time of a cycle at the other stations with nobody else there [s]."""
    others = (station for station in (*structure.local, *structure.shared) if station is not lock)
    return sum(float(s.demand) if isinstance(s, Delay) else float(s.service_times(1)[0]) for s in others)
