"""How a child of ours is started: a Python that sees what is installed, and nothing of the folder it is started in.

A program started with ``-m`` or ``-c`` would look for its imports in the working folder first, where a user's own
``numpy.py``, or a stranger's, would be run with the user's rights. ``-P`` leaves that folder out.
When not to use it: for the user's own programs; their Python is theirs.
Source: Python documentation, command line, option -P.
"""

from __future__ import annotations

import sys


def python(*arguments: str) -> list[str]:
    """The command that runs our interpreter with ``-m module`` or ``-c text``, safe from the working folder."""
    return [sys.executable, "-P", *arguments]
