"""Linux system calls and small waiting helpers for loops, named; numbers are those of x86-64.

Source: Linux arch/x86/entry/syscalls/syscall_64.tbl, and the manual page of each call.
"""

from __future__ import annotations

from cerberus_plan.calibration.harness.atomics import load, opaque, pause, system_call
from cerberus_plan.calibration.harness.frame import inlined


@inlined
def spin(iterations: int) -> int:
    """Burn time: one dependent addition an iteration, which no optimiser can fold."""
    x = 0
    for _ in range(iterations):
        x = opaque(x + 1)
    return x


@inlined
def wait_for(address: int, value: int) -> int:
    """Poll a shared word until it holds ``value``."""
    while load(address) != value:
        pause()
    return value


@inlined
def map_private(size_bytes: int) -> int:
    """Map zero pages of our own: PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS."""
    return system_call(9, 0, size_bytes, 3, 0x22, -1, 0)


@inlined
def map_huge(size_bytes: int) -> int:
    """The same in large pages if the system grants them, and not for children: MADV_HUGEPAGE, MADV_DONTFORK.

    A fork copies the page tables of what its parent holds: hundreds of MiB would make it a hundred times dearer.
    """
    base = map_private(size_bytes)
    system_call(28, base, size_bytes, 14, 0, 0, 0)
    system_call(28, base, size_bytes, 10, 0, 0, 0)
    return base


@inlined
def map_file(descriptor: int, size_bytes: int) -> int:
    """Map a file shared: PROT_READ | PROT_WRITE, MAP_SHARED."""
    return system_call(9, 0, size_bytes, 3, 1, descriptor, 0)


@inlined
def unmap(address: int, size_bytes: int) -> int:
    """Give a mapping back."""
    return system_call(11, address, size_bytes, 0, 0, 0, 0)


@inlined
def read(descriptor: int, address: int, size_bytes: int) -> int:
    """Read from a file, socket or event counter; sleeps if it must."""
    return system_call(0, descriptor, address, size_bytes, 0, 0, 0)


@inlined
def write(descriptor: int, address: int, size_bytes: int) -> int:
    """Write to a file, socket or event counter."""
    return system_call(1, descriptor, address, size_bytes, 0, 0, 0)


@inlined
def open_file(path: int, flags: int) -> int:
    """Open the file whose name is the C string at ``path``, mode 0600."""
    return system_call(2, path, flags, 0o600, 0, 0, 0)


@inlined
def close(descriptor: int) -> int:
    """Close a descriptor."""
    return system_call(3, descriptor, 0, 0, 0, 0, 0)


@inlined
def unlink(path: int) -> int:
    """Remove the name at ``path``."""
    return system_call(87, path, 0, 0, 0, 0, 0)


@inlined
def drop_cache(descriptor: int) -> int:
    """Ask the kernel to drop a file's cached pages: posix_fadvise, POSIX_FADV_DONTNEED."""
    return system_call(221, descriptor, 0, 0, 4, 0, 0)


@inlined
def process_number() -> int:
    """Number of this process, as the kernel knows it."""
    return system_call(39, 0, 0, 0, 0, 0, 0)


@inlined
def fork_and_wait() -> int:
    """Fork, end the child at once, wait for it: clone(SIGCHLD), exit_group, wait4."""
    child = system_call(56, 17, 0, 0, 0, 0, 0)
    if child == 0:
        system_call(231, 0, 0, 0, 0, 0, 0)
    return system_call(61, child, 0, 0, 0, 0, 0)


@inlined
def spawn_and_wait() -> int:
    """The same without copying the address space: clone(CLONE_VM | CLONE_VFORK | SIGCHLD)."""
    child = system_call(56, 0x4111, 0, 0, 0, 0, 0)
    if child == 0:
        system_call(231, 0, 0, 0, 0, 0, 0)
    return system_call(61, child, 0, 0, 0, 0, 0)
