"""Persistent workers, in threads and in forked processes, that run one role of a batch at a time.

A worker waits on a socket for (loop number, role, count, area, core), pins itself, runs the compiled loop
and answers. Processes are forked after compilation, so they inherit the machine code, and before the first
thread is started, because a fork copies only the calling thread. Workers persist: the teardown of a
process would disturb the batches after it.

SCHED_FIFO is used only when asked for, and set before the affinity: a normal thread moved onto a core where
a real-time one spins would starve.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import socket
import struct
import threading
from typing import TYPE_CHECKING

from cerberus_plan.model.errors import CannotAnswerError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COMMAND = struct.Struct("6q")
_DONE = b"done"
_PR_SET_PDEATHSIG = 1
#: A batch lasts milliseconds; a worker silent for so long is stuck or dead.
SILENCE_S = 60.0


def die_with_parent(number: int) -> None:
    """Ask the kernel to send signal ``number`` to this process when its parent ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def request_real_time() -> None:
    """Give the calling thread the lowest real-time priority.

    Raises:
        InputError: The system does not allow it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError as error:
        raise InputError(
            "--fifo needs the right to real-time scheduling (root, CAP_SYS_NICE or `ulimit -r`); "
            "run without it, or as root"
        ) from error


def _serve(channel: socket.socket, loops: Sequence[Callable[[int, int, int, int], int]], *, fifo: bool) -> None:
    """Answer commands until the other end closes."""
    if fifo:
        request_real_time()
    pinned = -1
    with channel:
        while command := channel.recv(_COMMAND.size):
            loop, frame, role, count, area, cpu = _COMMAND.unpack(command)
            try:
                if cpu != pinned:
                    os.sched_setaffinity(0, {cpu})  # 0 is the calling thread, not the process
                    pinned = cpu
                loops[loop](frame, role, count, area)
                channel.send(_DONE)
            except OSError as error:
                channel.send(f"worker on core {cpu}: {error}".encode())


class Worker:
    """One end of the socket to a worker; the worker ends when this end is closed."""

    def __init__(
        self, *, loops: Sequence[Callable[[int, int, int, int], int]], process: bool, fifo: bool = False
    ) -> None:
        self._loops = loops
        self._near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._near.settimeout(SILENCE_S)
        self._pid = 0
        self._thread: threading.Thread | None = None
        if process:
            self._pid = self._fork(far, fifo=fifo)
            far.close()
        else:
            self._thread = threading.Thread(target=_serve, args=(far, loops), kwargs={"fifo": fifo}, daemon=True)
            self._thread.start()

    def _fork(self, far: socket.socket, *, fifo: bool) -> int:
        pid = os.fork()
        if pid:
            return pid
        try:  # in the child: never return into the caller's stack
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            die_with_parent(signal.SIGKILL)
            self._near.close()
            gc.disable()
            _serve(far, self._loops, fifo=fifo)
        finally:
            os._exit(0)

    def command(self, *, loop: int, frame: int, role: int, count: int, area: int, cpu: int) -> None:
        """Start one role; the answer is fetched by ``wait``."""
        self._near.send(_COMMAND.pack(loop, frame, role, count, area, cpu))

    def wait(self) -> None:
        """Wait for the answer to the last command.

        Raises:
            CannotAnswerError: The worker failed or fell silent.
        """
        try:
            answer = self._near.recv(4096)
        except TimeoutError as error:
            raise CannotAnswerError(
                f"a benchmark worker gave no answer for {SILENCE_S:.0f} s; the machine is overloaded or the "
                "worker was stopped; try again when the machine is quieter"
            ) from error
        if answer != _DONE:
            raise CannotAnswerError(answer.decode(errors="replace") or "a benchmark worker ended early")

    def close(self) -> None:
        """End the worker and wait for it."""
        self._near.close()
        if self._thread is not None:
            self._thread.join(timeout=1.0)
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
