"""A cache of compiled loops that is made anew where it cannot be read.

Models: files under the user's cache folder, which a full disk, a crash or another program may have cut short.
Rule: whatever keeps a kept loop from being loaded, the entry is forgotten and the loop is compiled and kept again.
Start: numba fills its tables of everything it can compile before it looks for a kept loop, half a second that only
compiling needs; here it looks first, and the compiler fills them itself. Loops that count references need the tables:
they bring the functions that count, and without them a process ends where such a loop is loaded.
Assumption: numba asks its dispatcher's ``_cache`` for a loop before it compiles it, and takes None for "not there".
When not to use it: for files that cannot be made again.
Source: numba documentation, notes on caching; Python documentation, pickle (damaged data may raise any exception).
"""

from __future__ import annotations

import contextlib
from typing import Any

import numba
from numba.core.caching import FunctionCache


class MendedCache(FunctionCache):  # type: ignore[misc]  # numba has no types
    """Loops on disk; damaged ones count as missing."""

    def __init__(self, function: Any, *, counting: bool) -> None:
        super().__init__(function)
        self._counting = counting

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The kept loop for these types, or None where it must be compiled."""
        load = super().load_overload if self._counting else self._load_overload
        try:
            return load(sig, target_context)
        except Exception:  # noqa: BLE001 - damaged pickles raise anything, and compiling again mends it all
            with contextlib.suppress(OSError):  # a folder that cannot be written is told when the loop is kept
                self.flush()
            return None


def kept(compiled: Any) -> Any:
    """Keep what is compiled on disk.

    Args:
        compiled: What ``numba.njit`` made; left as it is where compiling is switched off.
    """
    if not numba.config.DISABLE_JIT:
        counting = compiled.targetoptions.get("_nrt", True)  # numba's run-time: counts references
        compiled._cache = MendedCache(compiled.py_func, counting=counting)  # noqa: SLF001 - what enable_caching sets
    return compiled
