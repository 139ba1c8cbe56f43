"""Refusals of the kernel become one error that names the request; nothing is leaked on the way."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import TYPE_CHECKING

import pytest

from cerberus_plan.calibration.kvm import api, vm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Answer = int | OSError | Callable[[ctypes.Structure | int], int]


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A file that can be opened like the device; requests never reach it."""
    path = tmp_path / "kvm"
    path.touch()
    return path


def fake(answers: Mapping[int, Answer]) -> tuple[vm.Ioctl, list[int]]:
    """A stand-in kernel, and the requests it was sent. Unknown requests succeed with 0."""
    asked: list[int] = []

    def ioctl(_fd: int, request: int, argument: int | ctypes.Structure, /) -> int:
        asked.append(request)
        answer = answers.get(request, api.API_VERSION if request == api.GET_API_VERSION else 0)
        if isinstance(answer, OSError):
            raise answer
        return answer(argument) if callable(answer) else answer

    return ioctl, asked


def refusal(code: int) -> OSError:
    """What ioctl(2) raises."""
    return OSError(code, os.strerror(code))


def temporary_file(path: Path, size: int = 0) -> int:
    """A new descriptor that the code under test owns and closes."""
    path.write_bytes(b"\0" * size)
    return os.open(path, os.O_RDWR)


