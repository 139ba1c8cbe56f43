"""The processes of a run as a whole: wait for the first, end them all, account for them all.

A command leads a process group of its own. What leaves that group comes back to us as an orphan, for we are its
subreaper, and is ended one by one. So nothing survives but what a process of another user started.
"""

from __future__ import annotations

import ctypes
import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage

from cerberus_plan.calibration.programs.observe.guard import guards
from cerberus_plan.calibration.programs.observe.signals import Signals

GRACE_S = 2.0  # between asking (SIGTERM) and killing
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Remains:
    """Exit code of the command, what it and its orphans used, and how many of those we had to end."""

    exit_code: int
    usages: list[struct_rusage]
    left_behind: int


def ends_within(pid: int, seconds: float) -> bool:
    """Whether our child ends in this time; without pidfd (Linux before 5.3) it is asked every 2 ms."""
    try:
        watch = os.pidfd_open(pid)
    except OSError:
        until = time.perf_counter() + seconds
        while not (ended := _is_zombie(pid)) and time.perf_counter() < until:
            time.sleep(0.002)
        return ended
    try:
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        return bool(poll.poll(math.ceil(seconds * 1000)))
    finally:
        os.close(watch)


def _is_zombie(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def stop(pids: Sequence[int], signals: Signals) -> None:
    """Ask whole groups to end, all at once, and kill what has not in time; a second Ctrl-C cuts the waiting short."""
    for pid in pids:
        _signal_group(pid, signal.SIGTERM)
        _signal_group(pid, signal.SIGCONT)  # a stopped process sees SIGTERM only when it goes on
    until, left = time.perf_counter() + GRACE_S, list(pids)
    while left and time.perf_counter() < until and signals.pending is None:
        if ends_within(left[-1], 0.05):
            left.pop()
    for pid in pids:
        _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, signum: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # already gone, or now another user's
        os.killpg(pid, signum)


def reap(child: subprocess.Popen[bytes], strangers: set[int]) -> Remains:
    """Collect the command, then end and collect whatever it left behind, to the last descendant."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)  # subprocess need not wait for it any more
    _signal_group(child.pid, signal.SIGKILL)
    usages, left_behind = [usage], 0
    while orphans := children() - strangers:
        for pid in orphans:
            reaped, _, usage = os.wait4(pid, os.WNOHANG)
            if not reaped:
                left_behind += 1
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
                _, _, usage = os.wait4(pid, 0)
            usages.append(usage)
    return Remains(child.returncode, usages, left_behind)


@contextmanager
def subreaper() -> Iterator[None]:
    """Orphans of our descendants become our children in this block instead of those of init."""
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def children() -> set[int]:
    """Our child processes but the guard, dead or alive, read from the fourth field of /proc/PID/stat.

    The second field is a name in brackets that may hold spaces and brackets: fields count from the last one.
    """
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended while we looked
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(fields[1]) == os.getpid():
                    found.add(int(entry.name))
    return found - guards()
