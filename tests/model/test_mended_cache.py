"""Compiled loops that cannot be read are compiled again, once; those that can load without tables of the compiler."""

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


def _run(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kept"), "NUMBA_DISABLE_JIT": "0"}
    command = [sys.executable, "-P", str(folder / "loop.py"), *arguments]
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


_THEN_COMPILE = (
    _MODULE
    + """
import sys
import numpy as np

@kernel
def total(row):
    found = 0.0
    for i in range(row.size):
        found += np.sqrt(row[i])
    return found

print("numba.np.npyimpl" in sys.modules)
if sys.argv[1:]:
    print(double(1.25), sum(double.stats.cache_misses.values()), total(np.array([2.25, 6.25])))
"""
)


_COUNTING = """
import numba
import numpy as np
from cerberus_plan.model.mended_cache import kept

@kept
@numba.njit
def total(count):
    return np.ones(count).sum()

print(total(42), sum(total.stats.cache_hits.values()))
"""


@pytest.mark.slow
def test_a_kept_loop_that_counts_references_loads(tmp_path: Path) -> None:
    """Its functions are there when it is loaded: without them the whole process ended."""
    (tmp_path / "loop.py").write_text(_COUNTING)
    assert [_run(tmp_path), _run(tmp_path)] == ["42.0 0", "42.0 1"]


@pytest.mark.slow
def test_a_kept_loop_needs_no_compiler_and_what_follows_it_compiles(tmp_path: Path) -> None:
    """Loading leaves out what only compiling needs; a new type and a new loop in the same process still compile."""
    (tmp_path / "loop.py").write_text(_THEN_COMPILE)
    assert _run(tmp_path).split() == ["42", "0", "True"]
    assert _run(tmp_path).split() == ["42", "1", "False"]
    assert _run(tmp_path, "more").split() == ["42", "1", "False", "2.5", "1", "4.0"]
