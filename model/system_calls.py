"""System calls of Linux by name, once: what they are about, what they become in a workload, how a cluster treats them.

Each group of calls says three things: the family under which people see it, the operation of a workload that one
call of it is (or none), and the category under which a cluster intercepts it (or none, where the source leaves it
alone). Variants (``pread64``, ``clone3``, ``sendmmsg``, 32-bit ``mmap2``) are in the group of the call they
replace.
Assumption: what a call is about follows from its name; read and write may be on files, pipes or sockets.
When not to use it: for other systems' names. Source: syscalls(2); categories: OS clustering, EuroSys 2011, section
4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """The five kinds of virtualised calls."""

    CREATION = "creation"
    THREADS = "threads"
    MEMORY = "memory"
    NETWORK = "network"
    FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Calls that are treated alike.

    Attributes:
        calls: their names.
        family: what they are about, for people; empty for calls that go under "other".
        operation: what one of them is in the vocabulary of workloads; empty for none.
        category: how a cluster intercepts them; None where it does not.
    """

    calls: tuple[str, ...]
    family: str = ""
    operation: str = ""
    category: Category | None = None


def _group(calls: str, family: str = "", *, operation: str = "", category: Category | None = None) -> Group:
    return Group(calls=tuple(calls.split()), family=family, operation=operation, category=category)


_DATA, _OPEN, _NAMES, _LOOK = "read and write", "open and close", "names in folders", "look up"
_MEMORY, _NETWORK, _WAIT, _PROCESSES = "memory", "network", "waiting", "processes and threads"

DATA = _group(
    "read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 lseek", _DATA, category=Category.FILES
)
BULK = _group("sendfile splice copy_file_range fsync fdatasync io_submit io_uring_enter", _DATA)
TRUNCATE = _group("truncate ftruncate", category=Category.FILES)
OPENING = _group("open openat openat2 creat close", _OPEN, category=Category.FILES)
NAMES = _group("unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir", _NAMES, category=Category.FILES)
LINKS = _group("link linkat symlink symlinkat mknod mknodat", _NAMES)
ATTRIBUTES = _group("stat fstat lstat newfstatat statx", _LOOK, category=Category.FILES)
LISTINGS = _group("readdir getdents getdents64", _LOOK, category=Category.FILES)
PERMISSIONS = _group("access faccessat faccessat2 readlink readlinkat getcwd", _LOOK)
ADDRESS_SPACE = _group(
    "mmap mmap2 munmap mprotect mremap brk", _MEMORY, operation="address_space_calls", category=Category.MEMORY
)
ADVICE = _group("madvise", _MEMORY)
SENDING = _group("send sendto sendmsg sendmmsg", _NETWORK, operation="packets_sent", category=Category.NETWORK)
RECEIVING = _group("recv recvfrom recvmsg recvmmsg", _NETWORK, operation="packets_received", category=Category.NETWORK)
SOCKETS = _group("socket connect accept accept4 bind listen shutdown", _NETWORK, category=Category.NETWORK)
SOCKET_OPTIONS = _group("getsockopt setsockopt socketpair", _NETWORK)
POLLING = _group("poll ppoll select pselect6 epoll_wait epoll_pwait epoll_pwait2", _WAIT, category=Category.NETWORK)
FUTEXES = _group("futex", _WAIT, category=Category.THREADS)
REAPING = _group("wait4 waitid waitpid", _WAIT, category=Category.CREATION)
SLEEPING = _group("nanosleep clock_nanosleep pause", _WAIT)
FORKING = _group("fork vfork", _PROCESSES, category=Category.CREATION)
CLONING = _group("clone clone3", _PROCESSES, category=Category.CREATION)
EXECUTING = _group("exec execve execveat exit exit_group", _PROCESSES, category=Category.CREATION)
IDENTITY = _group("getpid getppid", category=Category.CREATION)
SIGNALS = _group("signal kill tkill tgkill rt_sigqueueinfo", category=Category.THREADS)

GROUPS = (
    *(DATA, BULK, TRUNCATE, OPENING, NAMES, LINKS, ATTRIBUTES, LISTINGS, PERMISSIONS, ADDRESS_SPACE, ADVICE),
    *(SENDING, RECEIVING, SOCKETS, SOCKET_OPTIONS, POLLING, FUTEXES, REAPING, SLEEPING),
    *(FORKING, CLONING, EXECUTING, IDENTITY, SIGNALS),
)


def _by_family() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for group in GROUPS:
        if group.family:
            found[group.family] = found.get(group.family, frozenset()) | frozenset(group.calls)
    return found


FAMILIES = _by_family()
CALLS_OF = {group.operation: group.calls for group in GROUPS if group.operation}
CATEGORY_OF = {call: group.category for group in GROUPS for call in group.calls if group.category is not None}
