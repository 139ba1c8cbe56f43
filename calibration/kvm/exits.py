"""Leave the guest and come back, again and again, without Python in between.

The loop is machine code: an interpreted one would add half a microsecond to exits that can cost one.
Assumptions: x86-64 Linux; the guest does nothing but write to a port.
When not to use it: in a process that must not load numba (import it only where exits are measured).
Source: system call numbers of x86-64 Linux (ioctl is 16); ``struct kvm_run`` in linux/kvm.h.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from cerberus_plan.calibration.harness.atomics import load_word, system_call
from cerberus_plan.calibration.harness.frame import kernel
from cerberus_plan.calibration.kvm import api
from cerberus_plan.calibration.kvm.pinned import involuntary_switches
from cerberus_plan.calibration.kvm.vm import KvmRefusedError

if TYPE_CHECKING:
    from cerberus_plan.calibration.kvm.vm import VirtualCpu

_IOCTL: Final = 16
_INTERRUPTED: Final = -4
_RUN: Final = api.RUN
_EXIT_IO: Final = api.EXIT_IO
_REASON: Final = api.Run.exit_reason.offset


@kernel
def _enter(fd: int, shared: int, exits: int) -> int:
    """Enter the guest until it wrote to a port ``exits`` times; returns how many are left on another exit."""
    left = exits
    while left > 0:
        answer = system_call(_IOCTL, fd, _RUN, 0, 0, 0, 0)
        if answer == _INTERRUPTED:
            continue
        if answer < 0 or load_word(shared + _REASON) != _EXIT_IO:
            return left
        left -= 1
    return 0


def seconds_per_exit(vcpu: VirtualCpu, exits: int) -> tuple[float, int]:
    """Mean time from leaving the guest to leaving it the next time [s], and involuntary switches meanwhile.

    Raises:
        KvmRefusedError: The guest stopped for another reason than its port write.
    """
    _enter(vcpu.fd, vcpu.run_address, 1)  # compilation and first faults are not timed
    switches = involuntary_switches()
    start = time.perf_counter_ns()
    left = _enter(vcpu.fd, vcpu.run_address, exits)
    elapsed_ns = time.perf_counter_ns() - start
    if left:
        raise KvmRefusedError(f"the guest stopped {left} exits early: {vcpu.reason()}")
    return elapsed_ns / exits * 1e-9, involuntary_switches() - switches
