"""What is measured in a guest: one function a phase, each returning the batches of one round.

    fault      first touch of a page that the guest's tables map and the hypervisor's do not yet
    handled    first touch of a page the guest's tables do not map: fault into the guest, handler, fault again
    PTE write  first store into a page-table page that the hypervisor has translated, and the next one
    exit       port write, answered by this process; cpuid, answered inside the kernel
    lock       the same faults on n vCPUs at once: of one VM, and of n VMs with one vCPU each

Every batch is a fresh VM (1.5 ms), so that the hypervisor's tables start empty. Costs are net of the same loop
on a page that is already there, except exits and PTE writes, which are gross (the loop costs about 1 ns).
Assumptions: user mode unless a name says kernel, since some hypervisors emulate kernel-mode guest code.
When not to use it: to compare hypervisors by their exits under load; the guest is alone and hot.
Source: the measured events follow the exits of Linux Documentation/virt/kvm/x86/mmu.rst.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.kvm import counters, guest, programs
from cerberus_plan.calibration.kvm.booted_guest import Log, Session, Task
from cerberus_plan.calibration.kvm.pagetables import PAGE, TABLE_SPAN
from cerberus_plan.calibration.kvm.pinned import on_cpus
from cerberus_plan.calibration.kvm.vm import HostMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from cerberus_plan.calibration.kvm.vm import Kvm

_EXITS: Final = 50
_USER_LOOPS, _KERNEL_LOOPS = 1_000_000, 500
_INSTRUCTIONS_PER_LOOP: Final = 2
_CPUIDS: Final = 200
# About a millisecond of faults: below a scheduler slice, above the noise of one stamp.
_PAGES: Final = 256
# Contention is a small difference of noisy times, so each round takes several pairs of it.
_PAIRS: Final = 4
_TABLES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """What a phase works with: the device, and the CPUs this process may use (one vCPU each)."""

    kvm: Kvm
    cpus: tuple[int, ...]


def _batch(case: str, *, seconds: float, count: int, switches: int, parties: int = 1) -> Batch:
    return Batch(
        case=case,
        round=0,
        count=count,
        seconds=seconds,
        wall_s=seconds * count,
        operations=(count,) * parties,
        switches=switches,
    )


def _loop(lab: Lab, *, case: str, program: bytes, count: int, user: bool, per: int = 1) -> list[Batch]:
    with Session(lab.kvm, guest.Layout(pages=1), program, user=user) as session:
        session.run(0, Task(count=2), stamps=2)
        task = Task(count=count)
        (log,) = on_cpus(lab.cpus[:1], [lambda: session.run(0, task, stamps=2)])
    return [_batch(case, seconds=log.stamps[-1] / (count * per), count=count * per, switches=log.switches)]


def _exits(lab: Lab, *, case: str, user: bool) -> list[Batch]:
    # Imported here because it loads numba, which no other phase needs.
    from cerberus_plan.calibration.kvm.exits import seconds_per_exit

    with Session(lab.kvm, guest.Layout(pages=1), programs.EXIT_LOOP, user=user) as session:
        session.prepare(0, Task())
        ((seconds, switches),) = on_cpus(lab.cpus[:1], [lambda: seconds_per_exit(session.vcpus[0], _EXITS)])
    return [_batch(case, seconds=seconds, count=_EXITS, switches=switches)]


def _touched(session: Session, vcpu: int, parties: int) -> tuple[Log, float]:
    """Log of the first touches, and the cost of the loop itself per touch [s]."""
    layout, n = session.layout, session.layout.pages
    baseline = session.run(vcpu, Task(count=n))
    task = Task(
        address=layout.virtual(vcpu, 0),
        stride=layout.stride,
        count=n,
        parties=parties,
        entry=session.entry(vcpu, 0),
        entry_value=guest.entry_value(layout.frame(vcpu, 0)),
    )
    # The baseline's first touches fault the log in, so its usual step is the median one.
    return session.run(vcpu, task), float(np.median(np.diff(baseline.stamps)))


def _faults(lab: Lab, *, case: str, present: bool = True, resident: bool = True) -> list[Batch]:
    layout = guest.Layout(pages=_PAGES, present=present)
    with Session(lab.kvm, layout, programs.TOUCH, resident=resident) as session:
        ((log, loop),) = on_cpus(lab.cpus[:1], [lambda: _touched(session, 0, 1)])
    seconds = log.stamps[-1] / layout.pages - loop
    return [_batch(case, seconds=seconds, count=layout.pages, switches=log.switches)]


def seconds_each(stamps: Sequence[NDArray[np.float64]]) -> float:
    """Time per touch and vCPU while all of them were still working [s].

    Args:
        stamps: for each vCPU its time stamps since the common start [s]; the first is 0.
    """
    end = min(float(each[-1]) for each in stamps)
    done = sum(int(np.searchsorted(each, end, side="right")) - 1 for each in stamps)
    return end * len(stamps) / done


def _together(lab: Lab, sessions: Sequence[Session], *, case: str) -> Batch:
    pairs = [(session, vcpu) for session in sessions for vcpu in range(session.layout.vcpus)]
    n = len(pairs)
    work = [partial(_touched, session, vcpu, n) for session, vcpu in pairs]
    found = on_cpus(lab.cpus[:n], work)
    loop = float(np.mean([loop for _, loop in found]))
    seconds = seconds_each([log.stamps for log, _ in found]) - loop
    switches = sum(log.switches for log, _ in found)
    return _batch(case, seconds=seconds, count=sessions[0].layout.pages, switches=switches, parties=n)


def _contended(lab: Lab, *, vcpus: int) -> list[Batch]:
    batches = []
    for pair in range(_PAIRS):
        # Alternate who goes first, so that neither always finds the caches the other one left.
        order = (_in_one_vm, _in_many_vms) if pair % 2 == 0 else (_in_many_vms, _in_one_vm)
        batches += [measure(lab, vcpus) for measure in order]
    return batches


def _in_one_vm(lab: Lab, vcpus: int) -> Batch:
    layout = guest.Layout(vcpus=vcpus, pages=_PAGES)
    with Session(lab.kvm, layout, programs.TOUCH) as session:
        return _together(lab, [session], case=one_vm(vcpus))


def _in_many_vms(lab: Lab, vcpus: int) -> Batch:
    layout = guest.Layout(pages=_PAGES)
    with contextlib.ExitStack() as stack:
        barrier = stack.enter_context(HostMemory(PAGE))
        sessions = [
            stack.enter_context(Session(lab.kvm, layout, programs.TOUCH, barrier=barrier)) for _ in range(vcpus)
        ]
        return _together(lab, sessions, case=many_vms(vcpus))


def _table_writes(session: Session) -> list[Log]:
    """Store twice into each of many page-table pages that the hypervisor has translated."""
    layout = session.layout
    session.run(0, Task(count=1), stamps=2)
    session.run(0, Task(address=layout.virtual(0, 0), stride=layout.stride, count=_TABLES), stamps=2)
    value = guest.entry_value(layout.frame(0, layout.pages))
    entries = [session.entry(0, 0) + 8 * unused for unused in (1, 2)]
    return [session.run(0, Task(address=entry, stride=PAGE, value=value, count=_TABLES), stamps=2) for entry in entries]


def _table_session(lab: Lab) -> Session:
    # One measured page a table: the tables lie one page apart, in the order they were made.
    return Session(lab.kvm, guest.Layout(pages=_TABLES, stride=TABLE_SPAN), programs.STORE_LOOP)


def _pte_writes(lab: Lab) -> list[Batch]:
    with _table_session(lab) as session:
        (logs,) = on_cpus(lab.cpus[:1], [lambda: _table_writes(session)])
    return [
        _batch(case, seconds=log.stamps[-1] / _TABLES, count=_TABLES, switches=log.switches)
        for case, log in zip(("kvm_guest_pte_write", "kvm_guest_pte_write_again"), logs, strict=True)
    ]


def count_page_table_events(lab: Lab) -> dict[str, int]:
    """What KVM counted for a VM that wrote to its own page tables.

    Raises:
        KvmRefusedError: The kernel has no counters, or the guest did not run.
    """
    with _table_session(lab) as session:
        before = counters.read(lab.kvm, session.machine.fd)
        _table_writes(session)
        after = counters.read(lab.kvm, session.machine.fd)
    return {name: after[name] - before[name] for name in after}


def one_vm(vcpus: int) -> str:
    """Case name: faults of one VM's vCPUs at once."""
    return f"kvm_fault_one_vm_{vcpus}"


