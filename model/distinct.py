"""Distinct values in ascending order, and which of them each value is: ``numpy.unique`` without its ``numpy.ma``.

``evenly`` takes some of many in their order, each once.

Why: on its first call ``numpy.unique`` imports the masked arrays, a twentieth of a short command's time.
When not to use it: for masked arrays or values that are not a number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """The distinct values, ascending."""
    ordered = np.sort(values, axis=None)
    return ordered[np.concatenate([np.ones(min(ordered.size, 1), dtype=bool), ordered[1:] != ordered[:-1]])]


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """Indices of at most ``most`` of so many in a row, evenly taken; of two or more both ends are among them."""
    return distinct(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def grouped(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct values, ascending, and the index among them of each value."""
    levels = distinct(values)
    return levels, np.searchsorted(levels, values)
