"""Where compiled loops are kept between runs: in the user's cache folder, never where the package is installed.

When not to use it: to choose another folder for one run; set NUMBA_CACHE_DIR.
Source: XDG Base Directory Specification, XDG_CACHE_HOME.
"""

from __future__ import annotations

import os


def loops_folder() -> str:
    """The folder of all compiled loops; it need not exist."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118 - pathlib costs the start
    return os.path.join(base, "cerberus-plan")  # noqa: PTH118
