"""System calls by what they are about, for people: which part of the kernel a program leans on.

Read and write may be on files, pipes or sockets: the call alone does not say. Calls in no family count as other.
When not to use it: for planning; ``calibration.programs.demand_to_workload`` says which calls become operations.
"""

from __future__ import annotations

from cerberus_plan.calibration.programs.demand import Demand

_TABLE = {
    "read and write": (
        "read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 sendfile splice "
        "copy_file_range lseek fsync fdatasync io_submit io_uring_enter"
    ),
    "open and close": "open openat openat2 creat close",
    "names in folders": (
        "unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir link linkat symlink symlinkat mknod mknodat"
    ),
    "look up": (
        "stat fstat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd"
    ),
    "memory": "mmap mmap2 munmap mprotect mremap brk madvise",
    "network": (
        "socket connect accept accept4 bind listen shutdown send sendto sendmsg sendmmsg recv recvfrom "
        "recvmsg recvmmsg getsockopt setsockopt socketpair"
    ),
    "waiting": "futex poll ppoll select pselect6 epoll_wait epoll_pwait nanosleep clock_nanosleep wait4 waitid pause",
    "processes and threads": "fork vfork clone clone3 execve execveat exit exit_group",
}
FAMILIES = {family: frozenset(calls.split()) for family, calls in _TABLE.items()}


def call_mix(demand: Demand) -> dict[str, float]:
    """Calls per unit of work by family, most frequent first; empty where no calls were counted."""
    family_of = {call: family for family, calls in FAMILIES.items() for call in calls}
    mix: dict[str, float] = {}
    for call in demand.system_calls:
        family = family_of.get(call.name, "other")
        mix[family] = mix.get(family, 0.0) + call.calls
    return dict(sorted(mix.items(), key=lambda item: -item[1]))
