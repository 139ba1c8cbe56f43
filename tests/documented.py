"""A page of the documentation whose examples need its files: what it shows, and a folder to run that in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[tuple[str, list[str]]]:
    """Each command on a page with the lines shown under it."""
    found: list[tuple[str, list[str]]] = []
    for language, _, text in _BLOCK.findall(page):
        for line in text.splitlines() if language == "console" else []:
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


class Reader:
    """Somebody with the page's files in a folder, and the program on the path."""

    def __init__(self, page: str, folder: Path, **environment: str) -> None:
        self._folder = folder
        for _, name, text in _BLOCK.findall(page):
            if name:
                (folder / name).write_text(text, encoding="utf-8")
        program = folder / "cerberus-plan"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m cerberus_plan "$@"\n')
        program.chmod(0o755)
        path = f"{folder}:{os.environ['PATH']}"
        self._environment = os.environ | {"PATH": path, "LC_ALL": "C.UTF-8"} | environment

    def runs(self, command: str) -> tuple[int, list[str]]:
        """Exit code of a command of the shell, and all lines that it printed."""
        done = subprocess.run(
            command, shell=True, cwd=self._folder, env=self._environment, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).splitlines()
