"""The KVM interface is a fixed table of the kernel: sizes, offsets and request numbers must equal it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from cerberus_plan.calibration.kvm import api

if TYPE_CHECKING:
    from pathlib import Path

# Numbers that `strace -X raw` shows and linux/kvm.h yields through asm-generic/ioctl.h (KVMIO is 0xAE).
REQUESTS = {
    "GET_API_VERSION": 0xAE00,
    "CREATE_VM": 0xAE01,
    "CHECK_EXTENSION": 0xAE03,
    "GET_VCPU_MMAP_SIZE": 0xAE04,
    "GET_SUPPORTED_CPUID": 0xC008AE05,
    "CREATE_VCPU": 0xAE41,
    "SET_USER_MEMORY_REGION": 0x4020AE46,
    "SET_TSS_ADDR": 0xAE47,
    "RUN": 0xAE80,
    "GET_REGS": 0x8090AE81,
    "SET_REGS": 0x4090AE82,
    "GET_SREGS": 0x8138AE83,
    "SET_SREGS": 0x4138AE84,
    "SET_CPUID2": 0x4008AE90,
    "GET_TSC_KHZ": 0xAEA3,
    "GET_STATS_FD": 0xAECE,
}
# sizeof on x86-64: asm/kvm.h (registers, CPUID), linux/kvm.h (memory region, statistics).
SIZES = {
    "Segment": 24,
    "DescriptorTable": 16,
    "Registers": 144,
    "SpecialRegisters": 312,
    "MemoryRegion": 32,
    "CpuidEntry": 40,
    "Cpuid": 8 + 256 * 40,
    "StatsHeader": 24,
    "StatsDescriptor": 16,
}
# offsetof(struct kvm_run, ...) from linux/kvm.h.
RUN_OFFSETS = {"immediate_exit": 1, "exit_reason": 8, "flags": 14, "cr8": 16, "apic_base": 24, "io": 32}
# Structure here -> its name in the header.
C_NAMES = {
    "Segment": "kvm_segment",
    "DescriptorTable": "kvm_dtable",
    "Registers": "kvm_regs",
    "SpecialRegisters": "kvm_sregs",
    "MemoryRegion": "kvm_userspace_memory_region",
    "CpuidEntry": "kvm_cpuid_entry2",
    "StatsHeader": "kvm_stats_header",
    "StatsDescriptor": "kvm_stats_desc",
}


@pytest.mark.parametrize(("name", "number"), REQUESTS.items())
def test_request_numbers_are_those_of_the_kernel_header(name: str, number: int) -> None:
    """Each request number equals the one in linux/kvm.h."""
    assert getattr(api, name) == number


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_structures_have_the_size_the_kernel_expects(name: str, size: int) -> None:
    """Each structure is as long as its C twin on x86-64."""
    assert ctypes.sizeof(getattr(api, name)) == size


@pytest.mark.parametrize(("name", "offset"), RUN_OFFSETS.items())
def test_the_shared_run_page_is_read_at_the_right_places(name: str, offset: int) -> None:
    """The members of struct kvm_run lie where the header puts them."""
    assert getattr(api.Run, name).offset == offset


def test_the_port_number_and_data_offset_of_an_exit_lie_in_the_union() -> None:
    """The io member of struct kvm_run has port at 2 and data_offset at 8 within the union."""
    assert (api.RunIo.port.offset, api.RunIo.data_offset.offset) == (2, 8)


def test_this_hosts_compiler_and_header_agree(tmp_path: Path) -> None:
    """Where gcc and linux/kvm.h are present (from Linux 5.14), each number and size is asserted by the compiler."""
    asserts = [f'_Static_assert(KVM_{name} == {number:#x}u, "{name}");' for name, number in REQUESTS.items()]
    asserts += [f'_Static_assert(sizeof(struct {c}) == {SIZES[name]}, "{c}");' for name, c in C_NAMES.items()]
    asserts += [
        f'_Static_assert(offsetof(struct kvm_run, {name}) == {offset}, "{name}");'
        for name, offset in RUN_OFFSETS.items()
    ]
    source = tmp_path / "check.c"
    source.write_text("#include <stddef.h>\n#include <linux/kvm.h>\n" + "\n".join(asserts))
    probe = tmp_path / "probe.c"
    probe.write_text("#include <linux/kvm.h>\n#ifndef KVM_GET_STATS_FD\n#error old\n#endif\n")
    if shutil.which("gcc") is None or subprocess.run(["gcc", "-fsyntax-only", probe], check=False).returncode:
        pytest.skip("no gcc, or no linux/kvm.h from Linux 5.14 on")
    done = subprocess.run(["gcc", "-fsyntax-only", source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
