"""Streams of known rate beside a program: started on some CPUs, stopped and let go on, ended whatever happens.

When not to use it: where memory is short; ``room`` says whether the arrays fit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from cerberus_plan.calibration.host.child import ended, python
from cerberus_plan.calibration.host.spare_memory import spare_bytes
from cerberus_plan.calibration.host.topology import last_level_bytes
from cerberus_plan.calibration.programs.observe.guard import marked, temporary_folder
from cerberus_plan.calibration.programs.observe.hog import COLUMNS
from cerberus_plan.model.errors import CannotAnswerError

_MODULE = "cerberus_plan.calibration.programs.observe.hog"
_UNKNOWN_CACHE = 32 * 2**20
_TIMES_CACHE = 4  # STREAM's rule
_LEAST_ARRAY = 16 * 2**20
_MOST_MEMORY = 0.25  # of what is free
_START_S = 30.0  # a Python starts and touches its arrays, also on a busy host


class Hogs:
    """Streams on CPUs, one each; a context."""

    def __init__(self, cpus: Sequence[int], array_bytes: int) -> None:
        self._cpus = tuple(cpus)
        self._array_bytes = array_bytes
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Hogs:
        """Start them and wait until each has begun.

        Raises:
            CannotAnswerError: They do not begin.
        """
        with ExitStack() as stack:
            folder = Path(stack.enter_context(temporary_folder()))
            shape = (len(self._cpus), len(COLUMNS))
            table, self._said = folder / "streams", folder / "said"
            table.write_bytes(bytes(8 * shape[0] * shape[1]))
            self._told = np.memmap(table, dtype=np.float64, mode="r", shape=shape)
            spec = {"cpus": self._cpus, "path": str(table), "array_bytes": self._array_bytes}
            with self._said.open("wb") as said:
                self._process = subprocess.Popen(  # noqa: S603 (our own child)
                    python("-m", _MODULE, json.dumps(spec)), stdin=subprocess.DEVNULL, stderr=said, process_group=0,
                    env={**os.environ, **marked()},
                )  # fmt: skip
            stack.callback(self._end)  # Ctrl-C among the reasons: what was started is ended before anything else
            self._until_all_begin()
            self._stack = stack.pop_all()
        return self

    def _until_all_begin(self) -> None:
        until = time.monotonic() + _START_S
        while not (self.seen()[:, 0] > 0).all():
            if time.monotonic() > until:
                raise CannotAnswerError(
                    f"the streams beside the program did not begin within {_START_S:g} s; try again on a quieter host"
                )
            time.sleep(0.01)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _end(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:  # else its streams have ended with it
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _alive(self) -> subprocess.Popen[bytes] | None:
        """Their process; None afterwards.

        Raises:
            CannotAnswerError: It has ended by itself.
        """
        if self._process is not None and (code := self._process.poll()) is not None:
            said = self._said.read_text(errors="replace").strip().rpartition("\n")[2]
            raise CannotAnswerError(f"the streams beside the program ended too early: {said or 'it ' + ended(code)}")
        return self._process

    @property
    def pid(self) -> int:
        """Of the process that has started them; 0 before and afterwards."""
        return 0 if self._process is None else self._process.pid

    def pause(self) -> None:
        """Stop them where they are."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them run again."""
        self._signal(signal.SIGCONT)

    def _signal(self, signum: int) -> None:
        if (process := self._alive()) is not None:
            os.killpg(process.pid, signum)

    def seen(self) -> NDArray[np.float64]:
        """Bytes and processor seconds of each until now: shape (CPUs, 2).

        Raises:
            CannotAnswerError: One has ended by itself.
        """
        self._alive()
        return np.array(self._told)

    def rate(self, before: NDArray[np.float64]) -> float:
        """Bytes a second of them all since ``before``, while they had a CPU."""
        grown = self.seen() - before
        return float(np.sum(grown[:, 0] / np.maximum(grown[:, 1], 1e-9)))


def array_size(hogs: int, cpu: int) -> int | None:
    """Bytes of each array of so many hogs; None where that is more than this host can spare."""
    wanted = max(_TIMES_CACHE * (last_level_bytes(cpu) or _UNKNOWN_CACHE) // (2 * hogs), _LEAST_ARRAY)
    return wanted if 2 * hogs * wanted <= _MOST_MEMORY * spare_bytes() else None
