"""A booted guest: memory, VM and vCPUs together, ready to run one program again and again.

    run(vcpu, task) -> time stamps the guest wrote, in seconds since the first

Each ``Session`` is a fresh VM, so the hypervisor starts with empty tables for it: that is what makes every
first touch of a page cost one hypervisor fault.
Assumptions: one program a session; vCPUs of several sessions meet at a barrier page they share.
When not to use it: from two threads on one vCPU at once.
Source: memory slots and register state as in Linux Documentation/virt/kvm/api.rst.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from cerberus_plan.calibration.kvm import api, guest
from cerberus_plan.calibration.kvm.pagetables import PAGE
from cerberus_plan.calibration.kvm.pinned import involuntary_switches
from cerberus_plan.calibration.kvm.programs import DONE
from cerberus_plan.calibration.kvm.vm import HostMemory, Kvm, KvmRefusedError, VirtualCpu, VirtualMachine

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

_CR0: Final = 0x8000_0033  # protected mode, paging, numeric errors, extension type, monitor coprocessor
_CR4: Final = 0x20  # physical address extension
_EFER: Final = 0x500  # long mode enabled and active
_FLAGS: Final = 0x3002  # IOPL 3: user mode may write to ports
_SPIN_BOUND: Final = 1 << 23
_BARRIER_BASELINE: Final = 64  # a second counter, on its own cache line


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one vCPU does in one run.

    Args:
        address: virtual address of the first store.
        stride: distance to the next store [bytes].
        value: what is stored.
        count: iterations.
        parties: vCPUs to wait for at the barrier before the first store.
        entry: address of the page-table entry the fault handler writes first.
        entry_value: what it writes there; the next page's entry gets 4096 more.
    """

    address: int = 0
    stride: int = 0
    value: int = 1
    count: int = 1
    parties: int = 1
    entry: int = 0
    entry_value: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What a run left behind.

    Attributes:
        stamps: Time since the first stamp [s]; one more than iterations, or two for loops that time their ends.
        switches: Involuntary context switches of the thread while it ran the guest.
    """

    stamps: NDArray[np.float64]
    switches: int


class Session:
    """One VM with its vCPUs, memory and program.

    Args:
        kvm: the opened device.
        layout: what the guest's memory holds.
        program: machine code from ``programs``.
        user: run it in user mode (CPL 3) instead of kernel mode (CPL 0).
        barrier: page to meet other sessions at; a private one by default.
        resident: whether the host memory behind the measured pages is touched beforehand.

    Raises:
        KvmRefusedError: The kernel refused a step.
    """

    def __init__(
        self,
        kvm: Kvm,
        layout: guest.Layout,
        program: bytes,
        *,
        user: bool = True,
        barrier: HostMemory | None = None,
        resident: bool = True,
    ) -> None:
        self.layout = layout
        self._user = user
        with contextlib.ExitStack() as stack:
            self._system = stack.enter_context(HostMemory(layout.system_bytes))
            self.data = stack.enter_context(HostMemory(layout.data_bytes))
            self._barrier = barrier or stack.enter_context(HostMemory(PAGE))
            self.machine = stack.enter_context(VirtualMachine(kvm))
            self._system.make_resident()
            if resident:
                self.data.make_resident()
            self.tables = guest.build(self._system.view, layout)
            guest.load(self._system.view, program)
            self.machine.back(0, 0, self._system)
            self.machine.back(1, guest.DATA, self.data)
            self.machine.back(2, guest.BARRIER, self._barrier)
            leaves = kvm.supported_cpuid()
            self.vcpus = [stack.enter_context(VirtualCpu(self.machine, i, cpuid=leaves)) for i in range(layout.vcpus)]
            for index, vcpu in enumerate(self.vcpus):
                vcpu.set_special_registers(self._special(index))
            self._tsc_hz = self.vcpus[0].tsc_hz()
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.vcpus.clear()
        self._stack.__exit__(kind, error, trace)

    def entry(self, vcpu: int, page: int) -> int:
        """Address, physical and virtual, of the page-table entry of a measured page."""
        return self.tables.slot(self.layout.virtual(vcpu, page))

    def prepare(self, vcpu: int, task: Task) -> None:
        """Load the registers for a task."""
        layout = self.layout
        self.vcpus[vcpu].set_registers(
            api.Registers(
                rip=guest.CODE,
                rflags=_FLAGS,
                rsp=guest.stack_top(vcpu),
                rdi=task.address or layout.warm(vcpu),
                r8=task.stride,
                r9=task.value,
                rsi=task.count,
                r15=guest.log_address(vcpu),
                rbp=guest.BARRIER + (_BARRIER_BASELINE if task.parties == 1 else 0),
                r12=task.parties,
                r13=_SPIN_BOUND,
                r10=task.entry or layout.warm(vcpu),
                r11=task.entry_value,
            )
        )

    def run(self, vcpu: int, task: Task, *, stamps: int | None = None) -> Log:
        """Run a task to its end and return what the guest logged.

        Args:
            vcpu: which vCPU; the calling thread runs it.
            task: what it does.
            stamps: how many stamps the program writes; by default one more than iterations.

        Raises:
            KvmRefusedError: The guest did not finish.
        """
        self.prepare(vcpu, task)
        before = involuntary_switches()
        code = self.vcpus[vcpu].run_to_port()
        switches = involuntary_switches() - before
        if code != DONE:
            raise KvmRefusedError("a vCPU waited in vain for the others at the barrier; stop other jobs")
        start = guest.log_address(vcpu)
        n = task.count + 1 if stamps is None else stamps
        ticks = np.frombuffer(bytes(self._system.view[start : start + 8 * n]), dtype=np.uint64)
        return Log(stamps=(ticks - ticks[0]).astype(np.float64) / self._tsc_hz, switches=switches)

    def _special(self, index: int) -> api.SpecialRegisters:
        registers = self.vcpus[index].special_registers()
        code, data = (guest.USER_CODE, guest.USER_DATA) if self._user else (guest.KERNEL_CODE, guest.KERNEL_DATA)
        registers.cs = _segment(code, kind=11, long=True)
        for name in ("ds", "es", "fs", "gs", "ss"):
            setattr(registers, name, _segment(data, kind=3, long=False))
        registers.tr = api.Segment(
            base=guest.task_state(index), limit=guest.TSS_LIMIT, selector=guest.TASK, type=11, present=1
        )
        registers.ldt = api.Segment(unusable=1)
        registers.gdt = api.DescriptorTable(base=guest.GDT, limit=guest.GDT_LIMIT)
        registers.idt = api.DescriptorTable(base=guest.IDT, limit=guest.IDT_LIMIT)
        registers.cr0, registers.cr3, registers.cr4 = _CR0, self.tables.root, _CR4
        registers.efer = _EFER
        return registers


def _segment(selector: int, *, kind: int, long: bool) -> api.Segment:
    return api.Segment(
        limit=0xFFFF_FFFF,
        selector=selector,
        type=kind,
        present=1,
        dpl=selector & 3,
        s=1,
        g=1,
        l=int(long),
        db=int(not long),
    )
