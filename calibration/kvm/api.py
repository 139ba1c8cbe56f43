"""The part of the Linux KVM interface this probe speaks: ioctl numbers and structures, x86-64 only.

Nothing here opens or calls anything. Layouts are those of ``linux/kvm.h`` and ``asm/kvm.h`` (x86), a stable
user interface; numbers follow ``asm-generic/ioctl.h``: direction << 30 | size << 16 | type << 8 | number.
When not to use it: other architectures, whose register structures have other shapes.
Source: Linux Documentation/virt/kvm/api.rst.
"""

from __future__ import annotations

import ctypes
from typing import Final

_KVMIO: Final = 0xAE
_NONE, _WRITE, _READ = 0, 1, 2
_U8, _U16, _U32, _U64 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64


class Segment(ctypes.Structure):
    """``struct kvm_segment``: a segment register with its hidden descriptor."""

    _fields_ = (
        ("base", _U64),
        ("limit", _U32),
        ("selector", _U16),
        *((name, _U8) for name in ("type", "present", "dpl", "db", "s", "l", "g", "avl", "unusable", "padding")),
    )


class DescriptorTable(ctypes.Structure):
    """``struct kvm_dtable``: where the global or the interrupt descriptor table lies."""

    _fields_ = (("base", _U64), ("limit", _U16), ("padding", _U16 * 3))


class Registers(ctypes.Structure):
    """``struct kvm_regs``: the general registers."""

    _fields_ = tuple(
        (name, _U64)
        for name in (
            *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp"),
            *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rflags"),
        )
    )


class SpecialRegisters(ctypes.Structure):
    """``struct kvm_sregs``: segments, descriptor tables and control registers."""

    _fields_ = (
        *((name, Segment) for name in ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt")),
        ("gdt", DescriptorTable),
        ("idt", DescriptorTable),
        *((name, _U64) for name in ("cr0", "cr2", "cr3", "cr4", "cr8", "efer", "apic_base")),
        ("interrupt_bitmap", _U64 * 4),
    )


class MemoryRegion(ctypes.Structure):
    """``struct kvm_userspace_memory_region``: guest physical memory backed by this process."""

    _fields_ = (
        ("slot", _U32),
        ("flags", _U32),
        ("guest_phys_addr", _U64),
        ("memory_size", _U64),
        ("userspace_addr", _U64),
    )


class CpuidEntry(ctypes.Structure):
    """``struct kvm_cpuid_entry2``: one CPUID leaf."""

    _fields_ = (
        *((name, _U32) for name in ("function", "index", "flags", "eax", "ebx", "ecx", "edx")),
        ("padding", _U32 * 3),
    )


# The kernel lets user space offer room for at most 256 leaves (KVM_MAX_CPUID_ENTRIES).
MAX_CPUID_ENTRIES: Final = 256


class Cpuid(ctypes.Structure):
    """``struct kvm_cpuid2`` with room for every leaf the kernel may return."""

    _fields_ = (("nent", _U32), ("padding", _U32), ("entries", CpuidEntry * MAX_CPUID_ENTRIES))


class RunIo(ctypes.Structure):
    """The ``io`` member of the union in ``struct kvm_run``: the port instruction that left the guest."""

    _fields_ = (
        ("direction", _U8),
        ("size", _U8),
        ("port", _U16),
        ("count", _U32),
        ("data_offset", _U64),
    )


class Run(ctypes.Structure):
    """The start of ``struct kvm_run``, shared with the kernel: why the vCPU came back.

    The union that follows is read as ``io``; ``fail_entry`` and ``hw`` start with one 64-bit reason,
    ``internal`` with a 32-bit one: both are the first bytes of ``io``.
    """

    _fields_ = (
        ("request_interrupt_window", _U8),
        ("immediate_exit", _U8),
        ("padding1", _U8 * 6),
        ("exit_reason", _U32),
        ("ready_for_interrupt_injection", _U8),
        ("if_flag", _U8),
        ("flags", _U16),
        ("cr8", _U64),
        ("apic_base", _U64),
        ("io", RunIo),
    )


class StatsHeader(ctypes.Structure):
    """``struct kvm_stats_header``: where the names, descriptors and values of the counters lie."""

    _fields_ = tuple(
        (name, _U32) for name in ("flags", "name_size", "num_desc", "id_offset", "desc_offset", "data_offset")
    )


class StatsDescriptor(ctypes.Structure):
    """``struct kvm_stats_desc`` without the name that follows it."""

    _fields_ = (
        ("flags", _U32),
        ("exponent", ctypes.c_int16),
        ("size", _U16),
        ("offset", _U32),
        ("bucket_size", _U32),
    )


def _request(direction: int, number: int, size: int = 0) -> int:
    return direction << 30 | size << 16 | _KVMIO << 8 | number


# Of /dev/kvm.
GET_API_VERSION: Final = _request(_NONE, 0x00)
CREATE_VM: Final = _request(_NONE, 0x01)
CHECK_EXTENSION: Final = _request(_NONE, 0x03)
GET_VCPU_MMAP_SIZE: Final = _request(_NONE, 0x04)
# CPUID requests are encoded with the size of the fixed part only (8 bytes), not of the leaves.
GET_SUPPORTED_CPUID: Final = _request(_READ | _WRITE, 0x05, 8)
# Of a VM.
CREATE_VCPU: Final = _request(_NONE, 0x41)
SET_USER_MEMORY_REGION: Final = _request(_WRITE, 0x46, ctypes.sizeof(MemoryRegion))
SET_TSS_ADDR: Final = _request(_NONE, 0x47)
# Of a vCPU.
RUN: Final = _request(_NONE, 0x80)
GET_REGS: Final = _request(_READ, 0x81, ctypes.sizeof(Registers))
SET_REGS: Final = _request(_WRITE, 0x82, ctypes.sizeof(Registers))
GET_SREGS: Final = _request(_READ, 0x83, ctypes.sizeof(SpecialRegisters))
SET_SREGS: Final = _request(_WRITE, 0x84, ctypes.sizeof(SpecialRegisters))
SET_CPUID2: Final = _request(_WRITE, 0x90, 8)
GET_TSC_KHZ: Final = _request(_NONE, 0xA3)
# Of a VM or a vCPU.
GET_STATS_FD: Final = _request(_NONE, 0xCE)

API_VERSION: Final = 12
CAP_SET_TSS_ADDR: Final = 4
CAP_GET_TSC_KHZ: Final = 61

EXIT_IO: Final = 2
EXIT_REASONS: Final = {
    0: "unknown",
    1: "exception",
    EXIT_IO: "port I/O",
    5: "halt",
    6: "access to unbacked memory",
    8: "triple fault (shutdown)",
    9: "failed entry",
    10: "signal",
    17: "internal error (an instruction the hypervisor cannot emulate)",
}
