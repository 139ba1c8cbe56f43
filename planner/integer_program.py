"""Solves integer programs to the proven best, and lets nothing be printed on the way.

Models: the least c x with bounds and rows on x, some of its entries whole. Assumptions: coefficients of one size, since
the solver keeps rows and whole numbers within a millionth; who needs sums that hold better must sum again.
Told to be silent, the solver still prints a line of C when it repairs an answer; beside ``--json`` it would break what
the next program reads, so C's own stream leads nowhere meanwhile. Python's streams, files and children are
untouched; what C code of another thread prints meanwhile is lost. Where the C library is not glibc the line stays.
When not to use it: for programs with a structure of their own, such as shortest paths.
Source: HiGHS, Huangfu and Hall, Mathematical Programming Computation 10 (2018), through ``scipy.optimize.milp``.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from cerberus_plan.model.laws.station import Array


def solve_integer_program(objective: Array, rows: Any, *, integrality: Any, bounds: Any, seconds: float) -> Any:
    """The best point found within a time.

    Args:
        objective: Weight of each variable, shape (variables,).
        rows: A ``scipy.optimize.LinearConstraint`` on them.
        integrality: 1 for each variable that is whole.
        bounds: A ``scipy.optimize.Bounds``.
        seconds: Most that the search may take.

    Returns:
        What ``scipy.optimize.milp`` returns: ``x`` is None without a point, ``status`` says why it ended.
    """
    from scipy.optimize import milp

    with _SILENCE:
        return milp(
            objective,
            integrality=integrality,
            bounds=bounds,
            constraints=rows,
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )


class _Silence:
    """C's ``stdout`` leads nowhere while anybody is within, whatever threads come and go in whatever order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._nowhere: int | None = None  # opened once and kept: a thread may still write to it
        self._before: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._within += 1
            if self._within == 1 and _is_glibc():
                stdout = _c_stdout()
                self._nowhere = self._nowhere or _opened(os.devnull)
                if self._nowhere:  # else no file may be opened: what is printed is the smaller evil
                    self._before, stdout.value = stdout.value, self._nowhere

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if self._within == 0 and self._before is not None:
                _c_stdout().value = self._before
                self._before = None


_SILENCE = _Silence()


def _is_glibc() -> bool:
    """Whether C's ``stdout`` is a variable that may be set; elsewhere it can be a constant."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):
        return False


def _c_stdout() -> Any:
    """The variable itself."""
    import ctypes

    return ctypes.c_void_p.in_dll(ctypes.CDLL(None), "stdout")


def _opened(path: str) -> int | None:
    """A stream of C to write to; None where it cannot be opened."""
    import ctypes

    opens = ctypes.CDLL(None).fopen
    opens.restype = ctypes.c_void_p
    opened: int | None = opens(path.encode(), b"w")
    return opened
