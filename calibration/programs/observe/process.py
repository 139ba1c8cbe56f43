"""One run of a command on given CPUs: what it used, what it wrote, and nothing of it left behind.

The command gets a process group of its own (`start`), so that it and its children can be ended together; children that
fled from it come back to us as orphans (we are their subreaper) and are ended and counted too.
Times and faults are what the kernel accounts to the command and all its descendants (``wait4``).
When not to use it: for programs that need a terminal or standard input (they get neither).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import IO

from cerberus_plan.calibration.host.child import ended
from cerberus_plan.calibration.programs.observe.group import Remains, children, ends_within, reap, stop, subreaper
from cerberus_plan.calibration.programs.observe.guard import watch
from cerberus_plan.calibration.programs.observe.placeholders import known
from cerberus_plan.calibration.programs.observe.served import ServerUse, is_served, told
from cerberus_plan.calibration.programs.observe.signals import Signals
from cerberus_plan.calibration.programs.observe.start import start
from cerberus_plan.model.errors import CannotAnswerError
from cerberus_plan.model.plain import plain, shortened

MAX_OUTPUT_BYTES = 256 * 2**20  # more than this is not a report, and would fill the disk
TICK_S = 0.25  # how often the size of the output is looked at
TAIL_LINES, TAIL_WIDTH, TAIL_CHARACTERS = 20, 160, 2**16
BLOCK_BYTES = 512  # the unit of ru_inblock and ru_oublock on Linux, whatever the file system


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What one run used (totals over all its processes) and wrote.

    Attributes:
        elapsed_s: wall-clock seconds from start to end of the command itself.
        output: standard output and error, interleaved as written.
        server: what a server used, where the command was one under its load (`serve`); its line is not in the output.
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
    server: ServerUse | None = None

    @property
    def tail(self) -> str:
        """The last lines of the output, indented and shortened, for messages."""
        end = self.output[-TAIL_CHARACTERS:].rstrip()
        lines = end.splitlines()[-TAIL_LINES:]
        return "\n".join(f"    {shortened(plain(line), TAIL_WIDTH)}" for line in lines) or "    (it wrote nothing)"

    @property
    def failure(self) -> str | None:
        """How it failed, or None if it exited with 0 in time."""
        if self.timed_out:
            return f"was stopped after {self.elapsed_s:.1f} s, its time limit"
        if self.exit_code < 0:
            return ended(self.exit_code)
        return f"failed with exit code {self.exit_code}" if self.exit_code else None


def run(command: Sequence[str], *, cpus: Sequence[int], timeout_s: float | None, signals: Signals) -> Finished:
    """Run a command, as one instance, on the given CPUs and wait for it.

    Args:
        command: program and arguments, with placeholders; no shell in between.
        cpus: CPU numbers it may use.
        timeout_s: end it after so many seconds; None for no limit.
        signals: the active context for Ctrl-C and the like.

    Raises:
        InputError: the program cannot be started.
        CannotAnswerError: it wrote more than `MAX_OUTPUT_BYTES`.
        Stopped: the user asked to stop; nothing of the command is left.
    """
    values = known(instances=1, instance=0, cores=len(cpus), cpus=cpus)
    watch()
    with tempfile.TemporaryFile() as output, subreaper():
        strangers = children()
        child = None
        why = Why.STOPPED
        started = time.perf_counter()
        try:
            with signals.held():
                child = start(command, cpus=cpus, output=output, values=values)
            why = _wait(child.pid, output, None if timeout_s is None else started + timeout_s)
        finally:
            elapsed_s = time.perf_counter() - started
            if child is not None:
                with signals.held():
                    if why is not Why.ENDED:
                        stop([child.pid], signals)
                    remains = reap(child, strangers)
        if why is Why.TOO_MUCH or too_much(output):
            raise CannotAnswerError(
                f"{command[0]} wrote more than {MAX_OUTPUT_BYTES // 2**20} MiB; send what is not needed to /dev/null"
            )
        return finished(command, remains, output, elapsed_s, timed_out=why is Why.TIME)


class Why(Enum):
    """Why waiting for a command came to an end."""

    ENDED = "it ended by itself"
    TIME = "its time was up"
    TOO_MUCH = "it wrote too much"
    STOPPED = "we were asked to stop"


def _wait(pid: int, output: IO[bytes], deadline: float | None) -> Why:
    """Wait until the process ends (it stays a zombie), its time is up, or it has written too much."""
    while True:
        left = TICK_S if deadline is None else min(TICK_S, max(deadline - time.perf_counter(), 0.0))
        if ends_within(pid, left):
            return Why.ENDED
        if too_much(output):
            return Why.TOO_MUCH
        if deadline is not None and time.perf_counter() >= deadline:
            return Why.TIME


def too_much(output: IO[bytes]) -> bool:
    """Whether more was written to this file than is kept."""
    return os.fstat(output.fileno()).st_size > MAX_OUTPUT_BYTES


def finished(
    command: Sequence[str], remains: Remains, output: IO[bytes], elapsed_s: float, *, timed_out: bool
) -> Finished:
    """What a collected command used and wrote; ``output`` is the file it wrote to."""
    output.seek(0)
    text = output.read(MAX_OUTPUT_BYTES).decode("utf-8", errors="replace")
    printed, server = told(text) if is_served(command) and remains.exit_code == 0 else (text, None)
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
        output=printed,
        exit_code=remains.exit_code,
        timed_out=timed_out,
        left_behind=remains.left_behind,
        server=server,
    )
