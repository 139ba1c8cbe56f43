"""Numpy with one thread for linear algebra: starting more, and their waiting, takes longer than our matrices do."""

from __future__ import annotations

import os

from cerberus_plan.cli.interrupt import imports

_THREADS = "OPENBLAS_NUM_THREADS"


def load_numpy() -> None:
    """Import numpy so, unless the user set the number of threads.

    The setting is taken back, so that no process started later inherits it.
    """
    if _THREADS in os.environ:
        return
    os.environ[_THREADS] = "1"
    with imports():
        import numpy as np  # noqa: F401 - imported for its effect

    del os.environ[_THREADS]
