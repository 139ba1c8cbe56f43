"""Start the measuring process, read its lines, and survive whatever happens to it.

A guest can hang, the hypervisor can kill the process, the kernel can refuse: each costs one phase, with its
reason, and the rest is measured by a new process that skips it.
Assumptions: the child says "begin" before each phase, so silence and death have a name.
When not to use it: where subprocesses are forbidden.
Source: ``calibration.kvm.child`` for the lines.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final, cast

from cerberus_plan.calibration.harness.case import Batch
from cerberus_plan.calibration.host.child import ended, python

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHILD: Final = tuple(python("-m", "cerberus_plan.calibration.kvm.child"))
_STDERR_CHARACTERS: Final = 300


@dataclass(slots=True, kw_only=True)
class Heard:
    """Everything the measuring processes said.

    Attributes:
        batches: Batches in the order they came.
        refusals: Phase -> why it was not, or no longer, measured.
        counted: KVM's counters over guest page-table writes.
        phase: What was begun last.
        ended: Whether the last process came to its end.
    """

    batches: list[Batch] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    counted: dict[str, int] | None = None
    phase: str = "start"
    ended: bool = False

    def take(self, line: dict[str, Any]) -> None:
        """Note one line."""
        match line:
            case {"begin": phase}:
                self.phase = str(phase)
            case {"batch": record}:
                self.batches.append(Batch.from_record(record))
            case {"refused": phase, "reason": reason}:
                self.refusals[str(phase)] = str(reason)
            case {"counted": counted}:
                self.counted = dict(counted)
            case {"end": _}:
                self.ended = True


def listen(
    heard: Heard,
    *,
    rounds: int,
    process: int,
    silence_s: float,
    deadline: float,
    command: Sequence[str] = _CHILD,
) -> None:
    """Run one measuring process and add what it says to ``heard``.

    Args:
        heard: Where to add; its refused phases are skipped.
        rounds: Rounds to measure.
        process: Number of this process.
        silence_s: Time without a line after which it counts as hung [s].
        deadline: ``time.monotonic()`` at which to stop in any case [s].
        command: What to start.
    """
    heard.phase, heard.ended = "start", False
    skip = [f"--skip={phase}" for phase in heard.refusals]
    options = [*command, "--rounds", str(rounds), "--process", str(process), *skip]
    try:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            options,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        heard.refusals[heard.phase] = f"the measuring process could not be started: {error.strerror}"
        return
    with child:
        try:
            why = _read(heard, child, silence_s=silence_s, deadline=deadline)
        finally:
            child.kill()
        if not heard.ended:
            heard.refusals[heard.phase] = why or _death(child)


def _read(heard: Heard, child: subprocess.Popen[bytes], *, silence_s: float, deadline: float) -> str:
    for line in _lines(cast("IO[bytes]", child.stdout), silence_s=silence_s, deadline=deadline):
        if line is None:
            late = time.monotonic() >= deadline
            waited = "the time for the whole probe was up" if late else f"no answer for {silence_s:g} s"
            return f"{waited}; the measuring process was stopped"
        heard.take(json.loads(line))
    child.wait()
    return ""


def _lines(stream: IO[bytes], *, silence_s: float, deadline: float) -> Iterator[bytes | None]:
    """Whole lines as they come; None, once, when there was silence for too long."""
    rest = b""
    while True:
        left = min(silence_s, deadline - time.monotonic())
        if left <= 0.0 or not select.select([stream], [], [], left)[0]:
            yield None
            return
        chunk = os.read(stream.fileno(), 1 << 16)
        if not chunk:
            return
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def _death(child: subprocess.Popen[bytes]) -> str:
    said = cast("IO[bytes]", child.stderr).read().decode("utf-8", "replace").strip().splitlines()
    last = f": {said[-1][:_STDERR_CHARACTERS]}" if said else ""
    return f"the measuring process {ended(child.returncode)}{last}"
