"""Ctrl-C while packages are imported: one line and the exit code of an interruption, and no traceback.

An extension that is interrupted in the middle of its import (numpy's array module) prints a traceback of its own and
raises an ImportError, which nobody could tell from a broken installation. Nothing is running yet that would have to be
cleaned up, so the process ends at once.
When not to use it: around work; an interruption there is KeyboardInterrupt, and clean-up runs.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

INTERRUPTED = 130
MESSAGE = "interrupted; nothing half-written is left"


def _leave(_number: int, _frame: object) -> None:
    os.write(2, f"cerberus-plan: {MESSAGE}\n".encode())
    os._exit(INTERRUPTED)


@contextmanager
def imports() -> Iterator[None]:
    """Leave at once on Ctrl-C meanwhile, where it would have been a KeyboardInterrupt."""
    ours = current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, _leave)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
