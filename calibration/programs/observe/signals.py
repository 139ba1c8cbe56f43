"""Ctrl-C, SIGTERM and SIGHUP that never arrive in the middle of starting or ending a child.

While a `Signals` context is active these signals raise `Stopped`, which is a KeyboardInterrupt, in the main thread.
Inside ``with signals.held():`` they are remembered instead and raised at its end. Masks would be simpler but
children inherit them; handlers they do not.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The user or the system asked to stop; `signum` says how, and 128 + signum is the exit code."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self.signum = signum


class Signals:
    """A context in which stopping signals raise `Stopped`, at moments of our choice.

    Outside the main thread, where Python allows no handlers, it does nothing.
    """

    def __init__(self) -> None:
        self.pending: int | None = None
        self._holding = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for signum in STOPPING:
                if signal.getsignal(signum) is not signal.SIG_IGN:  # nohup means what it says
                    self._before[signum] = signal.signal(signum, self._arrived)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def _arrived(self, signum: int, _frame: FrameType | None) -> None:
        if self._holding:
            self.pending = signum
            return
        raise Stopped(signum)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Remember signals that arrive in this block and raise them at its end.

        Raises:
            Stopped: one arrived.
        """
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self.pending is not None:
            signum, self.pending = self.pending, None
            raise Stopped(signum)
