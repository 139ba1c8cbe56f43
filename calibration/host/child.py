"""How a child of ours is started: a Python that sees what is installed, and nothing of the folder it is started in.

And how any process ended, in words.

A program started with ``-m`` or ``-c`` would look for its imports in the working folder first, where a user's own
``numpy.py``, or a stranger's, would be run with the user's rights. ``-P`` leaves that folder out.
When not to use it: for the user's own programs; their Python is theirs.
Source: Python documentation, command line, option -P.
"""

from __future__ import annotations

import signal
import sys


def python(*arguments: str) -> list[str]:
    """The command that runs our interpreter with ``-m module`` or ``-c text``, safe from the working folder."""
    return [sys.executable, "-P", *arguments]


def ended(code: int) -> str:
    """How a process ended, by its exit code, or its signal below zero."""
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL, as when memory runs out)"
    return f"was ended by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"


def signal_name(number: int) -> str:
    """``SIGSEGV``; real-time signals, most of which have no name, as gdb writes them: ``SIG35``."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