def is_open(fd: int) -> bool:
    """Whether the descriptor is still open."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_a_missing_device_says_what_to_load(tmp_path: Path) -> None:
    """Without /dev/kvm the message names the module and nested virtualisation."""
    with pytest.raises(vm.KvmRefusedError, match="does not exist: load the kvm module"):
        vm.Kvm(device=tmp_path / "absent")


def test_a_forbidden_device_says_which_group_helps(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission denied leads to the group of the device."""

    def deny(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    with pytest.raises(vm.KvmRefusedError, match=r"no permission for .*: add this user to its group"):
        vm.Kvm(device=device)


def test_any_other_failure_to_open_is_told(tmp_path: Path) -> None:
    """A directory in place of the device is refused with the system's words."""
    with pytest.raises(vm.KvmRefusedError, match="cannot be opened: Is a directory"):
        vm.Kvm(device=tmp_path)


def test_another_architecture_is_refused(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest's machine code is x86-64 only, and the message says so."""
    monkeypatch.setattr(vm.platform, "machine", lambda: "aarch64")
    with pytest.raises(vm.KvmRefusedError, match="the guest is x86-64 code, this host is aarch64"):
        vm.Kvm(device=device)


def test_another_interface_version_is_refused(device: Path) -> None:
    """The stable interface has version 12 (api.rst); anything else is not understood."""
    ioctl, _ = fake({api.GET_API_VERSION: 11})
    with pytest.raises(vm.KvmRefusedError, match="speaks interface version 11"):
        vm.Kvm(device=device, ioctl=ioctl)


@pytest.mark.parametrize("code", [errno.EPERM, errno.EINVAL, errno.ENOMEM])
def test_a_refused_request_is_named_with_its_reason(device: Path, code: int) -> None:
    """The error carries the request's name and the errno's name."""
    ioctl, _ = fake({api.CREATE_VM: refusal(code)})
    with (
        vm.Kvm(device=device, ioctl=ioctl) as kvm,
        pytest.raises(vm.KvmRefusedError, match=rf"KVM_CREATE_VM refused: .* \({errno.errorcode[code]}\)"),
    ):
        vm.VirtualMachine(kvm)


def test_a_vm_that_cannot_be_finished_is_closed(device: Path, tmp_path: Path) -> None:
    """If a later step of creation fails the VM's descriptor is not leaked."""
    fd = temporary_file(tmp_path / "vm")
    ioctl, _ = fake({api.CREATE_VM: fd, api.CHECK_EXTENSION: 1, api.SET_TSS_ADDR: refusal(errno.EINVAL)})
    with (
        vm.Kvm(device=device, ioctl=ioctl) as kvm,
        pytest.raises(vm.KvmRefusedError, match="KVM_SET_TSS_ADDR refused"),
    ):
        vm.VirtualMachine(kvm)
    assert not is_open(fd)


def test_a_vcpu_without_its_shared_page_is_closed(device: Path, tmp_path: Path) -> None:
    """If CPUID is refused the vCPU's descriptor is not leaked."""
    fd = temporary_file(tmp_path / "vcpu")
    ioctl, _ = fake({api.CREATE_VM: temporary_file(tmp_path / "vm"), api.CREATE_VCPU: fd, api.SET_CPUID2: refusal(7)})
    with (
        vm.Kvm(device=device, ioctl=ioctl) as kvm,
        vm.VirtualMachine(kvm) as machine,
        pytest.raises(vm.KvmRefusedError, match="KVM_SET_CPUID2 refused: Argument list too long"),
    ):
        vm.VirtualCpu(machine, 0, cpuid=api.Cpuid())
    assert not is_open(fd)


def vcpu_that(device: Path, tmp_path: Path, run: Answer, exit_reason: int = 2) -> vm.VirtualCpu:
    """A vCPU whose shared page is an ordinary file and whose KVM_RUN answers ``run``."""
    answers: dict[int, Answer] = {
        api.CREATE_VM: temporary_file(tmp_path / "vm"),
        api.CREATE_VCPU: temporary_file(tmp_path / "vcpu", 4096),
        api.GET_VCPU_MMAP_SIZE: 4096,
        api.RUN: run,
    }
    ioctl, _ = fake(answers)
    kvm = vm.Kvm(device=device, ioctl=ioctl)
    vcpu = vm.VirtualCpu(vm.VirtualMachine(kvm), 0, cpuid=api.Cpuid())
    vcpu.state.exit_reason = exit_reason
    vcpu.state.io.data_offset = 100
    ctypes.c_uint8.from_address(vcpu.run_address + 100).value = 42
    return vcpu


def test_a_port_write_returns_the_byte_written(device: Path, tmp_path: Path) -> None:
    """The byte lies at data_offset in the shared page."""
    with vcpu_that(device, tmp_path, 0) as vcpu:
        assert vcpu.run_to_port() == 42


def test_a_signal_does_not_end_the_run(device: Path, tmp_path: Path) -> None:
    """EINTR means that the guest is entered again."""
    left = [InterruptedError(errno.EINTR, "Interrupted system call")] * 2

    def run(_: object) -> int:
        if left:
            raise left.pop()
        return 0

    with vcpu_that(device, tmp_path, run) as vcpu:
        assert vcpu.run_to_port() == 42
    assert not left


@pytest.mark.parametrize(("code", "text"), [(8, "triple fault"), (17, "cannot emulate"), (99, "unexpected exit")])
def test_a_guest_that_dies_is_told_apart(device: Path, tmp_path: Path, code: int, text: str) -> None:
    """The exit reason is given in words and as the kernel's number."""
    with (
        vcpu_that(device, tmp_path, 0, exit_reason=code) as vcpu,
        pytest.raises(vm.KvmRefusedError, match=rf"the guest stopped: .*{text}.*exit reason {code}"),
    ):
        vcpu.run_to_port()


def test_a_refused_run_is_an_error(device: Path, tmp_path: Path) -> None:
    """A kernel that will not enter the guest is not retried."""
    with (
        vcpu_that(device, tmp_path, refusal(errno.EIO)) as vcpu,
        pytest.raises(vm.KvmRefusedError, match="KVM_RUN refused: Input/output error"),
    ):
        vcpu.run_to_port()


def test_an_unknown_clock_rate_is_an_error(device: Path, tmp_path: Path) -> None:
    """Without KVM_CAP_GET_TSC_KHZ guest time stamps cannot be converted."""
    with vcpu_that(device, tmp_path, 0) as vcpu, pytest.raises(vm.KvmRefusedError, match="clock rate"):
        vcpu.tsc_hz()


def test_host_memory_is_zero_page_aligned_and_writable() -> None:
    """The guest's memory starts on a page, is shared with the view, and is zero again after being made resident."""
    with vm.HostMemory(8192) as memory:
        assert memory.address % 4096 == 0
        assert not any(memory.view)
        memory.view[5000] = 1
        assert ctypes.c_uint8.from_address(memory.address + 5000).value == 1
        memory.make_resident()
        assert not any(memory.view)
