"""What to call the program in a command line: the script rather than its interpreter, without path and suffix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

LAUNCHERS = re.compile(
    r"(python|pypy|perl|ruby|node|java|lua|bash|dash|sh|zsh|env|nice|ionice|chrt|taskset|numactl|time|timeout|stdbuf|"
    r"sudo|mpirun|mpiexec)[\d.]*"
)


def program_name(command: Sequence[str]) -> str:
    """The first word that is a program and no launcher, option, number or assignment."""
    for word in command:
        name = Path(word).name
        is_file_name = re.fullmatch(r"[A-Za-z_][\w.+-]*", name) is not None
        if is_file_name and not word.startswith("-") and not LAUNCHERS.fullmatch(name):
            return Path(name).stem or name
    return Path(command[0]).stem or "program"
