"""Solves integer programs to the proven best, and lets nothing be printed on the way.

Models: the least c x with bounds and rows on x, some of its entries whole. Assumptions: coefficients of one size, since
the solver keeps rows and whole numbers within a millionth; who needs sums that hold better must sum again.
Told to be silent, the solver still prints a line of C when it repairs an answer; beside ``--json`` it would break what
the next program reads, so C's own stream leads nowhere meanwhile. Python's streams, other threads' files and children
are untouched. Where the C library is not glibc the line stays.
When not to use it: for programs with a structure of their own, such as shortest paths.
Source: HiGHS, Huangfu and Hall, Mathematical Programming Computation 10 (2018), through ``scipy.optimize.milp``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
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

    with _c_prints_nothing():
        return milp(
            objective,
            integrality=integrality,
            bounds=bounds,
            constraints=rows,
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )


@contextmanager
def _c_prints_nothing() -> Iterator[None]:
    """Let C's ``stdout`` be a stream that leads nowhere."""
    if not _is_glibc():
        yield
        return
    import ctypes

    c = ctypes.CDLL(None)
    c.fopen.restype = ctypes.c_void_p
    c.fclose.argtypes = [ctypes.c_void_p]
    nowhere = c.fopen(os.devnull.encode(), b"w")
    if not nowhere:  # no file may be opened: what is printed is the smaller evil
        yield
        return
    stdout = ctypes.c_void_p.in_dll(c, "stdout")
    before = stdout.value
    stdout.value = nowhere
    try:
        yield
    finally:
        stdout.value = before
        c.fclose(nowhere)


def _is_glibc() -> bool:
    """Whether C's ``stdout`` is a variable that may be set; elsewhere it can be a constant."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):
        return False
