"""Placement probe: how far apart are the cores of a batch at this very moment?

A hypervisor moves virtual cores between physical ones without telling; the same pair then costs 50, 100 or
500 ns. A short cache-line ping-pong before and after each two-role batch shows it, so that batches taken in
different placements are kept apart instead of being averaged.
"""

from __future__ import annotations

from cerberus_plan.calibration.harness.atomics import load, pause, store
from cerberus_plan.calibration.harness.frame import finish, kernel, start

#: Round trips of a probe: about 0.02 to 0.1 ms.
PROBE_ROUNDS = 200


@kernel
def line_ping_pong(frame: int, role: int, count: int, area: int) -> int:
    """Two roles hand one cache line back and forth: even turns are role 0's, odd ones role 1's."""
    if role == 0:
        store(area, 0)
    start(frame, role)
    for i in range(count):
        mine = 2 * i + role
        while load(area) != mine:
            pause()
        store(area, mine + 1)
    if role == 0:  # the round trip ends when the answer is back
        while load(area) != 2 * count:
            pause()
    return finish(frame, role, count)
