"""How processes end is told for every code that a process can end with."""

from __future__ import annotations

import signal
import subprocess

import pytest

from cerberus_plan.calibration.host.child import ended, python, signal_name

LAST_SIGNAL = 64


@pytest.mark.parametrize("number", range(1, LAST_SIGNAL + 1))
def test_every_signal_has_a_name(number: int) -> None:
    """Of its own, which says its number or is the one of the standard library."""
    known = {each.value: each.name for each in signal.Signals}
    assert signal_name(number) == known.get(number, f"SIG{number}")
    assert signal_name(number) in ended(-number)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("os._exit(3)", "ended with exit code 3"),
        ("os.kill(os.getpid(), 11)", "was ended by SIGSEGV"),
        ("os.kill(os.getpid(), 35)", "was ended by SIG35"),
        ("os.kill(os.getpid(), 9)", "was killed (SIGKILL, as when memory runs out)"),
    ],
)
def test_a_real_end_is_told(ends: str, said: str) -> None:
    """By what the kernel says of it."""
    child = subprocess.run(python("-c", f"import os; {ends}"), check=False)
    assert ended(child.returncode) == said
