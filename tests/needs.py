"""What a test needs beyond the test environment: missing is a loud skip for users and a failure in CI."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest


def needed(*packages: str, extra: str = "notebook") -> None:
    """Skip, or fail in CI, when a package of an extra is missing."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        _missing(f"{', '.join(missing)} NOT installed: pip install -c constraints.txt '.[{extra}]'")


def needed_programs(*programs: str) -> None:
    """Skip, or fail in CI, when a program of the distribution is missing."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        _missing(f"{', '.join(missing)} NOT found: Debian: apt install {' '.join(missing)}")


def needed_files(what: str, *files: Path) -> None:
    """Skip, or fail in CI, when one of these files is missing."""
    if not all(file.is_file() for file in files):
        _missing(f"{what} NOT found at {', '.join(map(str, files))}")


def may_run_in_real_time() -> bool:
    """Whether real-time scheduling is granted, under which a busy host disturbs a measurement least."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


def _missing(why: str) -> None:
    if os.environ.get("CERBERUS_PLAN_CI"):
        pytest.fail(f"CI must test this: {why}")
    pytest.skip(f"NOT TESTED: {why}")
