"""A guest without any image: descriptor tables, a page of code, stacks, logs and page tables in bare memory.

Guest physical memory, three slots:
    system   0         GDT, IDT, TSS of each vCPU, code, stacks, logs, page tables; virtual = physical
    barrier  BARRIER   one page that several VMs can share
    data     DATA      the frames that the measured pages translate to
The measured pages of vCPU i start at virtual ``pages(i)``; each vCPU has its own last-level tables.
Every page may be touched in user mode, page-table pages included, so that a store to an entry can be timed
without a change of mode.
Assumptions: one address space for all vCPUs of a VM (they are threads of one guest process).
When not to use it: to learn what a real guest kernel costs; it does nothing that one does beside the fault.
Source: AMD64 Architecture Programmer's Manual volume 2, sections 4.8 and 8.2 (descriptors, gates, task state).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import Final

from cerberus_plan.calibration.kvm.pagetables import ENTRIES, LEAF_FLAGS, PAGE, TABLE_SPAN, PageTables
from cerberus_plan.calibration.kvm.programs import FAULT_HANDLER
from cerberus_plan.model.errors import InputError

MAX_VCPUS: Final = 32
GDT, IDT, TSS, CODE = 0x1000, 0x2000, 0x3000, 0x5000
HANDLER: Final = CODE + PAGE // 2
STACKS: Final = 0x10000
LOGS: Final = STACKS + MAX_VCPUS * PAGE
LOG_PAGES: Final = 4
# One stamp before the first iteration, one after each.
MAX_ITERATIONS: Final = LOG_PAGES * PAGE // 8 - 1
TABLES: Final = LOGS + MAX_VCPUS * LOG_PAGES * PAGE
BARRIER: Final = 0x1800_0000
DATA: Final = 0x2000_0000
_FIRST_MEASURED: Final = 1 << 32
# The span of virtual addresses that one second-level table maps.
UPPER_SPAN: Final = TABLE_SPAN * ENTRIES
_PAGE_FAULT: Final = 14
_TSS_BYTES: Final = 0x80
TSS_LIMIT: Final = 0x67

# Selectors; user ones carry the requested privilege level 3.
KERNEL_CODE, KERNEL_DATA, USER_CODE, USER_DATA, TASK = 0x08, 0x10, 0x1B, 0x23, 0x28
_GDT_ENTRIES: Final = (
    0,
    0x00AF_9B00_0000_FFFF,  # 64-bit code, level 0
    0x00CF_9300_0000_FFFF,  # data, level 0
    0x00AF_FB00_0000_FFFF,  # 64-bit code, level 3
    0x00CF_F300_0000_FFFF,  # data, level 3
)
GDT_LIMIT: Final = 0x3F
IDT_LIMIT: Final = 16 * 256 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the guest's memory holds.

    Args:
        vcpus: number of vCPUs, 1 to ``MAX_VCPUS``.
        pages: measured pages of each vCPU, 1 to ``MAX_ITERATIONS``.
        stride: virtual distance of measured pages [bytes]: ``PAGE``, or ``TABLE_SPAN`` for one a page table.
        present: whether the guest's own tables map the measured pages from the start; otherwise each first
            touch faults into the guest's handler, which writes the entry.

    Raises:
        InputError: A number is out of range.
    """

    vcpus: int = 1
    pages: int = 512
    stride: int = PAGE
    present: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.vcpus <= MAX_VCPUS:
            raise InputError(f"vcpus={self.vcpus}: allowed are 1 to {MAX_VCPUS}")
        if not 1 <= self.pages <= MAX_ITERATIONS:
            raise InputError(f"pages={self.pages}: allowed are 1 to {MAX_ITERATIONS}")

    @property
    def span(self) -> int:
        """Virtual bytes kept for one vCPU's measured pages: whole last-level tables, one of them spare."""
        return (self.pages * self.stride // TABLE_SPAN + 2) * TABLE_SPAN

    @property
    def data_bytes(self) -> int:
        """Size of the data slot: one frame for each measured page and a warm one for each vCPU."""
        return self.vcpus * (self.pages + 1) * PAGE

    @property
    def system_bytes(self) -> int:
        """Size of the system slot, room for the page tables included."""
        root_and_barrier = 4
        measured = self.vcpus * (self.span // TABLE_SPAN + 1) + self.vcpus * self.span // UPPER_SPAN + 2
        identity = (TABLES // PAGE + measured) // ENTRIES + 2
        return TABLES + (root_and_barrier + measured + identity) * PAGE

    def virtual(self, vcpu: int, page: int) -> int:
        """Virtual address of a measured page."""
        return _FIRST_MEASURED + vcpu * self.span + page * self.stride

    def frame(self, vcpu: int, page: int) -> int:
        """Guest physical address behind a measured page; ``page == pages`` is the warm one."""
        return DATA + (vcpu * (self.pages + 1) + page) * PAGE

    def warm(self, vcpu: int) -> int:
        """Virtual address of a page that is always mapped, for the baseline loop."""
        return _FIRST_MEASURED + (vcpu + 1) * self.span - PAGE


def build(memory: memoryview, layout: Layout) -> PageTables:
    """Write the guest into its system memory (zeroed, ``layout.system_bytes`` long) and return its tables."""
    image = _image(layout)
    memory[: len(image)] = image
    return PageTables(memory, TABLES, next_free=len(image))


@cache
def _image(layout: Layout) -> bytes:
    """The guest up to the end of its tables: a pure function of its layout, and the slowest part of a batch."""
    memory = memoryview(bytearray(layout.system_bytes))
    struct.pack_into(f"<{len(_GDT_ENTRIES)}Q", memory, GDT, *_GDT_ENTRIES)
    struct.pack_into("<QQ", memory, GDT + TASK, *_task_descriptor(TSS))
    memory[HANDLER : HANDLER + len(FAULT_HANDLER)] = FAULT_HANDLER
    if not layout.present:
        struct.pack_into("<QQ", memory, IDT + 16 * _PAGE_FAULT, *_interrupt_gate(HANDLER))
    for vcpu in range(layout.vcpus):
        struct.pack_into("<Q", memory, TSS + vcpu * _TSS_BYTES + 4, stack_top(vcpu))
    tables = PageTables(memory, TABLES)
    _map_measured(tables, layout)
    _map_identity(tables, layout)
    return bytes(memory[: tables.next_free])


def load(memory: memoryview, program: bytes) -> None:
    """Put a program where the vCPUs start."""
    memory[CODE : CODE + len(program)] = program


def task_state(vcpu: int) -> int:
    """Guest physical address of a vCPU's task-state segment."""
    return TSS + vcpu * _TSS_BYTES


def stack_top(vcpu: int) -> int:
    """First address above a vCPU's kernel stack."""
    return STACKS + (vcpu + 1) * PAGE


def log_address(vcpu: int) -> int:
    """Guest physical address of a vCPU's log of time stamps."""
    return LOGS + vcpu * LOG_PAGES * PAGE


def entry_value(frame: int) -> int:
    """What the guest writes into an entry to map ``frame``."""
    return frame | LEAF_FLAGS


def _map_measured(tables: PageTables, layout: Layout) -> None:
    for vcpu in range(layout.vcpus):
        tables.map(layout.warm(vcpu), layout.frame(vcpu, layout.pages))
        for page in range(layout.pages):
            virtual = layout.virtual(vcpu, page)
            if layout.present:
                tables.map(virtual, layout.frame(vcpu, page))
            else:
                tables.slot(virtual)


def _map_identity(tables: PageTables, layout: Layout) -> None:
    tables.map(BARRIER, BARRIER)
    for page in range(GDT, layout.system_bytes, PAGE):
        tables.map(page, page)


def _task_descriptor(base: int) -> tuple[int, int]:
    low = TSS_LIMIT | (base & 0xFFFFFF) << 16 | 0x8B << 40 | (base >> 24 & 0xFF) << 56
    return low, base >> 32


def _interrupt_gate(handler: int) -> tuple[int, int]:
    low = handler & 0xFFFF | KERNEL_CODE << 16 | 0x8E << 40 | (handler >> 16 & 0xFFFF) << 48
    return low, handler >> 32
