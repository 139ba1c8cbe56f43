"""KVM's own event counters of a VM or vCPU: name -> value.

Layout: a header, then fixed-size descriptors each followed by a name, then 64-bit values.
Histograms are left out. When not to use it: as a clock; the counters say how often, never how long.
Source: Linux Documentation/virt/kvm/api.rst, section KVM_GET_STATS_FD.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING

from cerberus_plan.calibration.kvm import api

if TYPE_CHECKING:
    from cerberus_plan.calibration.kvm.vm import Kvm


def read(kvm: Kvm, fd: int) -> dict[str, int]:
    """Counters of the VM or vCPU behind ``fd``.

    Raises:
        KvmRefusedError: This kernel has no such counters (before Linux 5.14).
    """
    stats = kvm.request("KVM_GET_STATS_FD", api.GET_STATS_FD, fd=fd)
    try:
        header = api.StatsHeader.from_buffer_copy(os.pread(stats, ctypes.sizeof(api.StatsHeader), 0))
        step = ctypes.sizeof(api.StatsDescriptor) + header.name_size
        described = os.pread(stats, header.num_desc * step, header.desc_offset)
        descriptors = [_descriptor(described[i * step : (i + 1) * step]) for i in range(header.num_desc)]
        scalars = [(name, d) for name, d in descriptors if d.size == 1]
        return {name: struct.unpack("<Q", os.pread(stats, 8, header.data_offset + d.offset))[0] for name, d in scalars}
    finally:
        os.close(stats)


def _descriptor(block: bytes) -> tuple[str, api.StatsDescriptor]:
    fixed = ctypes.sizeof(api.StatsDescriptor)
    return block[fixed:].split(b"\0", 1)[0].decode("ascii"), api.StatsDescriptor.from_buffer_copy(block)
