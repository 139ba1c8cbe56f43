"""The same loops compiled from C, run beside ours to see whether the compiler or the language shows.

A loop called ``name`` has its twin in ``twins.c`` under the same name and signature; loops without a twin are not
compared. Cases of twins are called like ours with ``TWIN_SUFFIX`` and take part in the same random order.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cerberus_plan.model.errors import CannotAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cerberus_plan.calibration.harness.case import Case

TWIN_SUFFIX = " in C"
_SOURCE = Path(__file__).with_name("twins.c")


def compiler() -> str | None:
    """Path of a C compiler, None if there is none."""
    return shutil.which("gcc") or shutil.which("cc")


def build(folder: Path) -> ctypes.CDLL:
    """Compile the twins into ``folder`` and load them.

    Raises:
        CannotAnswerError: There is no C compiler, or it fails.
    """
    program = compiler()
    if program is None:
        raise CannotAnswerError(
            "--compare-c needs a C compiler: install gcc (Debian: apt install gcc), or leave it out"
        )
    target = folder / "twins.so"
    command = [program, "-O2", "-march=native", "-shared", "-fPIC", "-pthread", "-o", str(target), str(_SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own source
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CannotAnswerError(f"--compare-c: {program} cannot compile the twins: {last}")
    try:
        return ctypes.CDLL(str(target))
    except OSError as error:
        raise CannotAnswerError(
            f"--compare-c: cannot load what was compiled ({error}); if programs may not run from the temporary "
            "folder, set TMPDIR to one where they may"
        ) from error


def with_twins(cases: Sequence[Case], folder: Path) -> list[Case]:
    """``cases``, each followed by its twin in C where there is one.

    Raises:
        CannotAnswerError: As for ``build``.
    """
    library = build(folder)
    twins: dict[object, Callable[[int, int, int, int], int] | None] = {}
    found: list[Case] = []
    for case in cases:
        if case.loop not in twins:
            twins[case.loop] = _twin(library, getattr(case.loop, "__name__", ""))
        twin = twins[case.loop]
        found.append(case)
        if twin is not None:
            found.append(replace(case, name=case.name + TWIN_SUFFIX, loop=twin))
    return found


def _twin(library: ctypes.CDLL, name: str) -> Callable[[int, int, int, int], int] | None:
    """The function of that name; a plain function around it, since ctypes' own cannot be hashed."""
    function = getattr(library, name, None)
    if function is None:
        return None
    function.argtypes = [ctypes.c_int64] * 4
    function.restype = ctypes.c_int64

    def call(frame: int, role: int, count: int, area: int) -> int:
        return int(function(frame, role, count, area))

    return call
