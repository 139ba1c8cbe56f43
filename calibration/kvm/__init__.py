"""What KVM costs on this host: exits, guest page faults, page-table writes, the per-VM paging lock.

    probe(quick=True).quantities["kvm_exit_round_trip"]

Measured with a guest of a few instructions and no image, in a separate process with a deadline. Where /dev/kvm is
absent or refuses, the result says why each quantity is missing; nothing is raised.
Assumptions: x86-64 Linux. When not to use it: for the cost of a real guest kernel's own work.
Source: docs/kvm.md.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from cerberus_plan.calibration.kvm.costs import model_costs
from cerberus_plan.calibration.kvm.result import KvmResult, absent, conclude
from cerberus_plan.calibration.kvm.vm import Kvm, KvmRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cerberus_plan.calibration.harness.case import Batch

__all__ = ["KvmResult", "model_costs", "probe"]

# quick or not -> (processes, rounds in each, time for everything [s])
_EFFORT: Final = {True: (4, 4, 30.0), False: (6, 20, 120.0)}
# The longest step is compiling the exit loop on a loaded host; no batch takes a tenth of this.
_SILENCE_S: Final = 10.0
_MOST_FAILURES: Final = 6


def probe(quick: bool) -> KvmResult:
    """Measure what KVM costs here.

    Args:
        quick: a few seconds instead of half a minute.

    Returns:
        Quantities with interval and source, raw batches, and a reason for everything that is missing.
    """
    try:
        with Kvm():
            pass
    except KvmRefusedError as error:
        return absent(str(error))
    return _measured(quick=quick)


def _measured(*, quick: bool) -> KvmResult:
    # Imported here: only a host with KVM needs them.
    from cerberus_plan.calibration.kvm.probes import phases
    from cerberus_plan.calibration.kvm.supervise import Heard, listen

    processes, rounds, limit_s = _EFFORT[quick]
    deadline = time.monotonic() + limit_s
    heard = Heard()
    done = failed = 0
    while done < processes and failed < _MOST_FAILURES and time.monotonic() < deadline:
        listen(heard, rounds=rounds, process=done + failed, silence_s=_SILENCE_S, deadline=deadline)
        done, failed = (done + 1, failed) if heard.ended else (done, failed + 1)
    n_cpus = len(os.sched_getaffinity(0))
    general = heard.refusals.get("start", "")
    refusals = {
        case: heard.refusals.get(phase) or general for phase, (_, cases) in phases(n_cpus).items() for case in cases
    }
    return conclude(_by_case(heard.batches), refusals, counted=heard.counted, n_cpus=n_cpus)


def _by_case(batches: list[Batch]) -> Mapping[str, list[Batch]]:
    samples: dict[str, list[Batch]] = {}
    for batch in batches:
        samples.setdefault(batch.case, []).append(batch)
    return samples