def many_vms(vcpus: int) -> str:
    """Case name: faults of as many VMs with one vCPU each."""
    return f"kvm_fault_many_vms_{vcpus}"


def widths(n_cpus: int) -> list[int]:
    """Numbers of vCPUs to try at once: 2, 4, 8, ... and the most this host has CPUs for."""
    most = min(n_cpus, guest.MAX_VCPUS)
    doubled = [2**i for i in range(1, most.bit_length()) if 2**i < most]
    return [*doubled, most] if most >= 2 else []


def phases(n_cpus: int) -> dict[str, tuple[Callable[[Lab], list[Batch]], tuple[str, ...]]]:
    """Name -> (function, cases it yields) of everything that ``n_cpus`` CPUs allow."""
    table: dict[str, tuple[Callable[[Lab], list[Batch]], tuple[str, ...]]] = {}

    def single(case: str, function: Callable[..., list[Batch]], **options: object) -> None:
        table[case] = (partial(function, case=case, **options), (case,))

    single("kvm_exit_round_trip", _exits, user=False)
    single("kvm_exit_round_trip_user", _exits, user=True)
    single("kvm_exit_in_kernel", _loop, program=programs.CPUID_LOOP, count=_CPUIDS, user=True)
    per = _INSTRUCTIONS_PER_LOOP
    counting = {"program": programs.COUNT_LOOP, "per": per}
    single("kvm_user_instruction", _loop, count=_USER_LOOPS, user=True, **counting)
    single("kvm_kernel_instruction", _loop, count=_KERNEL_LOOPS, user=False, **counting)
    single("kvm_guest_page_fault_resident", _faults)
    single("kvm_guest_page_fault_not_resident", _faults, resident=False)
    single("kvm_guest_page_fault_handled", _faults, present=False)
    table["kvm_guest_pte_write"] = (_pte_writes, ("kvm_guest_pte_write", "kvm_guest_pte_write_again"))
    for n in widths(n_cpus):
        table[f"kvm_fault_together_{n}"] = (partial(_contended, vcpus=n), (one_vm(n), many_vms(n)))
    return table
