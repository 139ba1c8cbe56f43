"""One run of a command on given CPUs: what it used, what it wrote, and nothing of it left behind.

The command gets a session of its own, so that it and its children can be ended together; children that fled
into sessions of their own come back to us as orphans (we are their subreaper) and are ended and counted too.
Times and faults are what the kernel accounts to the command and all its descendants (``wait4``).
Assumption: the affinity is inherited at fork, so it is set on this thread for the moment of starting; a function
run between fork and exec would cost the child page faults that are not its own.
When not to use it: for programs that need a terminal or standard input (they get neither).
"""

from __future__ import annotations

import ctypes
import math
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from resource import struct_rusage
from typing import IO

from calibration.observe.signals import Signals
from model.errors import CannotAnswerError, InputError

MAX_OUTPUT_BYTES = 256 * 2**20  # more than this is not a report, and would fill the disk
GRACE_S = 2.0  # between asking (SIGTERM) and killing
TICK_S = 0.25  # how often the size of the output is looked at
PR_SET_CHILD_SUBREAPER = 36
TAIL_LINES = 20
BLOCK_BYTES = 512  # the unit of ru_inblock and ru_oublock on Linux, whatever the file system


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What one run used (totals over all its processes) and wrote.

    Attributes:
        elapsed_s: wall-clock seconds from start to end of the command itself.
        output: standard output and error, interleaved as written.
        exit_code: as shells say it; negative for the signal that ended it.
        timed_out: whether we ended it because its time was up.
        left_behind: processes that outlived the command and were ended.
    """

    elapsed_s: float
    user_s: float
    system_s: float
    minor_faults: int
    major_faults: int
    voluntary_switches: int
    involuntary_switches: int
    read_bytes: int
    written_bytes: int
    output: str
    exit_code: int
    timed_out: bool
    left_behind: int

    @property
    def tail(self) -> str:
        """The last lines of the output, indented, for messages."""
        lines = self.output.rstrip().splitlines()[-TAIL_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"

    @property
    def failure(self) -> str | None:
        """How it failed, or None if it exited with 0 in time."""
        if self.timed_out:
            return f"was stopped after {self.elapsed_s:.1f} s, its time limit"
        if self.exit_code < 0:
            return f"was ended by {signal.Signals(-self.exit_code).name}"
        return f"failed with exit code {self.exit_code}" if self.exit_code else None


def run(command: Sequence[str], *, cpus: Sequence[int], timeout_s: float | None, signals: Signals) -> Finished:
    """Run a command on the given CPUs and wait for it.

    Args:
        command: program and arguments; no shell in between.
        cpus: CPU numbers it may use.
        timeout_s: end it after so many seconds; None for no limit.
        signals: the active context for Ctrl-C and the like.

    Raises:
        InputError: the program cannot be started.
        CannotAnswerError: it wrote more than `MAX_OUTPUT_BYTES`.
        Stopped: the user asked to stop; nothing of the command is left.
    """
    with tempfile.TemporaryFile() as output, _subreaper():
        strangers = _children()
        child: subprocess.Popen[bytes] | None = None
        why = Why.STOPPED
        started = time.perf_counter()
        try:
            with signals.held():
                child = _start(command, cpus, output)
            why = _wait(child.pid, output, None if timeout_s is None else started + timeout_s)
        finally:
            elapsed_s = time.perf_counter() - started
            if child is not None:
                with signals.held():
                    if why is not Why.ENDED:
                        _stop(child.pid, signals)
                    remains = _reap(child, strangers)
        if why is Why.TOO_MUCH:
            raise CannotAnswerError(
                f"{command[0]} wrote more than {MAX_OUTPUT_BYTES // 2**20} MiB; send what is not needed to /dev/null"
            )
        return _finished(remains, output, elapsed_s, timed_out=why is Why.TIME)


class Why(Enum):
    """Why waiting for a command came to an end."""

    ENDED = "it ended by itself"
    TIME = "its time was up"
    TOO_MUCH = "it wrote too much"
    STOPPED = "we were asked to stop"


@dataclass(frozen=True, slots=True)
class _Remains:
    """Exit code of the command, what it and its orphans used, and how many of those we had to end."""

    exit_code: int
    usages: list[struct_rusage]
    left_behind: int


def _start(command: Sequence[str], cpus: Sequence[int], output: IO[bytes]) -> subprocess.Popen[bytes]:
    ours = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, cpus)
        return subprocess.Popen(  # noqa: S603 (running the user's command is the purpose)
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise InputError(f"there is no program {command[0]!r}; give its path or check PATH") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot run {command[0]!r} on CPUs {list(cpus)}: {reason}") from error
    finally:
        os.sched_setaffinity(0, ours)


def _wait(pid: int, output: IO[bytes], deadline: float | None) -> Why:
    """Wait until the process ends (it stays a zombie), its time is up, or it has written too much."""
    while True:
        left = TICK_S if deadline is None else min(TICK_S, max(deadline - time.perf_counter(), 0.0))
        if _ends_within(pid, left):
            return Why.ENDED
        if os.fstat(output.fileno()).st_size > MAX_OUTPUT_BYTES:
            return Why.TOO_MUCH
        if deadline is not None and time.perf_counter() >= deadline:
            return Why.TIME


def _ends_within(pid: int, seconds: float) -> bool:
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


def _stop(pid: int, signals: Signals) -> None:
    """Ask the whole group to end, and kill it when it does not; a second Ctrl-C cuts the waiting short."""
    _signal_group(pid, signal.SIGTERM)
    _signal_group(pid, signal.SIGCONT)  # a stopped process sees SIGTERM only when it goes on
    until = time.perf_counter() + GRACE_S
    while time.perf_counter() < until and signals.pending is None:
        if _ends_within(pid, 0.05):
            break
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, signum: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # already gone, or now another user's
        os.killpg(pid, signum)


def _reap(child: subprocess.Popen[bytes], strangers: set[int]) -> _Remains:
    """Collect the command, then end and collect whatever it left behind, to the last descendant."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)  # subprocess need not wait for it any more
    _signal_group(child.pid, signal.SIGKILL)
    usages, left_behind = [usage], 0
    while orphans := _children() - strangers:
        for pid in orphans:
            reaped, _, usage = os.wait4(pid, os.WNOHANG)
            if not reaped:
                left_behind += 1
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
                _, _, usage = os.wait4(pid, 0)
            usages.append(usage)
    return _Remains(child.returncode, usages, left_behind)


