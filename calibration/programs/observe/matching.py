"""The last match of a user's pattern in a program's output, in bounded time and memory.

Backtracking may take exponential time in the length of a line, and remembers each step: the output is searched in
windows from its end, and the search as a whole may use so many seconds of processor time.
Assumptions: no match is longer than a window, and none crosses the start of a window's first line; Python's matcher
looks at signals while it works, so a timer's signal ends it.
When not to use it: outside the main thread, where Python delivers no signals: there the time is not bounded.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cerberus_plan.model.errors import InputError
from cerberus_plan.model.plain import shown

WINDOW = 2**22  # characters searched at once: what a matcher remembers of them fits into memory
LIMIT_S = 5.0  # processor time; a plain pattern reads the 256 MiB that an output may have in half of it


def last_match(pattern: re.Pattern[str], text: str, *, limit_s: float = LIMIT_S) -> re.Match[str] | None:
    """The last match, None if there is none.

    Raises:
        InputError: The pattern takes too long.
    """
    try:
        with _timed(limit_s):
            for start, end in _windows(text):
                found = None
                for found in pattern.finditer(text[start:end]):  # noqa: B007 - the last one is wanted
                    pass
                if found is not None:
                    return found
    except _TooLongError:
        raise InputError(
            f"the pattern {shown(pattern.pattern)} has not found its place after {limit_s:g} s of searching; "
            "write it without repetitions inside repetitions, as in 'ops/s: ([0-9.]+)'"
        ) from None
    return None


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Pieces of whole lines, from the end; a line longer than a window is cut."""
    end = len(text)
    while True:
        start = max(end - WINDOW, 0)
        if start:
            line = text.find("\n", start, end)
            start = line + 1 if 0 <= line < end - 1 else start
        yield start, end
        if start == 0:
            return
        end = start


class _TooLongError(Exception):
    """The timer rang."""


@contextmanager
def _timed(limit_s: float) -> Iterator[None]:
    """Raise `_TooLongError` after so much processor time in this block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_signum: int, _frame: FrameType | None) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)
