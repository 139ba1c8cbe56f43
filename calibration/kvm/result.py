"""From raw batches and refusals to quantities: what the KVM probe hands to the profile.

Statistics are computed here, on reading, never in the measuring process: costs are the low quantile of the clean
batches (``calibration.harness.statistics``), the lock comes from ``calibration.kvm.lock``.
Assumptions: kernel-mode guest code is emulated if an instruction costs ten times more there than in user mode
(emulation costs hundreds of times more, native execution the same).
When not to use it: to merge runs of different hosts.
Source: bootstrap and estimator as in ``calibration.harness.statistics``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from cerberus_plan.calibration.harness.runner import ENOUGH_CLEAN
from cerberus_plan.calibration.harness.statistics import LOW_QUANTILE, estimate_batches
from cerberus_plan.calibration.kvm import lock, paging, probes
from cerberus_plan.model.digits import counted
from cerberus_plan.model.quantity import Provenance, Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cerberus_plan.calibration.harness.case import Batch
    from cerberus_plan.calibration.harness.statistics import Estimate
    from cerberus_plan.calibration.kvm.lock import Range
    from cerberus_plan.calibration.kvm.paging import Paging

_EMULATED_FROM, _NATIVE_BELOW = 10.0, 3.0
LOCK: Final = ("kvm_paging_lock_service", "kvm_paging_lock_handover")

# case -> what one operation of it is
MEANING: Final = {
    "kvm_exit_round_trip": "kernel-mode guest port write to user space and back",
    "kvm_exit_round_trip_user": "user-mode guest port write to user space and back",
    "kvm_exit_in_kernel": "user-mode guest cpuid, answered inside the host kernel",
    "kvm_user_instruction": "one register instruction of user-mode guest code",
    "kvm_kernel_instruction": "one register instruction of kernel-mode guest code",
    "kvm_guest_page_fault_resident": "first touch of a page the guest maps and the hypervisor does not yet, "
    "host memory present",
    "kvm_guest_page_fault_not_resident": "the same where the host has to find memory first",
    "kvm_guest_page_fault_handled": "first touch of a page the guest does not map: fault, three-instruction guest "
    "handler, hypervisor fault",
    "kvm_guest_pte_write": "first guest store into a page-table page the hypervisor has translated",
    "kvm_guest_pte_write_again": "next guest store into such a page",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KvmResult:
    """What is known about KVM on this host.

    Attributes:
        quantities: Measured and derived costs by name, SI units.
        samples: Raw batches by case, disturbed ones included.
        paging: How guest memory is translated.
        kernel_mode_emulated: Whether kernel-mode guest code is emulated; None if it could not be compared.
        evidence: Sentences that justify ``paging`` and ``kernel_mode_emulated``.
        missing: Quantities that could not be had, with the reason.
    """

    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    samples: Mapping[str, list[Batch]] = field(default_factory=dict)
    paging: Paging = "unknown"
    kernel_mode_emulated: bool | None = None
    evidence: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


def absent(reason: str) -> KvmResult:
    """The result where nothing could be measured at all."""
    return KvmResult(missing=dict.fromkeys((*MEANING, *LOCK), reason))


def conclude(
    samples: Mapping[str, list[Batch]],
    refusals: Mapping[str, str],
    *,
    counted: Mapping[str, int] | None,
    n_cpus: int,
) -> KvmResult:
    """Turn what the measuring processes said into quantities.

    Args:
        samples: Batches by case.
        refusals: Case -> why it has none, or too few.
        counted: KVM's counters over guest page-table writes, if they could be read.
        n_cpus: CPUs there were to measure with.
    """
    quantities: dict[str, Quantity] = {}
    missing: dict[str, str] = {}
    for case, meaning in MEANING.items():
        batches = samples.get(case, [])
        found = estimate_batches(batches, quantile=LOW_QUANTILE)
        if found is None:
            missing[case] = refusals.get(case) or _too_few(batches)
            continue
        quantities[case] = Quantity(
            value=found.value,
            unit="s",
            low=found.low,
            high=found.high,
            provenance=Provenance.MEASURED,
            source=f"KVM probe: {meaning}; {_basis(found, batches)}",
        )
    _add_lock(quantities, missing, samples, refusals, n_cpus)
    verdict, reasons = paging.decide(counted)
    emulated, why = _emulated(quantities)
    return KvmResult(
        quantities=quantities,
        samples=samples,
        paging=verdict,
        kernel_mode_emulated=emulated,
        evidence=(*reasons, why),
        missing=missing,
    )


def _basis(found: Estimate, batches: list[Batch]) -> str:
    """How many batches a value rests on, and what is doubtful about them."""
    clean = sum(batch.clean for batch in batches)
    text = f"{clean} clean of {found.total} batches"
    if found.disturbed:
        text += ", so disturbed ones count too: stop other jobs and measure again"
    if len(found.modes) > 1:
        text += f"; {len(found.modes)} modes, the commonest is given"
    return text


def _too_few(batches: list[Batch]) -> str:
    few = f"{counted(len(batches), 'batch')} could be taken, at least {ENOUGH_CLEAN} are needed"
    return f"{few}: allow more time and measure again"


def _emulated(quantities: Mapping[str, Quantity]) -> tuple[bool | None, str]:
    user, kernel = (quantities.get(f"kvm_{mode}_instruction") for mode in ("user", "kernel"))
    if user is None or kernel is None or user.value <= 0.0:
        return None, "kernel-mode and user-mode guest code could not be compared"
    ratio = kernel.value / user.value
    text = f"an instruction costs {ratio:.3g} times as much in kernel mode as in user mode"
    if ratio >= _EMULATED_FROM:
        return True, f"{text}: kernel-mode guest code is emulated"
    if ratio < _NATIVE_BELOW:
        return False, f"{text}: both run natively"
    return None, f"{text}: between native (below 3) and emulated (from 10)"


def pairs_of(samples: Mapping[str, list[Batch]]) -> dict[int, NDArray[np.float64]]:
    """Clean pairs of one VM and several VMs by number of vCPUs, each of shape (pairs, 2) [s].

    A round measures as many of both, so the i-th batch of one belongs to the i-th of the other; the last
    may lack its partner where the measuring process was stopped between the two.
    """
    prefix = probes.one_vm(0)[:-1]
    tables = {}
    for case, batches in samples.items():
        if case.startswith(prefix):
            vcpus = int(case.removeprefix(prefix))
            rows = [
                (one.seconds, many.seconds)
                for one, many in zip(batches, samples.get(probes.many_vms(vcpus), []), strict=False)
                if one.clean and many.clean
            ]
            tables[vcpus] = np.array(rows, dtype=float).reshape(-1, 2)
    return tables


def _add_lock(
    quantities: dict[str, Quantity],
    missing: dict[str, str],
    samples: Mapping[str, list[Batch]],
    refusals: Mapping[str, str],
    n_cpus: int,
) -> None:
    service, handover = LOCK
    if n_cpus < 2:
        missing.update(dict.fromkeys(LOCK, "one CPU cannot show contention: at least two are needed"))
        return
    pairs = pairs_of(samples)
    found = lock.estimate(pairs)
    if not found.slowdown:
        refused = next((refusals[case] for case in map(probes.one_vm, probes.widths(n_cpus)) if case in refusals), "")
        few = f"fewer than {lock.ENOUGH_PAIRS} undisturbed pairs: stop other jobs and measure again"
        missing.update(dict.fromkeys(LOCK, refused or few))
        return
    for vcpus, ratio in found.slowdown.items():
        quantities[f"kvm_fault_slowdown_{vcpus}_vcpus"] = _derived(
            ratio, "1", f"faults of one VM with {vcpus} vCPUs over those of {vcpus} VMs, {len(pairs[vcpus])} pairs"
        )
    if found.hold is None:
        missing[service] = "one VM was not slower than several: the lock is held too briefly to show here"
    else:
        bound = "" if found.handover else "; upper bound, with two vCPUs hold and hand-over cannot be told apart"
        quantities[service] = _derived(found.hold, "s", f"per-VM paging lock held for one fault{bound}")
    if found.handover is None:
        missing[handover] = _no_handover(found, n_cpus)
    else:
        quantities[handover] = _derived(found.handover, "s", "passing the per-VM paging lock to a waiter")


def _no_handover(found: lock.Lock, n_cpus: int) -> str:
    if found.hold is None:
        return "no slowdown, so no hand-over to see"
    if n_cpus == 2:
        return "two CPUs show only hold x (hold + 2 hand-over), never saturation: at least three are needed"
    return "too few undisturbed batches with three or more vCPUs to tell it from the hold"


def _derived(found: Range, unit: str, text: str) -> Quantity:
    return Quantity(
        value=found.value,
        unit=unit,
        low=found.low,
        high=found.high,
        provenance=Provenance.DERIVED,
        source=f"KVM probe: {text}",
    )
