"""KVM's counters are read from the self-describing file the kernel hands out."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest

from cerberus_plan.calibration.kvm import api, counters, vm

if TYPE_CHECKING:
    from pathlib import Path


def statistics_file(path: Path, values: dict[str, int]) -> int:
    """A file as Documentation/virt/kvm/api.rst describes it, with one histogram among the counters."""
    name_size, header, id_at = 48, 24, 24
    desc_at = id_at + name_size
    step = 16 + name_size
    data_at = desc_at + step * (len(values) + 1)
    rows = [(name, 1, 8 * i) for i, name in enumerate(values)] + [("histogram", 4, 8 * len(values))]
    blocks = [
        struct.pack("<IhHII", 0, 0, size, at, 0) + name.encode().ljust(name_size, b"\0") for name, size, at in rows
    ]
    data = struct.pack(f"<{len(values) + 4}Q", *values.values(), 0, 0, 0, 0)
    head = struct.pack("<6I", 0, name_size, len(rows), id_at, desc_at, data_at)
    assert len(head) == header
    path.write_bytes(head + b"kvm-1".ljust(name_size, b"\0") + b"".join(blocks) + data)
    return os.open(path, os.O_RDONLY)


def opened(tmp_path: Path, ioctl: vm.Ioctl) -> vm.Kvm:
    """A device that answers with ``ioctl``."""
    (tmp_path / "kvm").touch()
    return vm.Kvm(device=tmp_path / "kvm", ioctl=ioctl)


def test_counters_come_by_name_and_histograms_are_left_out(tmp_path: Path) -> None:
    """Each scalar is found at its own offset; the descriptor is closed afterwards."""
    values = {"exits": 7, "pf_taken": 2**40, "mmu_unsync": 48}
    fd = statistics_file(tmp_path / "stats", values)

    def ioctl(_fd: int, request: int, _argument: object, /) -> int:
        return fd if request == api.GET_STATS_FD else api.API_VERSION

    with opened(tmp_path, ioctl) as kvm:
        assert counters.read(kvm, 99) == values
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_kernel_without_counters_refuses(tmp_path: Path) -> None:
    """Before Linux 5.14 the request does not exist."""

    def ioctl(_fd: int, request: int, _argument: object, /) -> int:
        if request == api.GET_STATS_FD:
            raise OSError(25, "Inappropriate ioctl for device")
        return api.API_VERSION

    with opened(tmp_path, ioctl) as kvm, pytest.raises(vm.KvmRefusedError, match=r"KVM_GET_STATS_FD refused: .*ENOTTY"):
        counters.read(kvm, 99)