def _finished(remains: _Remains, output: IO[bytes], elapsed_s: float, *, timed_out: bool) -> Finished:
    output.seek(0)
    usages = remains.usages
    return Finished(
        elapsed_s=elapsed_s,
        user_s=sum(usage.ru_utime for usage in usages),
        system_s=sum(usage.ru_stime for usage in usages),
        minor_faults=sum(usage.ru_minflt for usage in usages),
        major_faults=sum(usage.ru_majflt for usage in usages),
        voluntary_switches=sum(usage.ru_nvcsw for usage in usages),
        involuntary_switches=sum(usage.ru_nivcsw for usage in usages),
        read_bytes=sum(usage.ru_inblock for usage in usages) * BLOCK_BYTES,
        written_bytes=sum(usage.ru_oublock for usage in usages) * BLOCK_BYTES,
        output=output.read().decode("utf-8", errors="replace"),
        exit_code=remains.exit_code,
        timed_out=timed_out,
        left_behind=remains.left_behind,
    )


@contextmanager
def _subreaper() -> Iterator[None]:
    """Orphans of our descendants become our children in this block instead of those of init."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _children() -> set[int]:
    """Our child processes, dead or alive, read from the fourth field of /proc/PID/stat.

    The second field is a name in brackets that may hold spaces and brackets: fields count from the last one.
    """
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended while we looked
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(fields[1]) == os.getpid():
                    found.add(int(entry.name))
    return found
