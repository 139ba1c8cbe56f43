"""The one place that says how loops are compiled.

A kernel is plain Python on numpy arrays and numbers, so that it also runs uncompiled (``NUMBA_DISABLE_JIT=1``).
``nogil`` lets replications share a process, ``kept`` makes the second start quick, ``error_model="numpy"`` leaves
out the check for division by zero in inner loops (the callers keep divisors positive). ``_nrt=False`` leaves out
reference counts, which cost thirty times the work of an event here: kernels must not allocate arrays, and numba says
so when one does.
The cache knows a kernel's own file only: after changing one that others call, empty the folder of
``model.kernel_cache`` (or set NUMBA_CACHE_DIR to another one).
When not to use it: for anything called rarely; numpy and Python are clearer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

from cerberus_plan.model.kernel_cache import loops_folder
from cerberus_plan.model.mended_cache import kept

_P = ParamSpec("_P")
_R = TypeVar("_R")


if not numba.config.CACHE_DIR:
    numba.config.CACHE_DIR = loops_folder()

_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}


def kernel(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile the function on first use."""
    compiled: Callable[_P, _R] = kept(numba.njit(**_OPTIONS)(function))
    return compiled


def inlined(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Put the function into the places of kernels that call it, one or two: passing arrays on costs more than it does.

    Kept nowhere, so Python would compile it in every process: only kernels may call it (a test looks).
    """
    compiled: Callable[_P, _R] = numba.njit(inline="always", **_OPTIONS)(function)
    return compiled


def copied(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The same by the compiler's back end, for many places: its types are found once, not at every place.

    It has no door for Python: only kernels may call it, or the process ends.
    """
    compiled: Callable[_P, _R] = numba.njit(forceinline=True, no_cpython_wrapper=True, **_OPTIONS)(function)
    return compiled
