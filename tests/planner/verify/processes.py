"""CPUs and programs that tests of verification start from, and which of their processes are still there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

CPUS = tuple(sorted(os.sched_getaffinity(0)))[:2]
two_cpus = pytest.mark.skipif(len(CPUS) < 2, reason="needs two CPUs")
PYTHON = (sys.executable, "-I", "-S", "-c")


def survivors(mark: str, where: str = "cmdline") -> list[str]:
    """Processes whose command line or environment holds the mark."""
    found = []
    for file in Path("/proc").glob(f"[0-9]*/{where}"):
        try:
            text = file.read_text(errors="replace")
        except OSError:
            continue
        if mark in text and (where == "environ" or "pytest" not in text):
            found.append(text)
    return found
