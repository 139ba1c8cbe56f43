"""Lifetimes of /dev/kvm, virtual machines, vCPUs and the host memory behind them.

Everything is a context manager and everything the kernel refuses becomes a ``KvmRefusedError`` that names the
request and what to try. ``ioctl`` is a parameter so that refusals can be tested without a kernel.
Assumptions: x86-64 Linux, one thread at a time in each vCPU.
When not to use it: to run untrusted or real guests; there is no device, clock or interrupt controller.
Source: Linux Documentation/virt/kvm/api.rst.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

from cerberus_plan.calibration.kvm import api
from cerberus_plan.model.errors import CannotAnswerError

if TYPE_CHECKING:
    from types import TracebackType

DEVICE: Final = Path("/dev/kvm")
# Three pages that no guest memory uses, as the interface asks for on Intel; below 2**31 so that it fits an int.
_TSS_ADDRESS: Final = 0x1FFF_C000


class KvmRefusedError(CannotAnswerError):
    """The kernel, or the guest, did not do what the probe needs."""


class Ioctl(Protocol):
    """``fcntl.ioctl`` or a stand-in: raises OSError where the kernel returns -1."""

    def __call__(self, fd: int, request: int, argument: int | ctypes.Structure, /) -> int:
        """Send one request."""
        ...


def system_ioctl(fd: int, request: int, argument: int | ctypes.Structure, /) -> int:
    """``ioctl(2)`` on a number or, in place, on a structure."""
    if isinstance(argument, int):
        return fcntl.ioctl(fd, request, argument)
    return fcntl.ioctl(fd, request, argument, True)


class _Closing:
    """Closes a file descriptor at the end of a with block."""

    fd: int

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Kvm(_Closing):
    """The opened /dev/kvm.

    Raises:
        KvmRefusedError: Not x86-64, no device, no permission, or an interface version other than 12.
    """

    def __init__(self, *, device: Path = DEVICE, ioctl: Ioctl = system_ioctl) -> None:
        self.fd = -1
        self.ioctl = ioctl
        if platform.machine() != "x86_64":
            raise KvmRefusedError(f"the guest is x86-64 code, this host is {platform.machine()}")
        self.fd = _open(device)
        version = self.request("KVM_GET_API_VERSION", api.GET_API_VERSION)
        if version != api.API_VERSION:
            self.close()
            raise KvmRefusedError(f"{device} speaks interface version {version}; this probe knows 12 only")

    def request(self, name: str, number: int, argument: int | ctypes.Structure = 0, *, fd: int = -1) -> int:
        """Send a request to this device, or to ``fd``, and return the kernel's answer.

        Raises:
            KvmRefusedError: The kernel refused; the message names the request.
        """
        try:
            return self.ioctl(self.fd if fd < 0 else fd, number, argument)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "?")
            raise KvmRefusedError(f"{name} refused: {error.strerror} ({code})") from error

    def extension(self, capability: int) -> int:
        """What the kernel answers to KVM_CHECK_EXTENSION; 0 means absent."""
        return self.request("KVM_CHECK_EXTENSION", api.CHECK_EXTENSION, capability)

    def supported_cpuid(self) -> api.Cpuid:
        """The CPUID leaves a guest may be given."""
        leaves = api.Cpuid(nent=api.MAX_CPUID_ENTRIES)
        self.request("KVM_GET_SUPPORTED_CPUID", api.GET_SUPPORTED_CPUID, leaves)
        return leaves


class VirtualMachine(_Closing):
    """A virtual machine without memory, devices or vCPUs."""

    def __init__(self, kvm: Kvm) -> None:
        self.kvm = kvm
        self.fd = kvm.request("KVM_CREATE_VM", api.CREATE_VM)
        try:
            if kvm.extension(api.CAP_SET_TSS_ADDR):
                kvm.request("KVM_SET_TSS_ADDR", api.SET_TSS_ADDR, _TSS_ADDRESS, fd=self.fd)
        except KvmRefusedError:
            self.close()
            raise

    def back(self, slot: int, guest_address: int, memory: HostMemory) -> None:
        """Let ``memory`` be the guest physical memory from ``guest_address`` on."""
        region = api.MemoryRegion(
            slot=slot, guest_phys_addr=guest_address, memory_size=memory.size, userspace_addr=memory.address
        )
        self.kvm.request("KVM_SET_USER_MEMORY_REGION", api.SET_USER_MEMORY_REGION, region, fd=self.fd)


class VirtualCpu(_Closing):
    """A vCPU of a virtual machine, with the page it shares with the kernel."""

    def __init__(self, machine: VirtualMachine, index: int, *, cpuid: api.Cpuid) -> None:
        self._kvm = machine.kvm
        size = self._kvm.request("KVM_GET_VCPU_MMAP_SIZE", api.GET_VCPU_MMAP_SIZE)
        self.fd = self._kvm.request("KVM_CREATE_VCPU", api.CREATE_VCPU, index, fd=machine.fd)
        try:
            self._kvm.request("KVM_SET_CPUID2", api.SET_CPUID2, cpuid, fd=self.fd)
            self._mapping = mmap.mmap(self.fd, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        except (KvmRefusedError, OSError):
            self.close()
            raise
        self.state = api.Run.from_buffer(self._mapping)

    @property
    def run_address(self) -> int:
        """Host address of the page shared with the kernel (``struct kvm_run``)."""
        return ctypes.addressof(self.state)

    def close(self) -> None:
        """Unmap the shared page and close the vCPU."""
        if hasattr(self, "state"):
            del self.state
            self._mapping.close()
        super().close()

    def special_registers(self) -> api.SpecialRegisters:
        """The vCPU's segment and control registers."""
        registers = api.SpecialRegisters()
        self._kvm.request("KVM_GET_SREGS", api.GET_SREGS, registers, fd=self.fd)
        return registers

    def set_special_registers(self, registers: api.SpecialRegisters) -> None:
        """Load the segment and control registers."""
        self._kvm.request("KVM_SET_SREGS", api.SET_SREGS, registers, fd=self.fd)

    def set_registers(self, registers: api.Registers) -> None:
        """Load the general registers."""
        self._kvm.request("KVM_SET_REGS", api.SET_REGS, registers, fd=self.fd)

    def tsc_hz(self) -> float:
        """Rate of the guest's time-stamp counter [1/s].

        Raises:
            KvmRefusedError: The host's counter is unstable or the kernel cannot say its rate.
        """
        if not self._kvm.extension(api.CAP_GET_TSC_KHZ):
            raise KvmRefusedError("the kernel does not tell the guest's clock rate (KVM_CAP_GET_TSC_KHZ)")
        return 1e3 * self._kvm.request("KVM_GET_TSC_KHZ", api.GET_TSC_KHZ, fd=self.fd)

    def run_to_port(self) -> int:
        """Enter the guest until it writes to a port; returns the byte it wrote.

        Raises:
            KvmRefusedError: The guest came back for another reason, e.g. a triple fault.
        """
        while not self._entered():
            pass
        if self.state.exit_reason != api.EXIT_IO:
            raise KvmRefusedError(f"the guest stopped: {self.reason()}")
        return ctypes.c_uint8.from_address(self.run_address + self.state.io.data_offset).value

    def _entered(self) -> bool:
        try:
            self._kvm.ioctl(self.fd, api.RUN, 0)
        except InterruptedError:  # a signal for this thread: the guest has to be entered again
            return False
        except OSError as error:
            raise KvmRefusedError(f"KVM_RUN refused: {error.strerror}") from error
        return True

    def reason(self) -> str:
        """Why the vCPU last came back, for people."""
        code = self.state.exit_reason
        detail = ctypes.c_uint64.from_buffer(self.state, api.Run.io.offset).value
        return f"{api.EXIT_REASONS.get(code, 'unexpected exit')} (KVM exit reason {code}, detail {detail:#x})"


class HostMemory:
    """Private anonymous memory of this process, in 4-KiB pages so that each page costs its own fault."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._mapping = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with contextlib.suppress(OSError):  # EINVAL: a kernel without huge pages has nothing to be told
            self._mapping.madvise(mmap.MADV_NOHUGEPAGE)
        self._anchor = ctypes.c_char.from_buffer(self._mapping)
        self.view = memoryview(self._mapping)

    @property
    def address(self) -> int:
        """Where the memory starts in this process."""
        return ctypes.addressof(self._anchor)

    def make_resident(self) -> None:
        """Write zeros to every page, so that the host need not find memory later."""
        ctypes.memset(self.address, 0, self.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.view.release()
        del self._anchor
        self._mapping.close()


def _open(device: Path) -> int:
    try:
        return os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise KvmRefusedError(
            f"{device} does not exist: load the kvm module, or allow nested virtualisation for this VM"
        ) from error
    except PermissionError as error:
        raise KvmRefusedError(
            f"no permission for {device}: add this user to its group (often 'kvm') and log in again"
        ) from error
    except OSError as error:
        raise KvmRefusedError(f"{device} cannot be opened: {error.strerror}") from error
