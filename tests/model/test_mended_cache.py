"""Compiled loops that cannot be read are compiled again, once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_MODULE = """
import numba
from cerberus_plan.model.kernel import kernel

@kernel
def double(x):
    return x + x

print(double(21), sum(double.stats.cache_hits.values()))
"""


def _run(folder: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kept"), "NUMBA_DISABLE_JIT": "0"}
    command = [sys.executable, "-P", str(folder / "loop.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["nbc", "nbi"])
@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda _: b"", lambda data: b"x" + data[1:]])
def test_damaged_files_are_made_anew(suffix, damage, tmp_path: Path) -> None:
    """The answer stays right, the next start is quick again: no run after it compiles."""
    (tmp_path / "loop.py").write_text(_MODULE)
    assert [_run(tmp_path), _run(tmp_path)] == ["42 0", "42 1"]
    files = list((tmp_path / "kept").rglob(f"*.{suffix}"))
    assert files
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    assert [_run(tmp_path), _run(tmp_path)] == ["42 0", "42 1"]
